"""ASGI applications that nobody would write, each with and without the middleware.

``MADE_UP_APPLICATIONS=100000 pytest tests/doors/test_made_up_asgi.py`` tries as many as that.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any
from typing import NamedTuple

import asgi_script as said
import pytest
from asgi_messages import scope_of
from asgi_script import Body
from asgi_script import Change
from asgi_script import Complaint
from asgi_script import Descriptor
from asgi_script import Failed
from asgi_script import File
from asgi_script import Gone
from asgi_script import Other
from asgi_script import Raise
from asgi_script import Receive
from asgi_script import Run
from asgi_script import Scope
from asgi_script import Script
from asgi_script import Seen
from asgi_script import Server
from asgi_script import Start
from asgi_script import Turn
from asking import decoded
from asking import decoded_part
from hypothesis import HealthCheck
from hypothesis import event
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from pyfastgz import EncoderStateError
from pyfastgz.asgi import CompressMiddleware

EXAMPLES = int(os.environ.get("MADE_UP_APPLICATIONS", "1000"))
OURS = {
    b"content-encoding",
    b"content-length",
    b"vary",
    b"etag",
    b"accept-ranges",
}

sends = st.booleans()


def usual(first: str, others: Any) -> Any:
    """Return a strategy that has one value half of the time."""
    return st.one_of(st.just(first), st.sampled_from(sorted(others)))


starts = st.builds(
    Start,
    usual("200", said.STATUSES),
    usual("html", said.HEADERS),
    st.booleans(),
    st.sampled_from(["", "", "", "", "", "status", "headers"]),
    sends,
)
bodies = st.builds(
    Body,
    usual("page", said.BODIES),
    usual("yes", said.MORE),
    st.sampled_from(["", "", "", "", "", "body", "more_body"]),
    sends,
)
files = st.builds(File, usual("right", said.PATHS), sends)
descriptors = st.builds(
    Descriptor,
    usual("right", said.OPEN),
    st.sampled_from([None, None, 0, 5, -1, 10**9, "5"]),
    st.sampled_from([None, None, 5, 900, -1, 10**9]),
    usual("no", said.MORE),
    sends,
)
others = st.builds(
    Other, st.sampled_from(["push", "debug", "early_hint", "trailers", *said.WRONG]), sends
)
raises = st.sampled_from(
    [Raise(Failed), Raise(Gone), Raise(asyncio.CancelledError), Raise(GeneratorExit)]
)
steps = st.one_of(
    starts,
    bodies,
    bodies,
    bodies,
    files,
    descriptors,
    others,
    raises,
    st.just(Receive()),
    st.just(Change()),
    st.just(Scope()),
    st.builds(Turn, st.integers(1, 3)),
)
endings = st.builds(Body, usual("empty", said.BODIES), st.just("no"), st.just(""))
scripts = st.one_of(
    st.lists(steps, max_size=6),
    st.builds(
        lambda first, more, last: [first, *more, last],
        starts,
        st.lists(steps, max_size=4),
        endings,
    ),
).map(tuple)


def scope_with(method: str, accept: str) -> dict[str, Any]:
    return scope_of(
        method,
        accept,
        extensions={
            "http.response.pathsend": {},
            "http.response.zerocopysend": {},
            "http.response.trailers": {},
        },
    )


OPTIONS = st.fixed_dictionaries(
    {"stream_flush_ms": st.just(0)},
    optional={
        "extra_mimetypes": st.just(["text/event-stream"]),
        "min_size": st.sampled_from([0, 500]),
        "store_bytes": st.just(0),
        "decode_requests": st.just(True),
        "errors": st.just(True),
    },
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files")
    (path / "page.html").write_bytes(said.PAGE)
    return path


class Served(NamedTuple):
    """What became of a script.

    :param seen: what its server took.
    :param run: what the application met.
    :param complaints: what the event loop complained of.
    """

    seen: Seen
    run: Run
    complaints: list[Any]


def served(run: Run, server: Server, app: Any) -> Served:
    """Have a server answer a request with an application, which runs a script."""
    complaints: list[Any] = []

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        try:
            await app(server.scope, server.receive, server.send)
        except (Exception, Gone, asyncio.CancelledError, GeneratorExit) as error:
            server.seen.error = type(error)
        await asyncio.sleep(0)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        if left:
            complaints.append(left)

    asyncio.run(serve())
    run.close()
    return Served(server.seen, run, complaints)


def kind_of(error: type[BaseException] | None) -> type[BaseException] | str | None:
    """Return what an error is: of complaints, who says it first differs."""
    known = (
        Complaint,
        TypeError,
        KeyError,
        ValueError,
        AttributeError,
        OSError,
        EncoderStateError,
    )
    return "complaint" if error is not None and issubclass(error, known) else error


def check_same(plain: Served, coded: Served) -> None:
    """Check that a server sees the same, but for the coding."""
    assert kind_of(coded.seen.error) == kind_of(plain.seen.error)
    error, start = plain.seen.error, coded.seen.start
    if error is not None and not issubclass(error, Exception) and start is None:
        # A start that waits is not sent for whoever is cancelled.
        assert plain.seen.body == b""
        return
    assert coded.seen.status == plain.seen.status
    assert others_of(coded.seen.lines) == others_of(plain.seen.lines)
    assert coded.seen.others == plain.seen.others
    assert coded.seen.is_complete == plain.seen.is_complete
    assert coded.run.received == plain.run.received
    raw, body = coded.seen.body, plain.seen.body
    if coded.seen.coding == plain.seen.coding:
        assert raw == body
    elif coded.seen.is_complete and raw:
        assert decoded(str(coded.seen.coding), raw) == body
    else:
        assert decoded_part(coded.seen.coding, raw) == body


def others_of(lines: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the lines that coding leaves as they are."""
    return [line for line in lines if line[0] not in OURS]


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    script=scripts,
    method=st.sampled_from(["GET", "GET", "HEAD", "POST"]),
    accept=st.sampled_from(["gzip", "zstd", "identity"]),
    fails_at=st.none() | st.none() | st.integers(0, 4),
    options=OPTIONS,
)
def test_r49_any_application_is_the_same_with_it(  # noqa: PLR0917
    folder: Path,
    caplog: pytest.LogCaptureFixture,
    script: Script,
    method: str,
    accept: str,
    fails_at: int | None,
    options: dict[str, Any],
) -> None:
    runs = Run(script, folder), Run(script, folder)
    servers = [Server(scope_with(method, accept), fails_at) for _ in runs]
    plain = served(runs[0], servers[0], runs[0])
    coded = served(runs[1], servers[1], CompressMiddleware(runs[1], **options))
    caplog.clear()
    assert coded.complaints == plain.complaints == []
    event(f"{plain.seen.status} {coded.seen.coding} {kind_of(plain.seen.error)}")
    if fails_at is None and not (plain.seen.refused_start or plain.seen.refused_length):
        # A start is refused later with it, when something else was sent perhaps. A length that
        # is wrong is no more there (R22), or an error all the same (R40).
        check_same(plain, coded)
