"""The WSGI middleware around applications of frameworks: of Flask, without the extension."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Iterator
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from described import Lines
from flask import Flask
from flask import Response
from flask import request
from flask import send_file
from wsgi_script import served

from pyfastgz.wsgi import CompressMiddleware
from pyfastgz.wsgi import exempt

# WebOb imports that.
pytestmark = pytest.mark.filterwarnings("ignore:'cgi' is deprecated:DeprecationWarning")

CHUNKS = [b"<p>lamp %d of %d</p>" % (n * n, n % 7) for n in range(400)]
PAGE = b"".join(CHUNKS)
CODINGS = ("gzip", "deflate", "zstd", "br", "identity")
STYLE = b"".join(b".lamp%d { height: %dpx }\n" % (n, n * n) for n in range(2000))


class Closing:
    """A stream that counts its closings."""

    def __init__(self, closed: list[bool]) -> None:
        self._closed = closed
        self._chunks = iter(CHUNKS)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._chunks)

    def close(self) -> None:
        self._closed.append(True)


def flask_site(folder: Path, closed: list[bool]) -> Any:
    app = Flask(__name__)
    app.add_url_rule("/page", "page", lambda: PAGE)
    app.add_url_rule("/stream", "stream", lambda: Response(Closing(closed)))
    app.add_url_rule("/file", "file", lambda: send_file(folder / "style.css"))
    app.add_url_rule("/bytes", "bytes", lambda: send_file(BytesIO(PAGE), "text/html"))

    @app.get("/secret")
    def secret() -> bytes:
        exempt(request.environ)
        return PAGE

    @app.get("/tagged")
    def tagged() -> Any:
        response = Response(PAGE)
        response.set_etag("tag")
        return response.make_conditional(request)

    return app


def bottle_site(folder: Path, closed: list[bool]) -> Any:
    import bottle  # type: ignore[import-untyped]  # noqa: PLC0415

    app = bottle.Bottle()
    app.route("/page", callback=lambda: PAGE)
    app.route("/stream", callback=lambda: Closing(closed))
    app.route("/file", callback=lambda: bottle.static_file("style.css", str(folder)))
    app.route("/bytes", callback=lambda: BytesIO(PAGE))

    def secret() -> bytes:
        exempt(bottle.request.environ)
        return PAGE

    def tagged() -> Any:
        if bottle.request.get_header("If-None-Match") == '"tag"':
            return bottle.HTTPResponse(status=304, ETag='"tag"')
        return bottle.HTTPResponse(PAGE, ETag='"tag"')

    app.route("/secret", callback=secret)
    app.route("/tagged", callback=tagged)
    return app


def falcon_site(folder: Path, closed: list[bool]) -> Any:
    import falcon  # noqa: PLC0415

    def resource(answer: Callable[[Any, Any], object]) -> Any:
        class Resource:
            def on_get(self, req: Any, resp: Any) -> None:
                resp.content_type = "text/html"
                answer(req, resp)

            on_head = on_get

        return Resource()

    def page(req: Any, resp: Any) -> None:
        resp.data = PAGE

    def secret(req: Any, resp: Any) -> None:
        exempt(req.env)
        resp.data = PAGE

    def stream(req: Any, resp: Any) -> None:
        resp.stream = Closing(closed)

    def file(req: Any, resp: Any) -> None:
        path = folder / "style.css"
        resp.content_type = "text/css"
        if req.method == "HEAD":
            # The framework would not close it.
            resp.content_length = path.stat().st_size
        else:
            resp.set_stream(path.open("rb"), path.stat().st_size)

    def file_of_bytes(req: Any, resp: Any) -> None:
        resp.set_stream(BytesIO(PAGE), len(PAGE))

    def tagged(req: Any, resp: Any) -> None:
        resp.etag = "tag"
        if "tag" in [str(tag) for tag in req.if_none_match or []]:
            resp.status = falcon.HTTP_304
        else:
            resp.data = PAGE

    app = falcon.App()
    for name, answer in {
        "page": page,
        "stream": stream,
        "file": file,
        "bytes": file_of_bytes,
        "secret": secret,
        "tagged": tagged,
    }.items():
        app.add_route(f"/{name}", resource(answer))
    return app


def webob_site(folder: Path, closed: list[bool]) -> Any:
    """Return an application as Pyramid's are, whose responses are WebOb's."""
    import webob  # type: ignore[import-untyped]  # noqa: PLC0415
    from webob.dec import wsgify  # type: ignore[import-untyped]  # noqa: PLC0415
    from webob.static import FileApp  # type: ignore[import-untyped]  # noqa: PLC0415

    @wsgify  # type: ignore[untyped-decorator]
    def application(request: Any) -> Any:
        if request.path == "/page":
            return webob.Response(PAGE)
        if request.path == "/stream":
            return webob.Response(app_iter=Closing(closed))
        if request.path == "/file":
            return FileApp(folder / "style.css")
        if request.path == "/bytes":
            return webob.Response(body_file=BytesIO(PAGE), content_length=len(PAGE))
        if request.path == "/secret":
            exempt(request.environ)
            return webob.Response(PAGE)
        if request.path == "/tagged":
            return webob.Response(PAGE, etag="tag", conditional_response=True)
        return webob.exc.HTTPNotFound()

    return application


SITES = {
    "flask": flask_site,
    "bottle": bottle_site,
    "falcon": falcon_site,
    "webob": webob_site,
}


class Site:
    """An application in the middleware, and alone."""

    def __init__(self, name: str, folder: Path) -> None:
        self.closed: list[bool] = []
        self.plain = SITES[name](folder, self.closed)
        self.coded = CompressMiddleware(self.plain)


@pytest.fixture(params=SITES)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    if find_spec(request.param) is None:
        pytest.skip(f"the package {request.param} is not installed")
    (tmp_path / "style.css").write_bytes(STYLE)
    return Site(request.param, tmp_path)


def others(lines: Lines) -> Lines:
    ours = {"content-encoding", "content-length", "vary", "etag", "accept-ranges", "date"}
    return [
        line for line in lines if line[0].lower() not in ours | {"last-modified", "expires"}
    ]


@pytest.mark.parametrize("view", ["page", "stream", "file", "bytes", "tagged"])
def test_every_view_in_every_coding(site: Site, view: str) -> None:
    plain = served(site.plain, path=f"/{view}", accept_encoding="gzip")
    assert plain.body == (STYLE if view == "file" else PAGE)
    for coding in CODINGS:
        site.closed.clear()
        coded = served(site.coded, path=f"/{view}", accept_encoding=coding)
        assert coded.errors == plain.errors == []
        assert coded.status == plain.status
        assert coded.field("content-encoding") == (None if coding == "identity" else coding)
        assert "Accept-Encoding" in str(coded.field("vary"))
        assert coded.decoded() == plain.body
        assert others(coded.lines) == others(plain.lines)
        length = coded.field("content-length")
        assert length is None or int(length) == len(coded.body)
        assert site.closed == [True] * (view == "stream")


def test_what_is_there_has_a_length(site: Site) -> None:
    for view in ("page", "file", "tagged"):
        seen = served(site.coded, path=f"/{view}", accept_encoding="gzip")
        assert seen.field("content-length") == str(len(seen.body)), view


def test_exempt(site: Site) -> None:
    seen = served(site.coded, path="/secret", accept_encoding="gzip")
    assert (seen.field("content-encoding"), seen.body) == (None, PAGE)


def test_the_framework_compares_its_own_tag(site: Site) -> None:
    for coding in CODINGS:
        tag = str(served(site.coded, path="/tagged", accept_encoding=coding).field("etag"))
        assert tag == ('"tag"' if coding == "identity" else f'"tag:{coding}"')
        again = served(site.coded, path="/tagged", accept_encoding=coding, if_none_match=tag)
        assert (again.status[:3], again.body, again.field("etag")) == ("304", b"", tag)
        assert again.field("content-encoding") is None
        assert again.field("content-length") is None


@pytest.mark.parametrize("view", ["page", "file", "tagged"])
def test_head(site: Site, view: str) -> None:
    full = served(site.coded, path=f"/{view}", accept_encoding="gzip")
    head = served(site.coded, "HEAD", f"/{view}", accept_encoding="gzip")
    assert head.status == full.status
    for name in ("content-encoding", "vary", "etag", "content-type"):
        assert head.field(name) == full.field(name), name
    assert head.field("content-length") in {None, full.field("content-length")}


def test_what_is_not_there_is_the_same(site: Site) -> None:
    plain, coded = (
        served(app, path="/none", accept_encoding="gzip") for app in (site.plain, site.coded)
    )
    assert (coded.status, coded.body, coded.errors) == (plain.status, plain.body, plain.errors)
    assert others(coded.lines) == others(plain.lines)
