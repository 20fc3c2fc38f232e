"""dcz: bodies and streams with a dictionary (RFC 9842), and what is kept of dictionaries."""

from __future__ import annotations

import gc
import hashlib
import multiprocessing
import random
import shutil
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import decoders
import pytest
import sizes

from pyfastgz import Dictionary
from pyfastgz import Encoder
from pyfastgz import EncoderStateError
from pyfastgz import compress
from pyfastgz._core import ffi
from pyfastgz._core import lib
from pyfastgz.coding import available_codings
from pyfastgz.coding import core
from pyfastgz.coding import dcz
from pyfastgz.coding import dictionary

MAGIC = bytes.fromhex("5e2a4d1820000000")
HEADER_NBYTES = 40
LEVELS = (-5, 1, 2, 3, 4, 6, 9, 13, 19, 22)
SCRIPT = sizes.make_body("script", 60_000)
PAGE = sizes.make_body("page", 20_000)

Decode = Callable[[bytes, bytes], bytes]


def with_standard_library(coded: bytes, data: bytes) -> bytes:
    known = decoders.zstd.ZstdDict(data, is_raw=True)
    options = {decoders.zstd.DecompressionParameter.window_log_max: 23}
    decoder = decoders.zstd.ZstdDecompressor(known.as_prefix, options)
    body: bytes = decoder.decompress(coded[HEADER_NBYTES:])
    assert decoder.eof
    assert not decoder.unused_data
    return body


def with_zstandard(coded: bytes, data: bytes) -> bytes:
    known = decoders.zstandard.ZstdCompressionDict(
        data, dict_type=decoders.zstandard.DICT_TYPE_RAWCONTENT
    )
    decoder = decoders.zstandard.ZstdDecompressor(
        dict_data=known, max_window_size=1 << 23
    ).decompressobj()
    body: bytes = decoder.decompress(coded[HEADER_NBYTES:])
    assert decoder.eof
    return body


# zstd wants 8 bytes of a dictionary that it is told to be raw.
DECODERS: list[Decode] = [with_standard_library]
if decoders.zstandard is not None:
    DECODERS.append(with_zstandard)


def check(coded: bytes, body: bytes, known: Dictionary) -> None:
    """Assert that every decoder turns coded into body, with the dictionary that it names."""
    assert coded[:HEADER_NBYTES] == MAGIC + hashlib.sha256(known.data).digest()
    for decode in DECODERS:
        assert decode(coded, known.data) == body, decode.__name__


