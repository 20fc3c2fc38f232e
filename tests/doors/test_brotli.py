from __future__ import annotations

from collections.abc import Callable

import pytest

from pyfastgz import Encoder
from pyfastgz.coding import br
from pyfastgz.coding.br import LEVELS
from pyfastgz.coding.br import BrotliSettings
from pyfastgz.coding.br import BrotliStream

Decode = Callable[[str, bytes], bytes]


@pytest.mark.parametrize("level", LEVELS)
def test_whole_bodies(decode_body: Decode, page: str, level: int) -> None:
    body = page.encode()
    for settings in (BrotliSettings(), BrotliSettings(mode=1, window=10, block=16)):
        assert decode_body("br", br.compress(body, level, settings)) == body


def test_whole_streams_are_decoded_and_nothing_else(page: str) -> None:
    coded = br.compress(page.encode(), 4, BrotliSettings())
    assert br.decompress(coded, 10**6) == page.encode()
    for other in (b"", coded[:-1], coded + b"\0", coded + coded, page.encode()):
        with pytest.raises(ValueError, match="it is no br stream"):
            br.decompress(other, 10**6)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_like(decode_body: Decode, kind: Callable[[bytes], memoryview]) -> None:
    data = kind(b"abc" * 100)
    stream = Encoder("br", 4)
    coded = stream.write(data) + stream.flush(data) + stream.flush() + stream.finish(data)
    assert decode_body("br", coded) == b"abc" * 300
    assert decode_body("br", br.compress(data, 4, BrotliSettings())) == b"abc" * 100


def test_a_strided_view_is_read_in_its_order(decode_body: Decode) -> None:
    coded = br.compress(memoryview(b"a1b2c3")[::2], 4, BrotliSettings())
    assert decode_body("br", coded) == b"abc"


@pytest.mark.parametrize("data", ["text", 5, None, [1]])
def test_anything_else_is_a_type_error(data: memoryview) -> None:
    with pytest.raises(TypeError):
        br.compress(data, 4, BrotliSettings())
    with pytest.raises(TypeError):
        Encoder("br", 4).write(data)


def test_flush_makes_everything_so_far_decodable(decode_part: Decode) -> None:
    stream = BrotliStream(4, BrotliSettings())
    coded = stream.write(b"one ") + stream.flush(b"two ")
    assert decode_part("br", coded) == b"one two "
    coded += stream.flush(b"three")
    assert decode_part("br", coded) == b"one two three"


def test_without_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(br, "_brotli", None)
    assert not br.is_available()
    with pytest.raises(ValueError, match=r"pyfastgz\[br\]"):
        br.compress(b"", 4, BrotliSettings())
    with pytest.raises(ValueError, match=r"pyfastgz\[br\]"):
        BrotliStream(4, BrotliSettings())
