"""Flask, which is an extra of this package: whether it is there, and new enough."""

from __future__ import annotations

import re
from contextlib import suppress
from importlib.util import find_spec

_INSTALL = 'pip install "pyfastgz[flask]"'

# Those of the extra in pyproject.toml.
LOWEST = {"Flask": "2.2", "Werkzeug": "2.2"}


def has_flask() -> bool:
    """Tell whether there is any Flask. That imports nothing of it."""
    return find_spec("flask") is not None


def require_flask(user: str) -> None:
    """Check that there is a Flask that is new enough. That imports nothing of it.

    What tells no version, as in an application that was frozen into one file, is not refused.

    :param user: what needs it.
    :raises ModuleNotFoundError: there is none; the message says how to get it.
    :raises ImportError: it is too old, or its Werkzeug is.
    """
    # It takes almost as long to import as the encoders, and is needed here alone.
    from importlib.metadata import PackageNotFoundError  # noqa: PLC0415
    from importlib.metadata import version  # noqa: PLC0415

    if not has_flask():
        needed = f"{user} needs Flask {LOWEST['Flask']} or later, and there is none"
        raise ModuleNotFoundError(f"{needed}: {_INSTALL}", name="flask")
    for package, lowest in LOWEST.items():
        found = None
        with suppress(PackageNotFoundError):
            found = version(package)
        if found and _numbers(found) < _numbers(lowest):
            needed = f"{user} needs {package} {lowest} or later, and there is {found}"
            raise ImportError(f"{needed}: {_INSTALL}", name=package.lower())


def _numbers(version: str) -> list[int]:
    return list(map(int, re.findall(r"\d+", version)))
