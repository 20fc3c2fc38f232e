"""Single views and blueprints: exempt, with their own level and codings."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint
from flask import Flask
from flask import abort
from flask.views import MethodView

from pyfastgz import Compress
from pyfastgz import SkipReason

Get = Callable[..., Any]
BODY = json.dumps([{"id": i, "name": f"name {i * i % 97}"} for i in range(300)])


@pytest.fixture
def compress(app: Flask) -> Compress:
    app.add_url_rule("/", view_func=lambda: BODY)
    return Compress(app)


def test_exempt_views_are_not_coded_and_do_not_vary(
    app: Flask, get: Get, compress: Compress
) -> None:
    @app.get("/secret")
    @compress.exempt
    def secret() -> str:
        return BODY

    @app.get("/async")
    @compress.exempt
    async def secret_async() -> str:
        return BODY

    @app.get("/error")
    @compress.exempt
    def error() -> str:
        abort(404)

    class Secrets(MethodView):
        decorators = [compress.exempt]  # noqa: RUF012

        def get(self) -> str:
            return BODY

    app.add_url_rule("/class", view_func=Secrets.as_view("secrets"))
    for path in ("/secret", "/async", "/class"):
        exchange = get(path)
        assert exchange.field("Content-Encoding") is None
        assert exchange.field("Vary") is None
        assert exchange.body() == BODY.encode()
    assert get("/error").status == 404
    assert get("/").field("Content-Encoding") == "gzip"
    assert compress.stats().skipped == {SkipReason.EXEMPT: 3, SkipReason.STATUS: 1}
    assert secret.__name__ == "secret"


def test_blueprints(app: Flask, get: Get, compress: Compress) -> None:
    private = compress.exempt(Blueprint("private", __name__, url_prefix="/private"))
    nested = Blueprint("nested", __name__, url_prefix="/nested")
    slow = compress.compressed(codings="br")(Blueprint("slow", __name__, url_prefix="/slow"))
    for blueprint in (private, nested, slow):
        blueprint.add_url_rule("/page", view_func=lambda: BODY)

    # What a view says goes before what its blueprint says.
    @private.get("/public")
    @compress.compressed(level=9)
    def public() -> str:
        return BODY

    private.register_blueprint(nested)
    app.register_blueprint(private)
    app.register_blueprint(slow)
    assert get("/private/page").field("Content-Encoding") is None
    assert get("/private/nested/page").field("Content-Encoding") is None
    assert get("/private/public").field("Content-Encoding") == "gzip"
    assert get("/slow/page", "gzip, br").field("Content-Encoding") == "br"
    assert get("/slow/page", "gzip").field("Content-Encoding") is None
    assert get("/", "gzip, br").field("Content-Encoding") == "br"


def test_a_view_keeps_the_noise_of_its_blueprint_unless_it_says_so(
    app: Flask, get: Get, compress: Compress
) -> None:
    app.secret_key = "a secret"
    forms = compress.compressed(length_noise=1024)(Blueprint("forms", __name__))

    def add(path: str, **wishes: Any) -> None:
        view = compress.compressed(**wishes)(lambda: BODY)
        forms.add_url_rule(path, path[1:], view)

    add("/slow", level=9)
    add("/less", length_noise=1)
    add("/none", length_noise=0)
    forms.add_url_rule("/exempt", "exempt", compress.exempt(lambda: BODY))
    app.register_blueprint(forms)
    assert len(get("/slow").field("X-Noise")) > 1
    assert len(get("/less").field("X-Noise")) <= 1
    assert get("/none").field("X-Noise") is None
    assert get("/exempt").field("Content-Encoding") is None


def test_views_of_another_module_may_have_an_instance_of_their_own(
    app: Flask, get: Get
) -> None:
    app.config["COMPRESS_REGISTER"] = False
    Compress().init_app(app)
    theirs = Compress()
    app.add_url_rule("/one", "one", theirs.compressed()(lambda: BODY))
    app.add_url_rule("/two", "two", theirs.exempt(lambda: BODY))
    assert get("/one").body() == BODY.encode()
    assert get("/one").field("Content-Encoding") == "gzip"
    assert get("/two").field("Content-Encoding") is None


def test_single_methods_of_a_class_based_view(app: Flask, get: Get, compress: Compress) -> None:
    class Page(MethodView):
        @compress.exempt
        def get(self) -> str:
            return BODY

        @compress.compressed(codings="br")
        async def post(self) -> str:
            return BODY

    app.add_url_rule("/class", view_func=Page.as_view("class"))
    assert get("/class").field("Content-Encoding") is None
    assert get("/class", "gzip, br", "POST").field("Content-Encoding") == "br"
    assert get("/class", "gzip", "POST").field("Content-Encoding") is None


@pytest.mark.parametrize("register", [True, False])
def test_levels_and_codings(get: Get, register: bool) -> None:
    app = Flask(__name__)
    app.config["COMPRESS_REGISTER"] = register
    app.config["COMPRESS_ALGORITHM"] = "gzip"
    compress = Compress(app)

    @app.get("/fast")
    @compress.compressed(level=1)
    def fast() -> str:
        return BODY

    @app.get("/small")
    @compress.compressed({"gzip": 9}, ["zstd", "GZIP"])
    async def small() -> str:
        return BODY

    @app.get("/stream")
    @compress.compressed(codings=("deflate",))
    def stream() -> Any:
        return app.response_class((BODY for _ in range(3)), mimetype="text/html")

    @app.get("/not")
    def neither() -> str:
        return BODY

    fast_nbytes = len(get("/fast", to=app).read())
    assert len(get("/small", to=app).read()) < fast_nbytes
    assert get("/small", "gzip, zstd", to=app).field("Content-Encoding") == "zstd"
    assert get("/fast", "zstd", to=app).field("Content-Encoding") is None
    exchange = get("/stream", "gzip, deflate, zstd", to=app)
    assert exchange.field("Content-Encoding") == "deflate"
    assert exchange.body() == BODY.encode() * 3
    assert (get("/not", to=app).field("Content-Encoding") == "gzip") is register


@pytest.mark.parametrize(
    ("level", "codings", "error", "message"),
    [
        (12, None, ValueError, "level 12 of br"),
        (22, "zstd, gzip", ValueError, "level 22 of gzip"),
        ({"gzip": 13}, None, ValueError, "level 13 of gzip"),
        ({"gzap": 1}, None, ValueError, "gzap"),
        (None, "gzip, lzma", ValueError, "lzma"),
        ("6", "gzip", TypeError, "not '6'$"),
        (True, "gzip", TypeError, "not True$"),
        (6.0, "gzip", TypeError, "not 6.0$"),
        ({"gzip": True}, None, TypeError, "of gzip must be an int, not True$"),
        ({"gzip": None}, None, TypeError, "of gzip must be an int, not None"),
        ({"gzip": "9"}, None, TypeError, "of gzip must be an int, not '9'$"),
        (["gzip", 6], None, TypeError, r"not \['gzip', 6\]$"),
        # codings= is what was meant.
        (
            "gzip",
            None,
            TypeError,
            r"an int by coding, not 'gzip'; did you mean codings='gzip'\?",
        ),
        ("br, GZIP", None, TypeError, r"did you mean codings='br, GZIP'\?"),
        (["br", "gzip"], None, TypeError, r"did you mean codings=\['br', 'gzip'\]\?"),
        ("fastest", None, TypeError, "not 'fastest'$"),
        ({6: "gzip"}, None, ValueError, "its keys must be among"),
        (None, 3, ValueError, "codings is 3; it must be a list of codings"),
        (None, b"gzip", ValueError, "codings is b'gzip'"),
        (None, ["gzip", None], ValueError, "it must be a list of codings"),
        (None, "auto", ValueError, "unlike 'auto'"),
    ],
)
def test_bad_options_are_named_at_once(
    level: Any, codings: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Compress().compressed(level, codings)


class Effort(enum.IntEnum):
    LEAST = 1
    MOST = 9


@pytest.mark.parametrize("level", [Effort.MOST, {"gzip": Effort.MOST}, {"GZIP": 9}])
def test_a_level_may_be_a_member_of_an_enumeration(
    app: Flask, get: Get, compress: Compress, level: Any
) -> None:
    app.add_url_rule("/most", "most", compress.compressed(level)(lambda: BODY))
    app.config["COMPRESS_LEVEL"] = Effort.LEAST
    least = get().read()
    most = get("/most").read()
    assert len(most) < len(least)
    app.config["COMPRESS_LEVEL"] = 1
    assert get().read() == least


def test_a_level_of_one_coding_only_may_be_any_of_its(
    app: Flask, get: Get, compress: Compress
) -> None:
    @app.get("/zstd")
    @compress.compressed(level=19, codings="zstd")
    def view() -> str:
        return BODY

    assert get("/zstd", "zstd").body() == BODY.encode()
