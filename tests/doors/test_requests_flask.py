"""Bodies of requests to Flask applications: what views read, and what is answered instead."""

from __future__ import annotations

import gc
import gzip
import io
import json
import random
import weakref
import zlib
from typing import Any

import pytest
from asking import DECODED
from asking import KNOWN
from flask import Blueprint
from flask import Flask
from flask import Request
from flask import Response
from flask import jsonify
from flask import request
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.test import EnvironBuilder
from werkzeug.test import run_wsgi_app

from pyfastgz import Compress
from pyfastgz import compress

DATA = json.dumps({"lamps": [{"number": n, "price": n * 7 % 100} for n in range(900)]}).encode()
MB = 1 << 20


@pytest.fixture(name="client")
def serve(app: Flask) -> FlaskClient:
    """Return a client of an application that tells what it is sent."""

    @app.post("/data")
    def data() -> bytes:
        return request.data

    @app.post("/seen")
    def seen() -> Response:
        names = {name.lower() for name, _ in request.headers}
        return jsonify(
            names=sorted(names),
            content_length=request.content_length,
            content_encoding=request.content_encoding,
            data=len(request.get_data()),
        )

    @app.post("/json")
    def as_json() -> Response:
        return jsonify(request.json)

    @app.post("/silent")
    def silent() -> str:
        return str(request.get_json(silent=True))

    @app.post("/form")
    def form() -> Response:
        files = {name: file.read().decode() for name, file in request.files.items()}
        return jsonify(form=request.form, files=files)

    @app.post("/stream")
    def stream() -> bytes:
        pieces = []
        while piece := request.stream.read(1000):
            pieces.append(piece)
        return b"|".join(pieces)

    @app.post("/lines")
    def lines() -> str:
        return str(len(list(request.stream)))

    @app.post("/nothing")
    def nothing() -> str:
        return "not read"

    app.config["COMPRESS_DECODE_REQUESTS"] = True
    Compress(app)
    return app.test_client()


