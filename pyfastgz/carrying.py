"""Carries plans out, for every door: what is sent of a response, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from io import FileIO
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple
from typing import Protocol

from .coding.stream import StreamCoder
from .files import FilePieces
from .http.answers import Answer
from .http.answers import with_noise
from .http.eligibility import SkipReason
from .http.exchange import Wishes
from .http.exchange import without
from .http.plan import plan_response
from .http.steps import Plan
from .http.steps import Step
from .length_noise import letters
from .outcome import SKIPPED
from .outcome import Outcome
from .outcome import outcome_of
from .settling import Coded
from .store.files import identity_of
from .store.files import read_at_once
from .store.keyed import key_of
from .store.sibling import is_unchanged

if TYPE_CHECKING:
    from .engine import Engine
    from .policy import Policy
    from .store.sibling import Sibling


class Source(Protocol):
    """A response as its door has it, for what has to be read of it."""

    @property
    def request(self) -> Any:
        """What ``COMPRESS_CACHE_KEY`` is called with."""
        ...

    @property
    def parts(self) -> Any:
        """The body. That of a file can be closed."""
        ...

    @property
    def file(self) -> Any:
        """The open file that it consists of, None if it may be anything else."""
        ...

    def whole(self) -> bytes:
        """Return all bytes of a body that is there."""
        ...

    def chunks(self) -> Any:
        """Return a body as what can be iterated over, and perhaps closed."""
        ...


class Sent(NamedTuple):
    """What a client gets: the body of the response, or what is here in place of it.

    :param answer: status, fields, and perhaps a text in place of the body.
    :param outcome: what became of the response; None for a stream, which tells it in the end.
    :param body: a coded body.
    :param chunks: what is sent in pieces, or coded by ``coder`` before that.
    :param coder: codes what comes of the body as it comes.
    :param level: that of the coder.
    :param file: a coded form that lies ready, open at its beginning, to be sent as the server
        sends files.
    """

    answer: Answer
    outcome: Outcome | None
    body: bytes | None = None
    chunks: Any = None
    coder: StreamCoder | None = None
    level: int = 0
    file: FileIO | None = None

    def in_place(self, method: str) -> bytes | None:
        """Return what is sent in place of the body; None if that stays, or is streamed.

        :param method: of the request; to HEAD some servers send whatever they get.
        """
        answer, body = self.answer, self.body
        if answer.text is not None:
            body = answer.text.encode()
        if answer.status == 304:
            return b""
        return b"" if method == "HEAD" and body is not None else body

    def close(self) -> None:
        """Free what is not sent after all."""
        for each in (self.coder, self.file, self.chunks):
            close = getattr(each, "close", None)
            if close is not None:
                close()


AS_IT_IS = Sent(Answer(None), None)
"""What is sent where nothing could be decided: fields and body as they are."""

ASKED_AGAIN = Sent(Answer(None), None)
"""Nothing: the application is to be asked again, for all of what it sends a part of."""


def wants(engine: Engine, policy: Policy, request: Any, response: Any) -> bool:
    """Ask the application whether it wants a coding; if that fails, it does not.

    :param policy: has something to ask with.
    :param request: what that is called with, and so is ``response``.
    """
    assert policy.predicate is not None
    try:
        return bool(policy.predicate(request, response))
    except Exception as error:
        name = engine.named("COMPRESS_PREDICATE")
        engine.log_once(f"{name} failed; the response is sent as it is", error)
        return False


def carry_out(
    plan: Answer | Plan,
    source: Source,
    engine: Engine,
    wishes: Wishes,
    report: Callable[[Outcome], object],
) -> Sent:
    """Code what is to be coded, and return what is sent.

    :param plan: what was decided; its step is neither ``ASK`` nor ``RESTORE``.
    :param wishes: what the view of the response asks for.
    :param report: called once with what became of a coded stream, when that is closed.
    """
    while isinstance(plan, Plan):
        if plan.step is Step.READY:
            sent = _ready(plan, source, engine)
            if sent is not None:
                return sent
            plan = plan_response(without(plan.exchange, plan.coding), plan.policy, wishes)
            continue
        if plan.step is Step.LABEL:
            plan = engine.label(plan)
            continue
        if plan.step is Step.STREAM:
            sent = _streamed(plan, source, engine, report)
            if sent is not None:
                return sent
        elif plan.exchange.file is None:
            return _coded(plan, source, engine, wishes)
        else:
            known: Any = plan.exchange.file
            coded = engine.code_file(plan, partial(read_at_once, source.file, known))
            if coded is not None:
                return _of_coded(coded)
        # The dictionary is of no use, or is lost, or coding may take no more time.
        plan = plan.otherwise or plan.answer(reason=SkipReason.BUDGET)
    return Sent(plan, outcome_of(plan))


def _of_coded(coded: Coded) -> Sent:
    answer, body, outcome, *_ = coded
    return Sent(answer, outcome, None if answer.coding is None else body)


def _coded(plan: Plan, source: Source, engine: Engine, wishes: Wishes) -> Sent:
    """Code a whole body."""
    try:
        body = source.whole()
        noise_key = engine.settings.noise_key() if plan.noise else None
    except Exception as error:
        answer = engine.failed(plan, error)
        return Sent(answer, outcome_of(answer))
    key = None
    cache_key = engine.settings.last.cache_key
    if engine.cache is not None and cache_key is not None:
        key = key_of(cache_key, source.request, engine.named)
    sent = _of_coded(engine.code(plan, body, wishes.levels.get(plan.coding), key))
    if noise_key is not None and sent.body is not None:
        noise = letters(noise_key, sent.body, plan.noise)
        return sent._replace(answer=with_noise(sent.answer, noise))
    return sent


def _streamed(
    plan: Plan, source: Source, engine: Engine, report: Callable[[Outcome], object]
) -> Sent | None:
    """Code a body as it is pulled; None if that is not to be done."""

    def closed(in_nbytes: int, out_nbytes: int, seconds: float) -> None:
        report(Outcome(plan.coding, None, in_nbytes, out_nbytes, seconds))

    known: Any = plan.exchange.file
    try:
        if known is None:
            chunks = source.chunks()
        else:
            chunks = FilePieces(source.parts, source.file, known, 0, known.nbytes)
        coder = engine.stream(plan, closed)
    except Exception as error:
        answer = engine.failed(plan, error)
        return Sent(answer, outcome_of(answer))
    if coder is None:
        return None
    return Sent(plan.answer(), None, chunks=chunks, coder=coder, level=plan.level)


# ---- Forms that lie ready ----


def _ready(plan: Plan, source: Source, engine: Engine) -> Sent | None:
    """Send a form that lies ready, as far as it is asked for; None if it is there no more."""
    file, sibling = source.file, plan.exchange.ready[plan.coding]
    sent = _ready_body(plan, sibling, engine, file)
    if sent is not None:
        return sent
    opened = engine.siblings.opened(sibling, file)  # type: ignore[arg-type]
    return None if opened is None else _ready_file(plan, opened, source)


def _ready_body(plan: Plan, sibling: Any, engine: Engine, file: Any) -> Sent | None:
    """Send the bytes of a form if they are kept, and if all of them are asked for.

    :param file: the open file that the form is of.
    """
    exchange, answer = plan.exchange, plan.answer()
    if (
        exchange.method != "GET"
        or not plan.may_keep
        or answer.reason is not None
        or answer.status is not None
    ):
        return None
    body = _kept_body(sibling, engine, file)
    if body is None:
        return None
    return Sent(answer, Outcome(plan.coding, None, exchange.nbytes or 0, len(body)), body)


def _kept_body(sibling: Sibling, engine: Engine, source: Any) -> bytes | None:
    """Return the bytes of a sibling, None if it is to be sent as the file that it is.

    One that is not long, and was found right before, is read once and kept: to open a file
    takes longer than to send a short one.

    :param source: the file, opened, that it is a form of.
    """
    store, known = engine.store, sibling.right
    if (
        store is None
        or known is None
        or sibling.nbytes > engine.settings.last.file_nbytes
        or not is_unchanged(sibling)
    ):
        return None

    def read() -> tuple[bytes, bool]:
        file = engine.siblings.opened(sibling, source)
        if file is None:
            raise OSError(f"{sibling.path} has changed")
        with file:
            return read_at_once(file, known)

    try:
        return store.read_file(known, read)
    except OSError:
        return None


def _ready_file(plan: Plan, file: FileIO, source: Source) -> Sent:
    """Send a form as any file is sent, so that nobody need read it.

    :param file: the form, opened; it is closed with what is sent, and the source is closed now.
    """
    exchange, answer = plan.exchange, plan.answer()
    if answer.reason is not None:
        file.close()
        return Sent(answer, SKIPPED[answer.reason])
    source.parts.close()
    if exchange.method == "HEAD":
        file.close()
        return Sent(answer, Outcome(plan.coding, None), chunks=[])
    if answer.part is not None:
        known = identity_of(file.fileno())
        assert known is not None
        pieces = FilePieces(file, file, known, *answer.part)
        return Sent(answer, Outcome(plan.coding, None), chunks=pieces)
    nbytes = exchange.ready[plan.coding].nbytes
    outcome = Outcome(plan.coding, None, exchange.nbytes or 0, nbytes)
    return Sent(answer, outcome, file=file)
