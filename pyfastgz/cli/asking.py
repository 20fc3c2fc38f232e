"""Pages of an application, as anybody gets them who is not known to it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import NamedTuple

from ..http.eligibility import Selection
from ..http.eligibility import skip_reason
from ..http.fields import has_directive
from ..http.fields import is_of_events
from ..pages import Page
from ..pages import page_of

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.test import TestResponse

_MAX_NBYTES = 16 * 1024 * 1024


class NoPageError(ValueError):
    """A URL has nothing that may be in a dictionary; the message goes on after the URL.

    :param is_fault: whether that is hardly what is meant.
    """

    def __init__(self, message: str, *, is_fault: bool = False) -> None:
        super().__init__(message)
        self.is_fault = is_fault


class Asked(NamedTuple):
    """What an application answered.

    :param url: what it was asked for.
    :param body: of the answer.
    :param page: the same in pieces.
    """

    url: str
    body: bytes
    page: Page


def ask(app: Flask, url: str, selection: Selection) -> Asked:
    """Ask an application for a page, twice.

    It learns nothing of who asks: no cookies, no credentials, none of the fields by which
    browsers tell what they ask for, and no codings.

    :param url: a path and perhaps a query.
    :param selection: what the settings say of media types.
    :raises NoPageError: the answer is none that may be in a dictionary, which is public.
    """
    body = _ask_once(app, url, selection)
    return Asked(url, body, page_of(body, _ask_once(app, url, selection)))


def _ask_once(app: Flask, url: str, selection: Selection) -> bytes:
    try:
        answer = app.test_client(use_cookies=False).get(url)
    except Exception as error:
        raise NoPageError(
            f"the application failed: {type(error).__name__}: {error}", is_fault=True
        ) from error
    try:
        _check(answer, selection)
        return _body_of(answer)
    finally:
        answer.close()


def _check(answer: TestResponse, selection: Selection) -> None:
    """Check that an answer may be in a dictionary.

    :raises NoPageError: it may not.
    """
    if answer.location is not None and 300 <= answer.status_code < 400:
        raise NoPageError(f"it redirects to {answer.location}, as to strangers perhaps")
    if answer.status_code != 200:
        raise NoPageError(f"the answer is {answer.status}", is_fault=True)
    if "Set-Cookie" in answer.headers:
        names = ", ".join(
            sorted({line.partition("=")[0] for line in answer.headers.getlist("Set-Cookie")})
        )
        raise NoPageError(f"it sets a cookie ({names}), so it may be one visitor's own")
    fields = {name.lower(): value for name, value in answer.headers}
    cache_control = ", ".join(answer.headers.getlist("Cache-Control"))
    for directive in ("private", "no-store"):
        if has_directive(cache_control, directive):
            raise NoPageError(f"its Cache-Control says {directive}, so it is not for everybody")
    if is_of_events(answer.mimetype or ""):
        raise NoPageError("it is a stream of events")
    reason = skip_reason(200, fields, selection)
    if reason is not None:
        raise NoPageError(f"it would not be compressed: {reason.value}")


def _body_of(answer: TestResponse) -> bytes:
    """Return the body of an answer.

    :raises NoPageError: there is none, or it does not come to an end.
    """
    body = bytearray()
    try:
        for chunk in answer.iter_encoded():
            body += chunk
            if len(body) > _MAX_NBYTES:
                raise NoPageError(f"it has more than {_MAX_NBYTES:,} bytes")
    except NoPageError:
        raise
    except Exception as error:
        raise NoPageError(
            f"the application failed: {type(error).__name__}: {error}", is_fault=True
        ) from error
    if not body:
        raise NoPageError("it is empty")
    return bytes(body)
