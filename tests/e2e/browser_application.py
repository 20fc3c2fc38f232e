"""What a browser visits: pages whose scripts tell the server what they got."""

from __future__ import annotations

import json
import threading
from collections.abc import Awaitable
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import asdict
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Any

from asgiref.sync import ThreadSensitiveContext
from asgiref.wsgi import WsgiToAsgi
from flask import Flask
from flask import Response
from flask import request
from werkzeug.datastructures import Headers
from werkzeug.wsgi import ClosingIterator

import pyfastgz
from pyfastgz.asgi import CompressMiddleware as AsgiMiddleware
from pyfastgz.wsgi import CompressMiddleware as WsgiMiddleware
from tools.kit.documents.content import make_article
from tools.kit.documents.content import make_product

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse
    from _typeshed.wsgi import WSGIEnvironment

PATIENCE_SECONDS = 60.0
"""How long a stream waits for the browser before it gives up and ends."""

ANSWER_SECONDS = 5.0
"""How long ``/record`` may take to answer; who asks can ask again."""

EVENTS = [
    f'{{"number": {n}, "price": {100 + n * n % 97}, "stock": {n % 7}}}' for n in range(40)
]
"""The data of the events, far too short to fill any buffer on the way."""

PRODUCTS = [make_product(number) for number in range(60)]
"""What the page of ``/visit`` shows, and fetches as JSON."""

_EVENTS_PAGE = """<!doctype html>
<title>events</title>
<script>
const source = new EventSource("/events/stream");
source.onmessage = (event) => fetch("/events/received", { method: "POST", body: event.data });
source.addEventListener("end", () => source.close());
source.onerror = () => source.close();
</script>
"""

_VISIT_PAGE = """<!doctype html>
<meta charset="utf-8">
<title>visit</title>
<ul>{items}</ul>
<script>
async function get() {{
  const response = await fetch("/visit/products");
  return {{ status: response.status, text: await response.text() }};
}}
async function visit() {{
  const items = [...document.querySelectorAll("li")].map((item) => item.textContent);
  const answers = [await get(), await get()];
  const body = JSON.stringify({{ items, answers }});
  await fetch("/visit/found", {{ method: "POST", body }});
}}
visit();
</script>
"""

SLOW_PAGE = [
    "<!doctype html><title>slow</title><script>function tell(what) {"
    ' fetch("/slow/seen", { method: "POST", body: what }); }</script>',
    "<nav>navigation</nav>",
    '<script>tell("head");</script>',
    # Here the view waits for the browser to have said so, ...
    "<p>body</p>",
    '<script>tell("body");</script>',
    # ... and here.
    '<script>tell("end");</script>',
]
"""A page that tells what of it was shown, in pieces; of three parts, which end in ``tell``."""


@dataclass
class Record:
    """What the server saw."""

    exchanges: list[dict[str, Any]] = field(default_factory=list)
    """Requests, and what was answered."""
    received: list[str] = field(default_factory=list)
    """What the page's script got and sent back: the data of events, for one."""
    found: dict[str, Any] | None = None
    """What the script of ``/visit`` found."""
    seen: list[str] = field(default_factory=list)
    """What the scripts of ``/slow`` told."""
    slow_page_is_over: bool = False
    """The stream has ended, because all parts were seen or one was waited for in vain."""
    events_are_over: bool = False
    """The stream has ended, because all events were received or one was waited for in vain."""


class Watch:
    """A record that can be waited on."""

    def __init__(self) -> None:
        self._record = Record()
        self._changed = threading.Condition()

    def change(self, change: Callable[[Record], object]) -> None:
        """Change the record, and let everybody know."""
        with self._changed:
            change(self._record)
            self._changed.notify_all()

    def wait_for(self, condition: Callable[[Record], object], seconds: float) -> bool:
        """Wait until the record meets a condition; False if that takes too long."""
        with self._changed:
            return bool(self._changed.wait_for(lambda: condition(self._record), seconds))

    def snapshot(self) -> dict[str, Any]:
        """Return a copy of the record, by the names of its fields."""
        with self._changed:
            return asdict(self._record)


def make_text(nbytes: int) -> str:
    """Return what is at ``/text``: prose, names and numbers."""
    text = "".join(
        f"{product}\n{make_article(n, sections=1)}\n" for n, product in enumerate(PRODUCTS)
    )
    return text[:nbytes]


def create_app(coding: str, level: int | None = None, *, is_wrapped: bool = False) -> Flask:
    """Return an application that codes in one way, if the browser accepts that.

    :param level: zstd's; None for the default.
    :param is_wrapped: it is in the middleware for WSGI, in place of the extension.
    """
    app, watch = _make_site()
    options = _options(coding)
    if level is not None:
        options["zstd_level"] = level
    if is_wrapped:
        app.wsgi_app = WsgiMiddleware(app.wsgi_app, **options)  # type: ignore[method-assign]
    else:
        app.config.update({f"COMPRESS_{name.upper()}": options[name] for name in options})
        pyfastgz.Compress(app)
    add_record(app, watch)
    return app


