"""Fast, correct response compression for Flask, WSGI and ASGI: gzip, zstd, deflate and br.

:class:`Compress` is for Flask, which is an extra, ``pip install "pyfastgz[flask]"``, and is
imported when that is used first. Nothing else needs it, and neither does the middleware for any
other framework, in ``pyfastgz.wsgi`` and ``pyfastgz.asgi``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING
from typing import Any

from .coding.br import BrotliSettings
from .coding.core import VERSION
from .coding.dictionary import Dictionary
from .coding.encoder import Encoder
from .coding.encoder import compress
from .errors import ConfigurationError
from .errors import EncoderStateError
from .errors import FastgzError
from .errors import NotInitialisedError
from .errors import RequestBodyError
from .flask.extra import has_flask
from .flask.extra import require_flask
from .http.eligibility import SkipReason
from .store.bodies import StoreStats
from .store.keyed import CacheBackend
from .store.keyed import DictCache

if TYPE_CHECKING:
    from .budget import BudgetStats
    from .flask.extension import Compress
    from .outcome import CodingStats
    from .outcome import Outcome
    from .outcome import Stats
    from .outcome import budget_step_changed
    from .outcome import response_compressed

__all__ = [
    "BrotliSettings",
    "BudgetStats",
    "CacheBackend",
    "CodingStats",
    "Compress",
    "ConfigurationError",
    "DictCache",
    "Dictionary",
    "Encoder",
    "EncoderStateError",
    "FastgzError",
    "NotInitialisedError",
    "Outcome",
    "RequestBodyError",
    "SkipReason",
    "Stats",
    "StoreStats",
    "__version__",
    "budget_step_changed",
    "compress",
    "response_compressed",
]

__version__ = VERSION

_IMPORTED_LATER = {
    "BudgetStats": ".budget",
    "CodingStats": ".outcome",
    "Compress": ".flask.extension",
    "Outcome": ".outcome",
    "Stats": ".outcome",
    "budget_step_changed": ".outcome",
    "response_compressed": ".outcome",
}


def __getattr__(name: str) -> Any:
    module = _IMPORTED_LATER.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "Compress":
        try:
            require_flask("pyfastgz.Compress")
        except ImportError as error:
            # So that hasattr() has an answer; Compress.py tells who imports it.
            raise AttributeError(str(error), name=name) from error
    value = globals()[name] = getattr(import_module(module, __name__), name)
    return value


def __dir__() -> list[str]:
    # What looks at all names, such as help(), should not end where Compress cannot be had.
    missing = set() if has_flask() else {"Compress"}
    return sorted({*globals(), *__all__} - missing)