def changed(script: bytes, seed: int) -> bytes:
    """The next version of a script: one in a hundred of its lines is another."""
    numbers = random.Random(seed)
    lines = script.splitlines(keepends=True)
    for at in numbers.sample(range(len(lines)), len(lines) // 100):
        kind = numbers.randrange(3)
        if kind == 0:
            lines[at] = b""
        elif kind == 1:
            lines[at] += b"  const added%d = %d;\n" % (at, numbers.randrange(10**6))
        else:
            lines[at] = lines[at].replace(b"e.", b"this.options.", 1)
    return b"".join(lines)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("data", [SCRIPT[:20_000], SCRIPT], ids=["shorter", "longer"])
def test_bodies_and_streams_decode_with_the_dictionary(level: int, data: bytes) -> None:
    known = Dictionary(data)
    for body in (b"", b"x", PAGE, data, data[5000:] + PAGE, SCRIPT[::-1]):
        check(compress(body, "dcz", level=level, dictionary=known), body, known)
        for small in (False, True):
            encoder = Encoder("dcz", level, small=small, dictionary=known)
            coded = encoder.write(body[:100]) + encoder.flush(body[100:9000])
            check(coded + encoder.finish(body[9000:]), body, known)
            encoder = Encoder("dcz", level, len(body), small=small, dictionary=known)
            check(encoder.finish(body), body, known)


@pytest.mark.parametrize("level", [1, 3, 19])
def test_the_next_version_of_a_script_is_a_25th(level: int) -> None:
    lines = (sizes.make_body("script", 300_000)).replace(b"}function", b"}\nfunction")
    assert lines.count(b"\n") > 1000
    body = changed(lines, 1)
    assert body != lines
    known = Dictionary(lines)
    coded = compress(body, "dcz", level=level, dictionary=known)
    check(coded, body, known)
    assert len(coded) * 25 <= len(compress(body, "zstd", level=level))


def test_megabytes_differ_by_little() -> None:
    data = random.Random(1).randbytes(6_000_000)
    known = Dictionary(data)
    body = data[:2_000_000] + b"between" + data[2_000_100:]
    coded = compress(body, "dcz", dictionary=known)
    check(coded, body, known)
    assert len(coded) < len(body) / 500


def test_a_body_may_be_longer_than_the_window() -> None:
    known = Dictionary(SCRIPT)
    body = SCRIPT + random.Random(2).randbytes(9_000_000) + SCRIPT
    for level in (1, 3):
        check(compress(body, "dcz", level=level, dictionary=known), body, known)
    encoder = Encoder("dcz", dictionary=known)
    pieces = [encoder.flush(body[at : at + 200_000]) for at in range(0, len(body), 200_000)]
    check(b"".join(pieces) + encoder.finish(), body, known)


def test_a_flushed_stream_can_be_decoded_so_far() -> None:
    known = Dictionary(PAGE)
    for small in (False, True):
        encoder = Encoder("dcz", small=small, dictionary=known)
        decoder = decoders.zstd.ZstdDecompressor(
            decoders.zstd.ZstdDict(PAGE, is_raw=True).as_prefix
        )
        first = encoder.flush(PAGE[:700])
        assert decoder.decompress(first[HEADER_NBYTES:]) == PAGE[:700]
        assert len(first) < HEADER_NBYTES + 60
        for at in range(700, 15_000, 700):
            assert decoder.decompress(encoder.flush(PAGE[at : at + 700])) == PAGE[at : at + 700]


@pytest.mark.parametrize("nbytes", [20_000, 300_000])
@pytest.mark.parametrize("is_stream", [False, True])
def test_a_wrong_dictionary_of_the_same_size_is_found_out(nbytes: int, is_stream: bool) -> None:
    data = random.Random(3).randbytes(nbytes)
    known = Dictionary(data)
    if is_stream:
        coded = Encoder("dcz", dictionary=known).finish(data)
    else:
        coded = compress(data, "dcz", dictionary=known)
    check(coded, data, known)
    wrong = data[:1000] + bytes([data[1000] ^ 1]) + data[1001:]
    for decode in DECODERS:
        with pytest.raises(Exception, match=r"(?i)checksum|decompress"):
            decode(coded, wrong)


def test_the_command_reads_the_whole(tmp_path: Path) -> None:
    command = shutil.which("zstd")
    if command is None:
        pytest.skip("there is no command zstd")
    body = SCRIPT[10_000:] + random.Random(4).randbytes(9_000_000)
    known = Dictionary(SCRIPT)
    (tmp_path / "known").write_bytes(SCRIPT)
    for level in (3, 9):
        (tmp_path / "coded").write_bytes(compress(body, "dcz", level=level, dictionary=known))
        shown = subprocess.run(
            [command, "-d", "-D", "known", "--memory=8MB", "-c", "coded"],
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        assert shown.returncode == 0, shown.stderr
        assert shown.stdout == body


def test_what_begins_as_a_trained_dictionary_is_taken_as_it_is() -> None:
    data = bytes.fromhex("37a430ec") + SCRIPT
    known = Dictionary(data)
    coded = compress(data, "dcz", dictionary=known)
    check(coded, data, known)
    assert len(coded) < 200


def test_a_dictionary_is_its_bytes() -> None:
    known = Dictionary(b"abc")
    assert known.data == b"abc"
    assert Dictionary(SCRIPT).data is not SCRIPT
    assert known.digest == hashlib.sha256(b"abc").digest()
    assert known.sha256 == hashlib.sha256(b"abc").hexdigest()
    assert known == Dictionary(bytearray(b"abc"))
    assert hash(known) == hash(Dictionary(memoryview(b"abc")))
    assert known != Dictionary(b"xyz")
    assert known != b"abc"
    assert repr(known) == "<Dictionary ba7816bf of 3 bytes>"
    with pytest.raises(AttributeError):
        known.data = b"xyz"  # type: ignore[misc]


def test_what_is_no_dictionary_is_refused() -> None:
    assert lib.FGZ_DICTIONARY_MAX_NBYTES == dictionary.MAX_NBYTES
    Dictionary(bytes(dictionary.MAX_NBYTES))
    for data in (b"", bytes(dictionary.MAX_NBYTES + 1)):
        with pytest.raises(ValueError, match="a dictionary has 1 to 8388608 bytes"):
            Dictionary(data)
    with pytest.raises(TypeError, match="bytes-like"):
        Dictionary("abc")  # type: ignore[arg-type]


def test_a_dictionary_too_many_or_too_few_is_refused() -> None:
    known = Dictionary(PAGE)
    compress(PAGE, "dcz", dictionary=known)
    makers: list[Callable[..., Any]] = [
        lambda coding, **more: compress(PAGE, coding, **more),
        Encoder,
    ]
    for make in makers:
        for small in (0, 1):
            with pytest.raises(ValueError, match='"dcz" needs a dictionary'):
                make("dcz", level=small + 3)
        for coding in available_codings():
            if coding != "dcz":
                with pytest.raises(ValueError, match=f"{coding!r} takes no dictionary"):
                    make(coding, dictionary=known)
        with pytest.raises(ValueError, match=r"unknown coding 'dcb': not one of .*, dcz"):
            make("dcb", dictionary=known)
        with pytest.raises(ValueError, match="level 99 of dcz"):
            make("dcz", level=99, dictionary=known)
        with pytest.raises(TypeError, match="must be a Dictionary, not bytes"):
            make("dcz", dictionary=PAGE)


def test_a_promise_is_kept() -> None:
    encoder = Encoder("dcz", size=3, dictionary=Dictionary(PAGE))
    with pytest.raises(EncoderStateError, match="declared size"):
        encoder.finish(b"abcd")


def test_nothing_of_one_body_or_dictionary_shows_in_another() -> None:
    known = [Dictionary(PAGE), Dictionary(SCRIPT), Dictionary(SCRIPT * 6), Dictionary(b"x")]
    bodies = (PAGE[3000:9000], SCRIPT[:9000], SCRIPT * 5, b"")
    alone = {}
    for each in known:
        for body in bodies:
            encoder = core.Bodies(core.DCZ, 3)
            made = encoder._maker.make()
            referred = core.Prepared(each.data, each.digest, 3, small=False)
            alone[each, body] = core.compress_bytes(
                made.address, body, len(body), referred.address
            )
    pairs = list(alone) * 3
    random.Random(5).shuffle(pairs)
    for each, body in pairs:
        assert compress(body, "dcz", dictionary=each) == alone[each, body]


def test_threads_share_what_is_prepared() -> None:
    known = Dictionary(SCRIPT + b"threads")
    bodies = [SCRIPT[at : at + 8000] for at in range(0, 48_000, 8000)]
    expected = [compress(body, "dcz", level=5, dictionary=known) for body in bodies]
    failed: list[int] = []
    barrier = threading.Barrier(4)

    def work() -> None:
        barrier.wait()
        for number in range(60):
            # Others push it out meanwhile.
            compress(b"x", "dcz", level=4, dictionary=Dictionary(SCRIPT + b"%d" % number))
            at = number % len(bodies)
            # Equal, but not the same.
            again = Dictionary(SCRIPT + b"threads")
            if compress(bodies[at], "dcz", level=5, dictionary=again) != expected[at]:
                failed.append(number)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_saved_is_told_beforehand(level: int) -> None:
    known = Dictionary(SCRIPT)
    numbers = random.Random(6)
    cases = {
        SCRIPT[9000:30_000] + b"new": dcz.Saving.MUCH,
        SCRIPT[9000:11_000] + numbers.randbytes(7000): dcz.Saving.MUCH,
        SCRIPT[9000:9300]: dcz.Saving.PERHAPS,
        SCRIPT[9000:9020] + numbers.randbytes(400): dcz.Saving.NOTHING,
        SCRIPT[9000:9020]: dcz.Saving.NOTHING,
        numbers.randbytes(9000): dcz.Saving.NOTHING,
        b"": dcz.Saving.NOTHING,
    }
    for body, told in cases.items():
        assert dcz.saving(known, level, body) is told
        is_smaller = len(compress(body, "dcz", level=level, dictionary=known)) < len(
            compress(body, "zstd", level=level)
        )
        assert is_smaller == (told is not dcz.Saving.NOTHING)
    # Of a long dictionary nothing is known beforehand.
    for body in (SCRIPT, b"x" * 9000):
        assert dcz.saving(Dictionary(SCRIPT * 6), level, body) is dcz.Saving.PERHAPS


def test_what_is_asked_of_a_dictionary_is_asked_while_it_is_there() -> None:
    known = Dictionary(SCRIPT * 6)
    alive: list[core.Prepared] = []

    def observe(_frame: object, event: str, called: object) -> None:
        if event == "c_call" and called is core.saving_of:
            alive.extend(
                one
                for one in gc.get_objects()
                if isinstance(one, core.Prepared) and one.data is known.data
            )

    sys.setprofile(observe)
    try:
        dcz.saving(known, 3, PAGE)
    finally:
        sys.setprofile(None)
    assert len(alive) == 1
    # It is not kept: nothing was prepared.
    assert alive[0] not in dcz._kept.values()


@pytest.mark.parametrize("level", [1, 2, 3])
def test_what_is_unlike_the_dictionary_is_coded_without(level: int) -> None:
    known = Dictionary(bytes(reversed(SCRIPT)))
    for nbytes in (400, 900, 9000, 60_000):
        body = SCRIPT[:nbytes]
        coded = compress(body, "dcz", level=level, dictionary=known)
        check(coded, body, known)
        assert coded[HEADER_NBYTES:] == compress(body, "zstd", level=level)


def test_only_of_bytes_it_is_told_what_is_saved() -> None:
    address = dcz.prepared(Dictionary(PAGE), 3, small=False).address
    with pytest.raises(TypeError):
        core.saving_of(address, bytearray(PAGE))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        core.saving_of("1", PAGE)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="arguments"):
        core.saving_of(address)  # type: ignore[call-arg]


def test_it_is_prepared_once() -> None:
    data = SCRIPT + b"once"
    first = dcz.prepared(Dictionary(data), 3, small=False)
    assert dcz.prepared(Dictionary(data), 3, small=False) is first
    assert dcz.prepared(Dictionary(data), 4, small=False) is not first
    assert dcz.prepared(Dictionary(data), 3, small=True) is not first


def test_a_thousand_dictionaries_take_bounded_memory() -> None:
    used = Dictionary(SCRIPT + b"used")
    kept = dcz.prepared(used, 3, small=False)
    for number in range(1000):
        known = Dictionary(SCRIPT + b"%d" % number)
        assert compress(SCRIPT[:500], "dcz", dictionary=known)
        assert dcz.kept_nbytes() <= dcz.MAX_NBYTES
        # What is used again and again stays.
        assert dcz.prepared(used, 3, small=False) is kept
    assert dcz.kept_nbytes() > dcz.MAX_NBYTES // 2


def test_a_long_dictionary_is_not_kept() -> None:
    before = dcz.kept_nbytes()
    known = Dictionary(SCRIPT * 10)
    assert compress(SCRIPT, "dcz", dictionary=known)
    assert dcz.kept_nbytes() == before


def test_a_dictionary_lives_as_long_as_a_stream_refers_to_it() -> None:
    known = Dictionary(SCRIPT + b"a stream's")
    encoder = Encoder("dcz", 4, dictionary=known)
    coded = encoder.flush(SCRIPT[:30_000])
    data = bytes(bytearray(known.data))
    del known
    # All that is kept goes.
    for number in range(100):
        compress(b"x", "dcz", level=4, dictionary=Dictionary(SCRIPT + b"%d" % number))
    assert not any(key[0] == hashlib.sha256(data).digest() for key in dcz._kept)
    coded += encoder.flush(SCRIPT[30_000:]) + encoder.finish()
    check(coded, SCRIPT, Dictionary(data))


def test_a_stream_lets_go_of_its_dictionary() -> None:
    class Prepared(core.Prepared):
        __slots__ = ("__weakref__",)

    referred = Prepared(SCRIPT * 10, b"d" * 32, 3, small=False)
    alive = weakref.ref(referred)
    streams = dcz.Streams(3, False)
    stream = core.CoreStream(streams, None, referred)
    stream.call(1, SCRIPT)
    del referred
    assert alive() is not None
    stream.close()
    assert alive() is None
    kept = streams.take()
    out = ffi.new("char[]", 1000)
    result = lib.fgz_finish(kept.encoder, b"", 0, out, 1000)
    assert lib.fgz_error_code(result) == lib.FGZ_ERROR_DICTIONARY


def _code_in_child(queue: Any, data: bytes) -> None:
    queue.put(compress(PAGE, "dcz", dictionary=Dictionary(data)))


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="there is no fork"
)
def test_a_child_goes_on_with_what_is_prepared() -> None:
    known = Dictionary(PAGE)
    coded = compress(PAGE, "dcz", dictionary=known)
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    # As if another thread were preparing one.
    with dcz._lock.own:
        child = context.Process(target=_code_in_child, args=(queue, SCRIPT[:777]))
        child.start()
        made = queue.get(timeout=60)
        child.join()
    assert made == compress(PAGE, "dcz", dictionary=Dictionary(SCRIPT[:777]))
    assert compress(PAGE, "dcz", dictionary=known) == coded
