"""JSON documents on a disk: whoever reads one gets a checked value or what is wrong with it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from collections.abc import Mapping
from typing import Any
from typing import NoReturn
from typing import TypeGuard
from typing import TypeVar

from .disk import fault_of
from .disk import read_regular
from .disk import write_whole
from .errors import FastgzError

_T = TypeVar("_T")

# What a file system counts in.
_MAX_INTEGER = 2**63 - 1

_SHA256 = re.compile("[0-9a-f]{64}")

# On Windows these lead out of a folder as a slash does.
_NOT_IN_NAMES = re.compile(r"[\0/\\:]" if os.name == "nt" else r"[\0/]")


class DocumentError(FastgzError, ValueError):
    """A document is not usable; the message goes on after its name."""


def read_document(place: str, parse: Callable[[Any], _T], error_type: type[Exception]) -> _T:
    """Return what a document says.

    :param place: where it is.
    :param parse: returns what the JSON means, or raises :exc:`DocumentError`.
    :param error_type: of what is raised.
    :raises error_type: it cannot be read, is damaged, or is of a later version; the message
        names it. The cause is an :exc:`OSError` if it cannot be read.
    """
    try:
        content, _ = read_regular(place)
        # What JSON cannot say in Unicode, names of other bytes, stands there escaped.
        return parse(json.loads(content.decode(), object_pairs_hook=_members))
    except OSError as error:
        raise error_type(f"{place}: {fault_of(error)}") from error
    except json.JSONDecodeError as error:
        raise error_type(f"{place} is damaged: {error}") from error
    except UnicodeDecodeError as error:
        raise error_type(f"{place} is damaged: it is not UTF-8") from error
    except RecursionError as error:
        raise error_type(f"{place} is damaged: it is nested too deeply") from error
    except DocumentError as error:
        raise error_type(f"{place} {error}") from None
    except ValueError as error:
        # A number of too many digits.
        raise error_type(f"{place} is damaged: {error}") from error


def write_document(place: str, document: Mapping[str, Any]) -> None:
    """Write a document: whoever looks sees the old one or the new one.

    Who may list the folder may read it, whatever the umask is: the server need not be the user
    that made the files. The same document is always the same bytes.

    :raises OSError: it cannot be written; what was there is as it was.
    """
    mode = readable_mode(os.path.dirname(place) or os.curdir)

    def finish(temporary: str) -> None:
        # What a power failure damages elsewhere is not used; a document has nothing above it.
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.chmod(temporary, mode)

    write_whole(place, json.dumps(document, indent=1).encode() + b"\n", finish)


def readable_mode(folder: str) -> int:
    """Return the permissions of a file in a folder that whoever may list this may read.

    :raises OSError: there is no such folder.
    """
    return 0o600 | os.stat(folder).st_mode & 0o066


def check_version(document: Any, version: int, names: tuple[str, ...]) -> None:
    """Check that a document is an object of this version, and has these members beside it.

    :raises DocumentError: it is not.
    """
    if not isinstance(document, dict):
        fault("it is not an object")
    found = document.get("version")
    if not is_count(found) or found < 1:
        fault(f"its version is {found!r}")
    if found > version:
        raise DocumentError(
            f"has version {found}, which a later version of pyfastgz wrote; this one reads "
            f"version {version}"
        )
    check_members(document, ("version", *names), "it")


def check_members(
    entry: Any, names: tuple[str, ...], where: str, more_names: tuple[str, ...] = ()
) -> None:
    """Check that an object has these members, perhaps some of the last, and no others.

    :raises DocumentError: it is not so.
    """
    if not isinstance(entry, dict):
        fault(f"{where} is not an object")
    for name in names:
        if name not in entry:
            fault(f"{where} has no {name}")
    for name in entry:
        if name not in names + more_names:
            fault(f"{where} has {name!r}, which is unknown")


def count_in(entry: Mapping[str, Any], name: str, where: str) -> int:
    """Return the member of an object that counts something, such as bytes.

    :raises DocumentError: it is no such number.
    """
    count = entry[name]
    if not is_count(count) or not 0 <= count <= _MAX_INTEGER:
        fault(f"{where}: {name} is {count!r}")
    return count


def time_in(entry: Mapping[str, Any], name: str, where: str) -> int:
    """Return the member of an object that is a time of a file system.

    :raises DocumentError: it is no such number.
    """
    time = entry[name]
    if not is_count(time) or abs(time) > _MAX_INTEGER:
        fault(f"{where}: {name} is {time!r}")
    return time


def sha256_in(entry: Mapping[str, Any], where: str) -> str:
    """Return the SHA-256 in an object.

    :raises DocumentError: it is none.
    """
    sha256 = entry["sha256"]
    if not is_sha256(sha256):
        fault(f"{where}: sha256 is {sha256!r}")
    return sha256


def is_sha256(value: object) -> TypeGuard[str]:
    """Tell whether a value is a SHA-256 in lower-case hexadecimal digits."""
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def is_count(value: object) -> TypeGuard[int]:
    """Tell whether a value is a whole number, and not a truth value."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_name(name: str) -> bool:
    """Tell whether a text can name a file in a folder, and nothing outside."""
    return name not in {"", ".", ".."} and not _NOT_IN_NAMES.search(name)


def fault(what: str) -> NoReturn:
    """Raise what is wrong with a document."""
    raise DocumentError(f"is damaged: {what}")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the members of a JSON object.

    :raises DocumentError: one is there twice, so that nobody knows which holds.
    """
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                fault(f"{name!r} is there twice")
            seen.add(name)
    return members
