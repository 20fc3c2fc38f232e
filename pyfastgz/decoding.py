"""The bodies of requests, decoded as an application reads them."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from typing import Any
from typing import TypeVar

from .border import DECODED
from .coding import decodable_codings
from .coding.decode import PIECE_NBYTES
from .coding.undo import CodedBody
from .coding.undo import Limits
from .errors import DecodeError
from .errors import LimitError
from .errors import RatioError
from .errors import RequestBodyError
from .errors import WindowError
from .http.fields import whole_number
from .http.requests import DEFAULT_MAX_NBYTES
from .http.requests import TOO_DENSE
from .http.requests import TOO_LARGE
from .http.requests import UNREADABLE
from .http.requests import WINDOW_TOO_LARGE
from .http.requests import Refusal
from .http.requests import is_coded
from .http.requests import plan_decoding
from .policy import Policy

_CODED = "HTTP_CONTENT_ENCODING"
_LENGTH = "CONTENT_LENGTH"
_TRANSFER = "HTTP_TRANSFER_ENCODING"
_INPUT = "wsgi.input"
_IS_TERMINATED = "wsgi.input_terminated"

# What is asked of a server at a time. Some wait until there is so much.
_READ_NBYTES = 8192

# What is answered for what is raised.
_REFUSALS: dict[type[DecodeError], Refusal] = {
    DecodeError: UNREADABLE,
    LimitError: TOO_LARGE,
    RatioError: TOO_DENSE,
    WindowError: WINDOW_TOO_LARGE,
}

_T = TypeVar("_T")


def error_of(refusal: Refusal) -> Exception:
    """Return what is raised for a refusal where no framework has anything else."""
    return RequestBodyError(refusal.status, refusal.text)


class RequestBody:
    """The body of one request, pushed as it comes, made in steps. Not safe for concurrent use.

    Once the request was refused, every call raises what was made of that.

    :param content_encoding: how it is coded.
    :param nbytes: how many bytes it has as it is sent; None if that is not known.
    :param policy: says what it may take.
    :param max_nbytes: how many bytes it may have, where the policy does not say.
    :param error_of: returns what is raised.
    """

    __slots__ = ("_coded", "_error_of", "has_raised", "refusal")

    def __init__(
        self,
        content_encoding: str,
        nbytes: int | None,
        policy: Policy,
        max_nbytes: int | None = None,
        error_of: Callable[[Refusal], Exception] = error_of,
    ) -> None:
        if policy.request_max_bytes is not None:
            max_nbytes = policy.request_max_bytes
        elif max_nbytes is None:
            max_nbytes = DEFAULT_MAX_NBYTES
        planned = plan_decoding(content_encoding, nbytes, decodable_codings(), max_nbytes)
        self._error_of = error_of
        self.has_raised = False
        """Whether the application has learnt that it cannot be had."""
        self.refusal: Refusal | None = None
        """Why, once it is known that the body cannot be had."""
        self._coded: CodedBody | None = None
        if isinstance(planned, Refusal):
            self.refusal = planned
        else:
            self._coded = CodedBody(planned, Limits(max_nbytes, policy.request_max_ratio))

    @property
    def needs_input(self) -> bool:
        """Whether all that was pushed is decoded."""
        return self._coded is None or self._coded.needs_input

    def check(self) -> None:
        """Raise if the body cannot be had."""
        if self.refusal is not None:
            self.has_raised = True
            # Another each time: whoever kept it would keep all that is on the stack.
            raise self._error_of(self.refusal)

    def push(self, data: bytes) -> None:
        """Take a part of the body, when input is needed."""
        self._guarded(lambda coded: coded.push(data))

    def step(self) -> bytes:
        """Do a bit of work and return what came of it; see :class:`CodedBody`."""
        return self._guarded(CodedBody.step)

    def end(self) -> None:
        """Say that nothing more comes, when input is needed."""
        # One of no bytes needs no coding that is known.
        if self._coded is not None or self.has_raised:
            self._guarded(CodedBody.end)

    def _guarded(self, act: Callable[[CodedBody], _T]) -> _T:
        self.check()
        coded = self._coded
        assert coded is not None
        try:
            return act(coded)
        except DecodeError as error:
            self.refusal = _REFUSALS[type(error)]
            # What was taken for it is freed.
            self._coded = None
            self.has_raised = True
            raise self._error_of(self.refusal) from error


MakeBody = Callable[[str, "int | None"], RequestBody]
"""Returns the body of a request: of its Content-Encoding, and its length if that is known."""


class Input(io.RawIOBase):
    """What an application reads in place of what the server gave it.

    Nothing is read or decoded before that.

    :param file: the server's.
    :param nbytes: how many bytes that has; None: it says itself when it ends.
    :param make_body: returns the body to be decoded, when it is first read.
    """

    def __init__(
        self, file: Any, nbytes: int | None, make_body: Callable[[], RequestBody]
    ) -> None:
        super().__init__()
        self._file = file
        self._left_nbytes = nbytes
        self._make_body = make_body
        self._made = memoryview(b"")
        self.body: RequestBody | None = None
        """The body, once it is read."""
        self.is_over = False
        """Whether it was decoded to its end."""

    def readable(self) -> bool:
        """Return that it is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read some of the decoded body; nothing at its end."""
        made = self._made or memoryview(self._next())
        nbytes = min(len(made), len(buffer))
        buffer[:nbytes] = made[:nbytes]
        self._made = made[nbytes:]
        return nbytes

    def _next(self) -> bytes:
        """Return what is decoded next, nothing at the end."""
        if self.body is None:
            self.body = self._make_body()
        body = self.body
        while not self.is_over:
            if body.needs_input:
                if self._left_nbytes:
                    # There is a body, and nobody needs to send it who waits to be asked.
                    body.check()
                data = self._read()
                if not data:
                    body.end()
                    self.is_over = True
                    break
                body.push(data)
            elif made := body.step():
                return made
        return b""

    def _read(self) -> bytes:
        """Return some of the body as it was sent, nothing at its end."""
        left_nbytes = self._left_nbytes
        if left_nbytes is None:
            return bytes(self._file.read(_READ_NBYTES))
        data = bytes(self._file.read(min(left_nbytes, _READ_NBYTES))) if left_nbytes else b""
        self._left_nbytes = left_nbytes - len(data)
        return data


def decode_input(environ: dict[str, Any], make_body: MakeBody) -> Input | None:
    """Have an environment show the body of its request as it is before coding.

    :return: what is read; None if there is nothing to be decoded.
    """
    content_encoding = environ.get(_CODED)
    if content_encoding is None or not is_coded(content_encoding):
        return None
    nbytes = _length_of(environ)
    if nbytes == 0:
        return None
    raw = Input(environ[_INPUT], nbytes, partial(make_body, content_encoding, nbytes))
    del environ[_CODED]
    environ.pop(_LENGTH, None)
    environ[_INPUT] = io.BufferedReader(raw, PIECE_NBYTES)
    environ[_IS_TERMINATED] = environ[DECODED] = True
    return raw


def _length_of(environ: dict[str, Any]) -> int | None:
    """Return how many bytes may be read; None for as many as there are.

    Without a length a server has to say that its file ends by itself.
    """
    nbytes = whole_number(environ.get(_LENGTH))
    if nbytes is not None and "chunked" not in environ.get(_TRANSFER, "").lower():
        return nbytes
    return None if environ.get(_IS_TERMINATED) else 0
