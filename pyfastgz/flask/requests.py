"""The bodies of Flask's requests, decoded as views read them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any
from weakref import ref

from flask import Flask
from flask import Request
from werkzeug.exceptions import BadRequest
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.exceptions import UnsupportedMediaType

from ..decoding import RequestBody
from ..decoding import decode_input
from ..http.requests import Refusal
from .handling import current_request

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..policy import Policy

# By this attribute of what is called before requests.
_OURS = "pyfastgz_decodes"


class UnsupportedCoding(UnsupportedMediaType):
    """A body is coded in a way that is not understood (RFC 9110 section 15.5.16).

    :param refusal: what is answered.
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.text)
        self._fields = refusal.fields

    def get_headers(self, *args: Any, **kwargs: Any) -> list[tuple[str, str]]:
        """Return the fields of the response, which names the codings that are."""
        return [*super().get_headers(*args, **kwargs), *self._fields]


_EXCEPTIONS: dict[int, Callable[[Refusal], HTTPException]] = {
    400: lambda refusal: BadRequest(refusal.text),
    413: lambda refusal: RequestEntityTooLarge(refusal.text),
    415: UnsupportedCoding,
}


def exception_of(refusal: Refusal) -> HTTPException:
    """Return what Flask makes the response of that is answered."""
    return _EXCEPTIONS[refusal.status](refusal)


def decode_request(request: Request, policy: Policy) -> None:
    """Have the body of a request decoded as it is read.

    One that somebody has begun to read stays as it is.
    """
    cached = vars(request)
    if "stream" in cached:
        return

    # It has the environment, and that what is read: nobody is to have to collect them.
    weak = ref(request)

    def make_body(content_encoding: str, nbytes: int | None) -> RequestBody:
        asked = weak()
        # The view may have said how much it takes.
        max_nbytes = None if asked is None else asked.max_content_length
        return RequestBody(content_encoding, nbytes, policy, max_nbytes, exception_of)

    if decode_input(request.environ, make_body) is not None:
        cached.pop("content_length", None)


def decode_all(app: Flask, policy: Policy) -> None:
    """Have the requests of an application decoded before anything else, if it wants that."""
    before = app.before_request_funcs.setdefault(None, [])
    # It may have been initialised before.
    before[:] = [each for each in before if not hasattr(each, _OURS)]
    if not policy.decode_requests:
        return

    def decode() -> None:
        decode_request(current_request(), policy)

    setattr(decode, _OURS, True)
    before.insert(0, decode)
