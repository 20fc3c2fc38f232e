"""What a client gets of a body, once it is coded: the answer, and what became of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any
from typing import NamedTuple
from weakref import ref

from .coding.br import BrotliSettings
from .coding.encoder import coder_of
from .coding.encoder import compress_in_time
from .http.answers import Answer
from .http.fields import Lasting
from .http.plain import PlainPlan
from .http.repeated import is_for_many
from .http.steps import Plan
from .outcome import SKIPPED
from .outcome import Outcome
from .outcome import outcome_of
from .store.bodies import BodyStore
from .store.bodies import Form
from .store.bodies import form_key


class Coded(NamedTuple):
    """A body that was coded, and what the client gets.

    :param answer: the latter; of a plain exchange without the length.
    :param body: the coded body, if that is sent.
    :param outcome: what became of it.
    :param standing: the edits of the answer, if there are lines of them already.
    :param nbytes: how many bytes the body takes where it is sent; None if that was not found
        out.
    """

    answer: Answer
    body: bytes
    outcome: Outcome
    standing: Lasting | None = None
    nbytes: int | None = None

    def edits(self) -> Lasting:
        """Return the edits of an answer that only adds fields, but for the length."""
        return self.standing or Lasting.of(self.answer.edits)


# Their own constructors, which take keywords, take more than twice as long.
_new_coded = partial(tuple.__new__, Coded)
_new_outcome = partial(tuple.__new__, Outcome)


def coded_now(plan: Plan, nbytes: int, coded: bytes, seconds: float) -> Coded:
    """Settle what the client gets of a body of so many bytes."""
    out_nbytes = len(coded)
    if plan.plain is not None and (out_nbytes < nbytes or plan.may_grow):
        return coded_plainly(plan.plain, nbytes, coded, seconds)
    answer = plan.answer(nbytes, out_nbytes)
    least_nbytes = out_nbytes if plan.may_grow else min(nbytes, out_nbytes)
    if answer.coding is None:
        # The client has it already, perhaps.
        return not_coded(answer, least_nbytes)
    outcome = Outcome(answer.coding, None, nbytes, out_nbytes, seconds)
    return Coded(answer, coded, outcome, None, least_nbytes)


def coded_plainly(plain: PlainPlan, nbytes: int, coded: bytes, seconds: float) -> Coded:
    """Settle the same for a plain exchange, in less time."""
    out_nbytes = len(coded)
    if out_nbytes >= nbytes and not plain.may_grow:
        assert plain.plan is not None
        return coded_now(plain.plan, nbytes, coded, seconds)
    outcome = _new_outcome((plain.coding, None, nbytes, out_nbytes, seconds))
    return _new_coded((plain.answer, coded, outcome, plain.edits, out_nbytes))


def way_of(
    plain: PlainPlan, store: BodyStore, brotli: BrotliSettings
) -> tuple[Any, ...] | None:
    """Return what the core needs to code bodies for a plain plan without a dictionary.

    With it :func:`.coding.core.answer_plainly` does the same as ``store`` and
    :func:`coded_plainly`, in less time.

    :return: None as long as no body was coded so, and if the store codes in a way of its own.
    """
    coding, level = plain.coding, plain.level
    coder = coder_of(coding, level, brotli) if store.code is compress_in_time else None
    if coder is None:
        return None
    return (
        plain,
        form_key(coding, level, brotli),
        coder,
        store,
        compress_in_time,
        *store.parts,
        perf_counter,
        plain.may_grow,
        coded_plainly,
        coding,
        _new_outcome,
        plain.answer,
        plain.edits,
        _new_coded,
    )


def coded_before(plan: Plan, nbytes: int, form: Form) -> Coded:
    """Settle what the client gets of a body of so many bytes that was kept: once for a plan."""
    return noted(plan, form) or _note(plan, form, coded_now(plan, nbytes, form.coded, 0.0))


def plainly_before(plain: PlainPlan, nbytes: int, form: Form) -> Coded:
    """Settle the same for a plain exchange."""
    settled = noted(plain, form)
    if settled is None:
        settled = coded_plainly(plain, nbytes, form.coded, 0.0)
        # Its plan is of many bodies.
        form.note = plain, settled
    return settled


def noted(plan: Plan | PlainPlan, form: Form) -> Coded | None:
    """Return what was settled for a plan, None if nothing was."""
    note = form.note
    return None if note is None or note[0] is not plan else note[1]


def _note(plan: Plan, form: Form, settled: Coded) -> Coded:
    """Note with a form that is kept what was settled for a plan, and return that."""
    form.note = plan, settled
    if plan.plain is None:
        _noted.append(ref(form))
        if len(_noted) > _MAX_NOTED:
            oldest = _noted.popleft()()
            if oldest is not None:
                oldest.note = None
    return settled


# The plan of a file has all fields of a response, which nobody counts, and is itself remembered
# for as many at most. A plain one is of many bodies.
_MAX_NOTED = 128
_noted: deque[ref[Form]] = deque()


# What is coded to this part of its length or less would hardly be smaller without a dictionary:
# by the 44 bytes that name it and check it at most, which count where it is short.
_EVIDENT_SHARE = 16
_EVIDENT_NBYTES = 256


def the_smaller(
    plan: Plan,
    nbytes: int,
    form: Form,
    seconds: float,
    code_otherwise: Callable[[], Coded],
    *,
    is_likely: bool = False,
) -> Coded:
    """Settle what the client gets of a body that was coded with a dictionary.

    :param nbytes: how many bytes the body has.
    :param form: its coded form, and how long that took: ``seconds``, 0 if it was kept.
    :param code_otherwise: codes it without the dictionary.
    :param is_likely: whether it shares so much with the dictionary that zstd would hardly make
        less of it without.
    """
    before = noted(plan, form)
    if before is not None:
        return before
    settled = coded_now(plan, nbytes, form.coded, seconds)
    out_nbytes = len(form.coded)
    is_evident = _EVIDENT_NBYTES <= out_nbytes <= nbytes // _EVIDENT_SHARE
    if not is_evident and not (is_likely and _is_as_zstd(plan.otherwise)):
        plain = code_otherwise()
        if plain.nbytes is not None and plain.nbytes <= out_nbytes:
            settled = plain
    if seconds or not is_for_many(plan.exchange):
        return settled
    outcome = settled.outcome._replace(seconds=0.0)
    return _note(plan, form, settled._replace(outcome=outcome))


def _is_as_zstd(otherwise: Answer | Plan | None) -> bool:
    """Tell whether a body would be coded instead, to hardly less than zstd makes of it."""
    return isinstance(otherwise, Plan) and otherwise.coding != "br"


def left(plain: PlainPlan) -> Coded:
    """Settle that the bodies of a plain plan are sent as they are: once."""
    outcome = SKIPPED[plain.answer.reason]
    plain.left = settled = Coded(plain.answer, b"", outcome, plain.edits)
    return settled


def not_coded(answer: Answer, nbytes: int | None = None) -> Coded:
    """Settle that a body is not sent in a coding.

    :param nbytes: how many bytes it takes where it is sent.
    """
    return Coded(answer, b"", outcome_of(answer), None, nbytes)
