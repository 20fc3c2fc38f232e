"""What a decision needs to know, out of what every door has: the environment of WSGI.

Of a request the doors look at the variables of PEP 3333 alone; one that has something else
makes these of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from .border import asked_of
from .border import sent_conditions
from .border import sent_range
from .border import was_translated
from .http.exchange import Body
from .http.exchange import Exchange
from .http.exchange import Ready
from .http.fields import collect
from .http.fields import complete_length
from .http.fields import declared_length
from .http.fields import is_of_events
from .http.fields import media_type
from .static.siblings import NO_SIBLINGS
from .store.files import FileId
from .store.files import identity

if TYPE_CHECKING:
    from .engine import Engine


class Found(NamedTuple):
    """How a response has its body.

    :param body: in which way.
    :param nbytes: how many bytes a whole body has, None if that is not known.
    :param file: the open file that it is, None if it is none.
    :param is_conditional: a stream may become a 304.
    :param is_cut: it is a part that can be made whole again.
    """

    body: Body
    nbytes: int | None = None
    file: Any = None
    is_conditional: bool = False
    is_cut: bool = False


def whole_nbytes(lines: Iterable[tuple[str, str]]) -> int | None:
    """Return how many bytes of a body are all of it, though its application may go on.

    None if no Content-Length tells it, and of messages: somebody waits for each.

    :param lines: the fields of the response.
    """
    fields = collect(lines)
    is_of_messages = is_of_events(media_type(fields.get("content-type", "")))
    return None if is_of_messages else declared_length(fields)


def exchange_of(
    environ: dict[str, Any],
    status: int,
    fields: dict[str, str],
    found: Found,
    engine: Engine,
    *,
    is_wanted: bool | None = None,
) -> Exchange:
    """Return what a decision needs to know of a request and its response.

    :param status: of the response.
    :param fields: its fields, as :func:`~pyfastgz.http.fields.collect` returns them.
    :param found: how it has its body.
    :param engine: knows which coded forms of files lie ready, and which dictionaries there are.
    :param is_wanted: what the application said when it was asked; None if it was not.
    """
    nbytes, file, transports = found.nbytes, found.file, engine.transports
    known, asked_range, digest = None, None, None
    ready: Mapping[str, Ready] = NO_SIBLINGS
    if file is not None:
        known = _known(file, fields)
        if known is not None:
            nbytes = known.nbytes
            ready = engine.siblings.of_file(file, known)
            if transports is not None:
                digest = engine.siblings.digest_of(file, known)
    transport = None
    if transports is not None:
        path = environ.get("SCRIPT_NAME", ""), environ.get("PATH_INFO", "")
        transport = transports.of(*path, asked_of(environ), fields, digest)
        if digest is not None and transport.dictionary is not None:
            ready = transports.with_difference(ready, digest, transport.dictionary)
    if ready:
        asked_range = sent_range(environ)
    return Exchange(
        environ["REQUEST_METHOD"],
        status,
        fields,
        found.body,
        nbytes,
        environ.get("HTTP_ACCEPT_ENCODING"),
        sent_conditions(environ),
        found.is_conditional,
        found.is_cut,
        status == 304 and was_translated(environ),
        is_wanted,
        known,
        ready,
        asked_range,
        transport,
    )


def _known(file: Any, fields: dict[str, str]) -> FileId | None:
    """Return what a file is known by that is sent as it is, None if that is not sure."""
    known = identity(file)
    # Where the response has another length, something else is to be sent than the file.
    length = complete_length(fields) or declared_length(fields)
    return None if known is None or length not in {None, known.nbytes} else known
