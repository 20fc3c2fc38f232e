"""A site of Django, twice: below ``/coded`` in the WSGI middleware, below ``/plain`` alone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from collections.abc import Iterator
from datetime import datetime
from datetime import timezone
from io import BytesIO
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import FileResponse
from django.http import HttpRequest
from django.http import HttpResponse
from django.http import HttpResponseBase
from django.http import HttpResponseNotModified
from django.http import JsonResponse
from django.http import StreamingHttpResponse
from django.urls import path as route
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import condition
from django.views.decorators.http import conditional_page

from pyfastgz.wsgi import CompressMiddleware
from pyfastgz.wsgi import compressed
from pyfastgz.wsgi import exempt
from tests.e2e.served_application import PATIENCE_SECONDS
from tests.e2e.served_application import SharedAcknowledgements
from tests.e2e.served_application import SharedCounts
from tools.kit.documents.prose import Writer

FOLDER = "PYFASTGZ_TEST_FOLDER"
"""The environment variable that has the folder of the files."""

CHUNKS = [f"<p>{Writer('django').paragraph(20)}</p>\n".encode() for _ in range(20)]
PAGE = b"".join(CHUNKS)
DATE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)

acknowledgements = SharedAcknowledgements()
finished = SharedCounts()


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(PAGE)


def pieces(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(CHUNKS)
    response.write("<p>and more")
    return response


def data(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"chunks": [chunk.decode() for chunk in CHUNKS]})


def stream(request: HttpRequest) -> HttpResponseBase:
    return StreamingHttpResponse(iter(CHUNKS))


def events(request: HttpRequest, channel: str) -> HttpResponseBase:
    if request.method == "POST":
        acknowledgements.add(channel)
        return HttpResponse(status=204)
    chunks = acknowledgements.stream(channel)
    return StreamingHttpResponse(chunks, content_type="text/event-stream")


def failing(request: HttpRequest) -> HttpResponseBase:
    def chunks() -> Iterator[bytes]:
        yield from CHUNKS
        raise RuntimeError("this stream fails, as it should")

    return StreamingHttpResponse(chunks())


def raises(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("this view fails, as it should")


def file(request: HttpRequest, name: str) -> HttpResponseBase:
    return FileResponse(open(os.path.join(os.environ[FOLDER], name), "rb"))


def bytes_file(request: HttpRequest) -> HttpResponseBase:
    return FileResponse(BytesIO(PAGE), content_type="text/html")


def not_modified(request: HttpRequest) -> HttpResponse:
    return HttpResponseNotModified(headers={"ETag": '"by-hand"'})


def secret(request: HttpRequest) -> HttpResponse:
    exempt(request.META)
    return HttpResponse(PAGE)


def own(request: HttpRequest) -> HttpResponse:
    compressed(request.META, level=1, codings="deflate")
    return HttpResponse(PAGE)


def closed(request: HttpRequest, name: str) -> HttpResponse:
    finished.wait_for(name, 1, PATIENCE_SECONDS)
    # Another one may come a bit later.
    time.sleep(0.02)
    return HttpResponse(str(finished.get(name)))


tagged = condition(lambda request: '"tagged"', lambda request: DATE)(page)

urlpatterns = [
    route("page", page),
    route("pieces", pieces),
    route("data", data),
    route("stream", stream),
    route("events/<channel>", events),
    route("failing", failing),
    route("raises", raises),
    route("file/<name>", file),
    route("bytes-file", bytes_file),
    route("not-modified", not_modified),
    route("secret", secret),
    route("own", own),
    route("gzip", gzip_page(page)),
    route("gzip-stream", gzip_page(stream)),
    route("conditional", conditional_page(page)),
    route("gzip-conditional", conditional_page(gzip_page(page))),
    route("tagged", tagged),
    route("closed/<name>", closed),
]


def counting(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Count how often the response to a request is closed, if its query names it.

    Closing it tells everybody that the request is finished, as for connections of data bases.
    """

    def respond(request: HttpRequest) -> Any:
        response, name = get_response(request), request.META["QUERY_STRING"]
        if name:
            close = response.close

            def count() -> None:
                finished.add(name)
                close()

            response.close = count
        return response

    return respond


def create_app() -> Callable[[dict[str, Any], Any], Any]:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        SECRET_KEY="of a test",
        MIDDLEWARE=[f"{__name__}.counting", "django.middleware.common.CommonMiddleware"],
        LOGGING_CONFIG=None,
    )
    django.setup()
    application = WSGIHandler()
    coded = CompressMiddleware(application, extra_mimetypes=["text/event-stream"])

    def dispatch(environ: dict[str, Any], start_response: Any) -> Any:
        which, _, rest = environ["PATH_INFO"][1:].partition("/")
        if which in {"plain", "coded"}:
            environ["PATH_INFO"] = f"/{rest}"
        return (application if which == "plain" else coded)(environ, start_response)

    return dispatch
