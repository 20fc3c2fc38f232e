"""What users write, as type checkers must understand it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint
from flask import Flask
from flask import Request
from flask import Response
from typing_extensions import assert_type

import pyfastgz
from pyfastgz import Compress
from pyfastgz import DictCache
from pyfastgz import Encoder
from pyfastgz import Outcome
from pyfastgz import SkipReason

app = Flask(__name__)
compress = Compress()
assert_type(compress.init_app(app), None)
assert_type(Compress(app), Compress)

assert_type(compress.enabled_algorithms, tuple[str, ...])
assert_type(compress.compress_mimetypes_set, set[str])
compress.compress_mimetypes_set = {"text/html"}
compress.cache = DictCache()
compress.cache_key = lambda request: str(request.url)


@app.get("/")
@compress.compressed()
def index() -> str:
    return ""


@compress.compressed(level={"gzip": 9}, codings="br, gzip", length_noise=64)
async def search(query: str) -> list[str]:
    return [query]


@compress.exempt
def secret(number: int) -> Response:
    return Response(str(number))


assert_type(index(), str)
assert_type(secret(7), Response)
checked: Callable[[int], Response] = secret
blueprint = Blueprint("shop", __name__)
assert_type(compress.exempt(blueprint), Blueprint)
assert_type(compress.compressed(level=9)(blueprint), Blueprint)


@compress.decode_requests
def report(name: str) -> str:
    return name


assert_type(report("lamp"), str)
assert_type(compress.decode_requests(blueprint), Blueprint)


async def use() -> None:
    assert_type(await search("all"), list[str])


def is_wanted(request: Request, response: Response) -> bool:
    return request.path != "/secret" and response.status_code == 200


stats = compress.stats()
assert_type(stats.codings["gzip"].out_nbytes, int)
assert_type(stats.codings["gzip"].seconds, float)
assert_type(stats.skipped[SkipReason.TOO_SMALL], int)
assert_type(stats.as_dict()["skipped"]["too_small"], Any)


def receive(sender: Flask, *, response: Response, outcome: Outcome) -> None:
    assert_type(outcome.coding, str | None)
    assert_type(outcome.reason, SkipReason | None)


pyfastgz.response_compressed.connect(receive)

assert_type(pyfastgz.compress(b"body"), bytes)
pyfastgz.compress(bytearray(b"body"), "zstd", level=3)
pyfastgz.compress(memoryview(b"body"), "deflate")
with Encoder("gzip", 6, small=True) as encoder:
    assert_type(encoder, Encoder)
    assert_type(encoder.write(b"one") + encoder.flush() + encoder.finish(b"two"), bytes)
with Encoder("zstd", size=3) as encoder:
    encoder.finish(memoryview(b"one"))
