"""A site of Django as an ASGI application, twice: below ``/coded`` in the middleware.

Below ``/plain`` it is alone. Only servers import this: it sets Django up.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest
from django.http import HttpResponse
from django.http import HttpResponseBase
from django.http import JsonResponse
from django.http import StreamingHttpResponse
from django.urls import path as route

from pyfastgz.asgi import CompressMiddleware
from pyfastgz.asgi import exempt
from tests.e2e.django_application import CHUNKS
from tests.e2e.django_application import PAGE
from tests.e2e.django_application import bytes_file
from tests.e2e.django_application import file
from tests.e2e.django_application import page
from tests.e2e.django_application import stream
from tests.e2e.django_application import tagged
from tools.kit.documents.content import make_events
from tools.kit.events import COUNT

PATIENCE_SECONDS = 30.0

_seen: dict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(0))
_ended: dict[str, asyncio.Event] = defaultdict(asyncio.Event)


async def async_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(PAGE)


async def async_stream(request: HttpRequest) -> HttpResponseBase:
    async def chunks() -> AsyncIterator[bytes]:
        for chunk in CHUNKS:
            await asyncio.sleep(0)
            yield chunk

    return StreamingHttpResponse(chunks())


async def events(request: HttpRequest, channel: str) -> HttpResponseBase:
    """Send an event, and wait until the client says that it has decoded it."""
    if request.method == "POST":
        _seen[channel].release()
        return HttpResponse(status=204)

    async def chunks() -> AsyncIterator[bytes]:
        try:
            for event in make_events(COUNT):
                yield event
                await asyncio.wait_for(_seen[channel].acquire(), PATIENCE_SECONDS)
        finally:
            _ended[channel].set()

    return StreamingHttpResponse(chunks(), content_type="text/event-stream")


async def ended(request: HttpRequest, channel: str) -> HttpResponse:
    """Tell when the stream of a channel has ended, however it has."""
    await asyncio.wait_for(_ended[channel].wait(), PATIENCE_SECONDS)
    return JsonResponse({"ended": True})


async def failing(request: HttpRequest) -> HttpResponseBase:
    async def chunks() -> AsyncIterator[bytes]:
        for chunk in CHUNKS:
            yield chunk
        raise RuntimeError("this stream fails, as it should")

    return StreamingHttpResponse(chunks())


async def raises(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("this view fails, as it should")


async def secret(request: Any) -> HttpResponse:
    exempt(request.scope)
    return HttpResponse(PAGE)


urlpatterns = [
    route("page", page),
    route("async-page", async_page),
    route("stream", stream),
    route("async-stream", async_stream),
    route("file/<name>", file),
    route("bytes-file", bytes_file),
    route("tagged", tagged),
    route("events/<channel>", events),
    route("ended/<channel>", ended),
    route("failing", failing),
    route("raises", raises),
    route("secret", secret),
]

settings.configure(
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="of a test",
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    LOGGING_CONFIG=None,
)
application: Any = get_asgi_application()
coded = CompressMiddleware(application, extra_mimetypes=["text/event-stream"])


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        # Django knows nothing else.
        return
    which, _, rest = scope["path"][1:].partition("/")
    if which in {"plain", "coded"}:
        scope = {**scope, "path": f"/{rest}", "raw_path": f"/{rest}".encode()}
    await (application if which == "plain" else coded)(scope, receive, send)