def create_asgi_app(coding: str) -> Callable[[Any, Any, Any], Awaitable[None]]:
    """Return the same for ASGI, in the middleware for that."""
    app, watch = _make_site()
    _add_record_page(app, watch)
    application: Any = WsgiToAsgi(app.wsgi_app)  # type: ignore[no-untyped-call]
    coded = AsgiMiddleware(application, **_options(coding))

    async def noting(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        fields = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
        exchange = _exchange_of(scope["path"], fields.get)

        async def noted(message: Any) -> None:
            if message["type"] == "http.response.start":
                lines = [(name.decode(), value.decode()) for name, value in message["headers"]]
                _note_start(watch, exchange, message["status"], Headers(lines))
            else:
                _note_body(watch, exchange, len(message.get("body", b"")))
            await send(message)

        # A thread for each request: some wait for others.
        async with ThreadSensitiveContext():
            await coded(scope, receive, noted)

    return noting


def _options(coding: str) -> dict[str, Any]:
    return {
        "algorithm": [coding],
        "algorithm_streaming": [coding],
        "extra_mimetypes": ["text/event-stream"],
    }


def _make_site() -> tuple[Flask, Watch]:
    app, watch = Flask(__name__), Watch()

    @app.after_request
    def tag(response: Response) -> Response:
        if request.path in {"/visit", "/visit/products"}:
            response.add_etag()
            # Keep it, but ask every time whether it is still right.
            response.headers["Cache-Control"] = "no-cache"
        return response

    add_events(app, watch, EVENTS)
    _add_slow_page(app, watch)
    _add_visit(app, watch)

    @app.get("/text/<int:nbytes>")
    def text(nbytes: int) -> Response:
        return Response(make_text(nbytes), mimetype="text/plain")

    return app, watch


def add_record(app: Flask, watch: Watch) -> None:
    """Note what the application answers, body bytes counted, and show it at ``/record``.

    Call this after the extension is initialised: what is asked and answered is noted outside
    of it.
    """
    inner = app.wsgi_app

    def noting(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        exchange = _exchange_of(
            environ["PATH_INFO"],
            lambda name: environ.get(f"HTTP_{name.upper().replace('-', '_')}"),
        )

        def start(status: str, lines: list[tuple[str, str]], *error: Any) -> Any:
            _note_start(watch, exchange, int(status[:3]), Headers(lines))
            return start_response(status, lines, *error)

        def counted(chunks: Iterable[bytes]) -> Iterator[bytes]:
            for chunk in chunks:
                _note_body(watch, exchange, len(chunk))
                yield chunk

        chunks = inner(environ, start)
        return ClosingIterator(counted(chunks), getattr(chunks, "close", None))

    app.wsgi_app = noting  # type: ignore[method-assign]
    _add_record_page(app, watch)


def _exchange_of(path: str, field: Callable[[str], str | None]) -> dict[str, Any]:
    """Return what is known of a request.

    :param field: returns the value of one of its fields.
    """
    return {
        "path": path,
        "accepted": field("accept-encoding") or "",
        "available": field("available-dictionary"),
        "condition": field("if-none-match"),
        "nbytes": 0,
    }


def _note_start(watch: Watch, exchange: dict[str, Any], status: int, fields: Headers) -> None:
    exchange["status"] = status
    exchange["coding"] = fields.get("Content-Encoding")
    exchange["tag"] = fields.get("ETag")
    watch.change(lambda record: record.exchanges.append(exchange))


def _note_body(watch: Watch, exchange: dict[str, Any], nbytes: int) -> None:
    def count(_: Record) -> None:
        exchange["nbytes"] += nbytes

    watch.change(count)


def _add_record_page(app: Flask, watch: Watch) -> None:
    @app.get("/record/<condition>")
    def record(condition: str) -> dict[str, Any]:
        watch.wait_for(lambda record: getattr(record, condition), ANSWER_SECONDS)
        return watch.snapshot()


def add_events(app: Flask, watch: Watch, events: Sequence[str]) -> None:
    """Have the page ``/events`` get events one by one, from ``/events/stream``.

    :param events: their data.
    """

    @app.get("/events")
    def events_page() -> str:
        return _EVENTS_PAGE

    @app.get("/events/stream")
    def stream() -> Response:
        def have_received(count: int) -> bool:
            return watch.wait_for(
                lambda record: len(record.received) == count, PATIENCE_SECONDS
            )

        def chunks() -> Iterator[str]:
            # No event is made before the page's script has said that it got the last one.
            for number, data in enumerate(events):
                if not have_received(number):
                    break
                yield f"id: {number}\ndata: {data}\n\n"
            have_received(len(events))
            yield "event: end\ndata: \n\n"
            watch.change(lambda record: setattr(record, "events_are_over", True))

        return Response(chunks(), mimetype="text/event-stream")

    @app.post("/events/received")
    def received() -> Response:
        data = request.get_data(as_text=True)
        watch.change(lambda record: record.received.append(data))
        return Response(status=204)


def _add_slow_page(app: Flask, watch: Watch) -> None:
    @app.get("/slow")
    def slow() -> Response:
        def have_seen(count: int) -> bool:
            return watch.wait_for(lambda record: len(record.seen) == count, PATIENCE_SECONDS)

        def chunks() -> Iterator[str]:
            parts = 0
            for piece in SLOW_PAGE:
                yield piece
                if piece.endswith(");</script>"):
                    parts += 1
                    if not have_seen(parts):
                        break
            watch.change(lambda record: setattr(record, "slow_page_is_over", True))

        return Response(chunks(), mimetype="text/html")

    @app.post("/slow/seen")
    def seen() -> Response:
        data = request.get_data(as_text=True)
        watch.change(lambda record: record.seen.append(data))
        return Response(status=204)


def _add_visit(app: Flask, watch: Watch) -> None:
    @app.get("/visit")
    def visit() -> str:
        items = "".join(f"<li>{json.dumps(product)}</li>" for product in PRODUCTS)
        return _VISIT_PAGE.format(items=items)

    @app.get("/visit/products")
    def products() -> list[Any]:
        return PRODUCTS

    @app.post("/visit/found")
    def found() -> Response:
        data = request.get_json(force=True)
        watch.change(lambda record: setattr(record, "found", data))
        return Response(status=204)