def post(client: FlaskClient, path: str, coding: str, body: bytes, **fields: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return client.post(path, data=body, headers={"Content-Encoding": coding, **named})


class Untouched:
    """A file that nobody may read."""

    def read(self, nbytes: int = -1) -> bytes:
        raise AssertionError(nbytes)


def asked(app: Flask, path: str, file: Any, **variables: Any) -> tuple[int, bytes]:
    """Call an application as a server does that has this file."""
    environ = EnvironBuilder(path, method="POST").get_environ()
    environ.pop("CONTENT_LENGTH", None)
    chunks, status, _ = run_wsgi_app(app, {**environ, "wsgi.input": file, **variables})
    return int(status[:3]), b"".join(chunks)


@pytest.mark.parametrize("coding", DECODED)
def test_data(client: FlaskClient, coding: str) -> None:
    assert post(client, "/data", coding, compress(DATA, coding)).data == DATA


def test_what_clients_call_gzip_and_deflate(client: FlaskClient) -> None:
    assert post(client, "/data", "x-gzip", gzip.compress(DATA)).data == DATA
    assert post(client, "/data", "GZip", gzip.compress(DATA)).data == DATA
    raw = zlib.compressobj(wbits=-15)
    coded = raw.compress(DATA) + raw.flush()
    assert post(client, "/data", "deflate", coded).data == DATA


def test_two_codings(client: FlaskClient) -> None:
    coded = compress(gzip.compress(DATA), "zstd")
    assert post(client, "/data", "gzip, zstd", coded).data == DATA


def test_json(client: FlaskClient) -> None:
    answer = post(client, "/json", "gzip", gzip.compress(DATA), Content_Type="application/json")
    assert answer.json == json.loads(DATA)


def test_a_form(client: FlaskClient) -> None:
    kind = "application/x-www-form-urlencoded"
    body = gzip.compress(b"lamp=red&table=1")
    answer = post(client, "/form", "gzip", body, Content_Type=kind)
    assert answer.json == {"form": {"lamp": "red", "table": "1"}, "files": {}}


@pytest.mark.parametrize("coding", DECODED)
def test_a_form_with_files(client: FlaskClient, coding: str) -> None:
    text = "".join(f"{n * n} lamps\n" for n in range(30_000))
    environ = EnvironBuilder(
        method="POST", data={"name": "red", "file": (io.BytesIO(text.encode()), "lamp.txt")}
    ).get_environ()
    body, kind = environ["wsgi.input"].read(), environ["CONTENT_TYPE"]
    answer = post(client, "/form", coding, compress(body, coding), Content_Type=kind)
    assert answer.json == {"form": {"name": "red"}, "files": {"file": text}}


def test_the_stream_is_a_file(client: FlaskClient) -> None:
    answer = post(client, "/stream", "gzip", gzip.compress(DATA))
    assert answer.data.replace(b"|", b"") == DATA
    assert len(answer.data.split(b"|")) == -(-len(DATA) // 1000)
    assert post(client, "/lines", "gzip", gzip.compress(b"a\nb\nc" * 100)).data == b"201"


def test_more_may_be_announced_than_comes(app: Flask, client: FlaskClient) -> None:
    """What is decoded says itself where it ends."""
    coded = gzip.compress(DATA)
    for nbytes, expected in ((len(coded) + 9, (200, DATA)), (len(coded) - 1, 400)):
        variables = {"HTTP_CONTENT_ENCODING": "gzip", "CONTENT_LENGTH": str(nbytes)}
        answer = asked(app, "/data", io.BytesIO(coded), **variables)
        assert answer == expected or answer[0] == expected


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_any_method_may_have_a_body(app: Flask, client: FlaskClient, method: str) -> None:
    app.add_url_rule("/any", view_func=lambda: request.get_data(cache=False), methods=[method])
    fields = {"Content-Encoding": "gzip"}
    answer = client.open("/any", method=method, data=gzip.compress(DATA), headers=fields)
    assert answer.data == DATA


def test_what_follows_where_a_view_stops_reading_is_not_decoded(
    app: Flask, client: FlaskClient
) -> None:
    app.add_url_rule("/part", view_func=lambda: request.stream.read(9), methods=["POST"])
    damaged = gzip.compress(DATA)[:-1]
    assert post(client, "/part", "gzip", damaged).data == DATA[:9]


def test_parts_of_a_form_keep_codings_of_their_own(app: Flask, client: FlaskClient) -> None:
    @app.post("/part")
    def part() -> Response:
        file = request.files["file"]
        return jsonify(file.headers.get("Content-Encoding"), file.read().hex())

    coded = gzip.compress(DATA)
    form = (
        b'--border\r\nContent-Disposition: form-data; name="file"; filename="lamp.gz"\r\n'
        b"Content-Encoding: gzip\r\n\r\n%b\r\n--border--\r\n" % coded
    )
    kind = "multipart/form-data; boundary=border"
    answer = post(client, "/part", "gzip", gzip.compress(form), Content_Type=kind)
    assert answer.json == ["gzip", coded.hex()]


def test_the_fields_of_the_coding_are_gone(client: FlaskClient) -> None:
    seen = post(client, "/seen", "gzip", gzip.compress(DATA), X_Mine="1").json
    assert seen["data"] == len(DATA)
    assert (seen["content_length"], seen["content_encoding"]) == (None, None)
    assert not {"content-length", "content-encoding"} & set(seen["names"])
    assert "x-mine" in seen["names"]


@pytest.mark.parametrize("coding", [None, "", "identity"])
def test_what_is_not_coded_is_left_alone(client: FlaskClient, coding: str | None) -> None:
    fields = {} if coding is None else {"Content-Encoding": coding}
    seen: Any = client.post("/seen", data=DATA, headers=fields).json
    assert seen["content_length"] == seen["data"] == len(DATA)
    assert seen["content_encoding"] == coding


def test_a_request_without_a_body_is_left_alone(client: FlaskClient) -> None:
    for coding in ("gzip", "lzma"):
        seen = post(client, "/seen", coding, b"").json
        assert (seen["data"], seen["content_encoding"]) == (0, coding)


def test_without_a_length_or_an_end_there_is_no_body(app: Flask, client: FlaskClient) -> None:
    """Whoever read it would wait forever."""
    status, body = asked(app, "/seen", Untouched(), HTTP_CONTENT_ENCODING="gzip")
    assert (status, json.loads(body)["data"]) == (200, 0)


@pytest.mark.parametrize("transfer", ["chunked", "Chunked"])
@pytest.mark.parametrize("length", [None, "3", "many"])
def test_a_body_that_ends_by_itself(
    app: Flask, client: FlaskClient, length: str | None, transfer: str
) -> None:
    """With a length, too, that is for whoever sends one request in another."""
    variables: dict[str, Any] = {
        "HTTP_CONTENT_ENCODING": "gzip",
        "HTTP_TRANSFER_ENCODING": transfer,
        "wsgi.input_terminated": True,
    }
    if length is not None:
        variables["CONTENT_LENGTH"] = length
    file = io.BytesIO(gzip.compress(DATA))
    assert asked(app, "/data", file, **variables) == (200, DATA)


def test_no_more_is_read_than_content_length_says(app: Flask, client: FlaskClient) -> None:
    """A server may wait for what comes after it."""
    coded = gzip.compress(DATA)
    file = io.BytesIO(coded + b"the next request")
    variables = {"HTTP_CONTENT_ENCODING": "gzip", "CONTENT_LENGTH": str(len(coded))}
    assert asked(app, "/data", file, **variables) == (200, DATA)
    assert file.tell() == len(coded)


@pytest.mark.parametrize("coding", ["gzip", "lzma"])
def test_nothing_is_read_before_the_view_reads(
    app: Flask, client: FlaskClient, coding: str
) -> None:
    variables = {"HTTP_CONTENT_ENCODING": coding, "CONTENT_LENGTH": "100"}
    assert asked(app, "/nothing", Untouched(), **variables) == (200, b"not read")


@pytest.mark.parametrize(("coding", "nbytes", "status"), [("lzma", 9, 415), ("gzip", 1e9, 413)])
def test_what_is_refused_at_sight_is_not_read(
    app: Flask, client: FlaskClient, coding: str, nbytes: float, status: int
) -> None:
    """Clients that expect a 100 need not send it."""
    variables = {"HTTP_CONTENT_ENCODING": coding, "CONTENT_LENGTH": f"{nbytes:.0f}"}
    assert asked(app, "/data", Untouched(), **variables)[0] == status


class Counted(io.BytesIO):
    """A file that knows how much was read of it."""

    def read(self, nbytes: int | None = -1) -> bytes:
        assert nbytes is not None
        assert 0 < nbytes <= 65_536
        return super().read(nbytes)


def test_it_is_read_as_it_is_decoded(app: Flask, client: FlaskClient) -> None:
    coded = gzip.compress(random.Random(1).randbytes(MB))
    file = Counted(coded)

    @app.post("/part")
    def part() -> str:
        return f"{len(request.stream.read(1000))} {file.tell()}"

    fields = {"Content-Encoding": "gzip", "Content-Length": str(len(coded))}
    answer = client.post("/part", input_stream=file, headers=fields)
    nbytes, taken = map(int, answer.text.split())
    assert nbytes == 1000
    assert taken < 200_000


# ---- What is answered instead ----

REFUSED = {
    "another coding": ("lzma", DATA, 415),
    "three codings": ("gzip, gzip, gzip", DATA, 415),
    "not coded": ("gzip", DATA, 400),
    "cut short": ("gzip", gzip.compress(DATA)[:-1], 400),
    "too long": ("gzip", gzip.compress(random.Random(1).randbytes(70 * 1024) * 1024), 413),
    "a bomb": ("gzip", gzip.compress(bytes(10 * MB)), 413),
    "a window": ("zstd", b"\x28\xb5\x2f\xfd\0\xff\x4b\0\0r", 413),
}
PATHS = ("/data", "/json", "/silent", "/form", "/stream", "/lines", "/seen")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", REFUSED)
def test_a_body_that_cannot_be_had(client: FlaskClient, name: str, path: str) -> None:
    coding, body, status = REFUSED[name]
    kind = "application/x-www-form-urlencoded" if path == "/form" else "application/json"
    answer = post(client, path, coding, body, Content_Type=kind)
    assert answer.status_code == status
    known = answer.headers.get("Accept-Encoding")
    assert known == (KNOWN if status == 415 else None)
    assert post(client, "/nothing", coding, body, Content_Type=kind).data == b"not read"


def test_the_applications_own_page_of_an_error(app: Flask, client: FlaskClient) -> None:
    @app.errorhandler(HTTPException)
    def as_json(error: HTTPException) -> Any:
        # As Flask's own documentation has it.
        response: Any = error.get_response()
        response.data = json.dumps({"status": error.code})
        response.content_type = "application/json"
        return response

    @app.after_request
    def allow(response: Response) -> Response:
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response

    for coding, body, status in REFUSED.values():
        answer = post(client, "/data", coding, body)
        assert (answer.status_code, answer.json) == (status, {"status": status})
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert ("Accept-Encoding" in answer.headers) == (status == 415)


def test_a_view_that_will_not_have_it_may_answer_itself(
    app: Flask, client: FlaskClient
) -> None:
    @app.post("/own")
    def own() -> str:
        for _ in range(3):
            with pytest.raises(HTTPException):
                request.get_data()
        return "mine"

    for coding, body, _ in REFUSED.values():
        assert post(client, "/own", coding, body).data == b"mine"


# ---- Limits ----


def test_max_content_length_is_of_decoded_bytes(app: Flask, client: FlaskClient) -> None:
    coded = gzip.compress(DATA)
    for limit, status in ((len(DATA), 200), (len(DATA) - 1, 413), (len(coded) - 1, 413)):
        app.config["MAX_CONTENT_LENGTH"] = limit
        assert post(client, "/data", "gzip", coded).status_code == status


def test_a_view_may_take_more(app: Flask, client: FlaskClient) -> None:
    if not isinstance(Request.max_content_length, property) or (
        Request.max_content_length.fset is None
    ):
        pytest.skip("this Flask has one limit for all views")
    app.config["MAX_CONTENT_LENGTH"] = 1000

    @app.post("/large")
    def large() -> bytes:
        request.max_content_length = len(DATA)
        return request.data

    assert post(client, "/large", "gzip", gzip.compress(DATA)).data == DATA
    assert post(client, "/large", "gzip", gzip.compress(DATA + b" ")).status_code == 413
    assert post(client, "/data", "gzip", gzip.compress(DATA)).status_code == 413


@pytest.fixture(name="echo")
def make_echo() -> Any:
    def echo(**settings: Any) -> FlaskClient:
        app = Flask(__name__)
        app.add_url_rule("/", view_func=lambda: request.data, methods=["POST"])
        app.config.update(COMPRESS_DECODE_REQUESTS=True, **settings)
        Compress(app)
        return app.test_client()

    return echo


def test_request_max_bytes(echo: Any) -> None:
    coded = gzip.compress(DATA)
    for limit, status in ((len(DATA), 200), (len(DATA) - 1, 413), (None, 200)):
        client = echo(COMPRESS_REQUEST_MAX_BYTES=limit)
        assert post(client, "/", "gzip", coded).status_code == status
        assert client.post("/", data=DATA).data == DATA


def test_request_max_ratio(echo: Any) -> None:
    coded = gzip.compress(bytes(2 * MB))
    for limit, status in ((200, 413), (2000, 200), (float("inf"), 200)):
        client = echo(COMPRESS_REQUEST_MAX_RATIO=limit)
        assert post(client, "/", "gzip", coded).status_code == status


# ---- Single views ----


@pytest.fixture(name="single")
def serve_single(app: Flask) -> FlaskClient:
    compress = Compress(app)
    blueprint = Blueprint("reports", __name__, url_prefix="/reports")

    def data() -> bytes:
        return request.data

    async def data_later() -> bytes:
        return request.data

    app.add_url_rule("/raw", "raw", data, methods=["POST"])
    decoded = compress.decode_requests(data)
    app.add_url_rule("/decoded", "decoded", decoded, methods=["POST"])
    later = compress.decode_requests(data_later)
    app.add_url_rule("/later", "later", later, methods=["POST"])
    blueprint.add_url_rule("/", "data", data, methods=["POST"])
    app.register_blueprint(compress.decode_requests(blueprint))
    return app.test_client()


@pytest.mark.parametrize("path", ["/decoded", "/later", "/reports/"])
def test_single_views_and_blueprints(single: FlaskClient, path: str) -> None:
    coded = gzip.compress(DATA)
    assert post(single, path, "gzip", coded).data == DATA
    assert post(single, path, "lzma", coded).status_code == 415
    assert post(single, "/raw", "gzip", coded).data == coded


def test_the_decorator_takes_no_parentheses(app: Flask) -> None:
    with pytest.raises(TypeError, match="decode_requests takes no parentheses"):
        Compress(app).decode_requests()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Compress(app).decode_requests(7)  # type: ignore[type-var]


def test_what_was_read_before_the_view_stays_as_it_was_sent(app: Flask) -> None:
    """As where a signature of the bytes is checked."""
    compress = Compress(app)
    seen: list[Any] = []

    @app.before_request
    def look() -> None:
        if request.path == "/read":
            seen.append(request.get_data())
        seen.append(request.content_length)

    @compress.decode_requests
    def view() -> Response:
        return jsonify(
            request.get_data().hex(), request.content_encoding, request.content_length
        )

    coded = gzip.compress(DATA)
    for path in ("/read", "/not-read"):
        app.add_url_rule(path, path, view, methods=["POST"])
    client = app.test_client()
    answer = post(client, "/read", "gzip", coded)
    assert answer.json == [coded.hex(), "gzip", len(coded)]
    assert post(client, "/not-read", "gzip", coded).json == [DATA.hex(), None, None]
    assert seen == [coded, len(coded), len(coded)]


def test_what_the_application_has_called_before_sees_it_decoded(app: Flask) -> None:
    seen = []

    @app.before_request
    def look() -> None:
        seen.append(request.get_data())

    app.config["COMPRESS_DECODE_REQUESTS"] = True
    Compress(app)
    post(app.test_client(), "/", "gzip", gzip.compress(DATA))
    assert seen == [DATA]


def test_initialising_again_turns_it_on_and_off(app: Flask) -> None:
    app.add_url_rule("/", view_func=lambda: request.data, methods=["POST"])
    client, coded = app.test_client(), gzip.compress(gzip.compress(DATA))
    for is_on in (True, True, False, True):
        app.config["COMPRESS_DECODE_REQUESTS"] = is_on
        app._got_first_request = False
        Compress(app)
        expected = gzip.decompress(coded) if is_on else coded
        assert post(client, "/", "gzip", coded).data == expected


def test_it_is_off_unless_it_is_wanted(app: Flask) -> None:
    app.add_url_rule("/", view_func=lambda: request.data, methods=["POST"])
    Compress(app)
    assert not app.before_request_funcs.get(None)
    coded = gzip.compress(DATA)
    assert post(app.test_client(), "/", "gzip", coded).data == coded


@pytest.mark.parametrize("path", ["/data", "/nothing"])
def test_a_request_is_freed_without_the_garbage_collector(
    app: Flask, client: FlaskClient, path: str
) -> None:
    requests = []

    @app.before_request
    def remember() -> None:
        requests.append(weakref.ref(request._get_current_object()))  # type: ignore[attr-defined]

    gc.disable()
    try:
        for _ in range(3):
            file = io.BytesIO(gzip.compress(DATA))
            variables = {"HTTP_CONTENT_ENCODING": "gzip", "CONTENT_LENGTH": "99999"}
            asked(app, path, file, **variables)
        assert [weak() for weak in requests[:-1]] == [None, None]
    finally:
        gc.enable()
