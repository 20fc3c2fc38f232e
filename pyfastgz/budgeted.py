"""The engine of an application whose coding may take only so much of the processor's time.

It does what any other does, but asks the budget which step holds before it codes something. A
plan says which level that means. What is kept, at any level of the plan, is sent whatever the
step is: it takes no time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from .budget import LAST
from .budget import Budget
from .coding import Settings
from .coding.dcz import Saving
from .coding.dcz import saving
from .coding.dictionary import Dictionary
from .coding.encoder import Encoder
from .coding.encoder import compress_in_time
from .coding.stream import StreamCoder
from .engine import Engine
from .http.answers import Answer
from .http.eligibility import SkipReason
from .http.plain import PlainPlan
from .http.steps import Plan
from .settling import Coded
from .settling import coded_now
from .settling import not_coded
from .settling import the_smaller
from .store.bodies import Form
from .store.keyed import entry_name
from .store.keyed import fetch
from .store.keyed import sealed_with
from .store.stepped import SteppedStore


class BudgetedEngine(Engine):
    """What a door keeps for an application that has a CPU budget.

    Parameters and errors are those of :class:`~pyfastgz.engine.Engine`.
    """

    __slots__ = ("budget",)

    _store_kind = SteppedStore

    budget: Budget
    store: SteppedStore | None

    def __init__(
        self, settings: dict[str, Any], root: str = "", named: Callable[[str], str] = str
    ) -> None:
        super().__init__(settings, root, named)
        cores = self.settings.last.cpu_budget
        assert cores is not None
        self.budget = Budget(cores)  # pyright: ignore[reportIncompatibleVariableOverride]

    # ---- What takes time ----

    def _encode(
        self, body: bytes, coding: str, level: int, settings: Settings
    ) -> tuple[bytes, float]:
        return self.budget.charge(compress_in_time, body, coding, level, settings)

    def _saving(self, dictionary: Dictionary, level: int, body: bytes) -> Saving:
        return self.budget.charge(saving, dictionary, level, body)

    def _open_encoder(self, *arguments: Any, **options: Any) -> Encoder:
        return _ChargedEncoder(self.budget, *arguments, **options)

    # ---- Whole bodies ----

    def code(
        self, plan: Plan, body: bytes, own_level: int | None = None, key: str | None = None
    ) -> Coded:
        """Code a whole body, unless that is kept or would take too much, and settle the rest.

        Parameters are those of :meth:`.engine.Engine.code`.
        """
        step = self.budget.step
        return self._counted(step, self._code_at(step, plan, body, own_level, key))

    def code_plain(self, plain: PlainPlan, body: bytes) -> Coded:
        """Code the body of a plain exchange: as :meth:`code`, in less time if it is kept.

        Raises what coding raises.
        """
        step, plan = self.budget.step, plain.plan
        assert plan is not None
        if plan.levels[step] != plan.level:
            return self.code(plan, body)
        coded = super().code_plain(plain, body)
        # With a dictionary it goes the longer way, where it is counted.
        return self._counted(step, coded) if plan.dictionary is None else coded

    def _code_at(
        self, step: int, plan: Plan, body: bytes, own_level: int | None, key: str | None
    ) -> Coded:
        level = plan.levels[step]
        if level == plan.level or len(body) < plan.min_nbytes:
            return super().code(plan, body, own_level, key)
        kept = self._kept(plan, body, own_level, key)
        if kept is not None:
            return kept
        if level is not None:
            if plan.dictionary is None:
                own_level = level
            return super().code(plan._replace(level=level), body, own_level, key)
        if plan.otherwise is not None:
            return self._code_otherwise(plan, body, own_level, key)
        return not_coded(plan.answer(reason=SkipReason.BUDGET))

    def _code_otherwise(
        self, plan: Plan, body: bytes, own_level: int | None, key: str | None
    ) -> Coded:
        otherwise = plan.otherwise
        if isinstance(otherwise, Plan):
            # It is not counted twice.
            return self._code_at(self.budget.step, otherwise, body, own_level, key)
        return super()._code_otherwise(plan, body, own_level, key)

    def _kept(
        self, plan: Plan, body: bytes, own_level: int | None, key: str | None
    ) -> Coded | None:
        """Settle what the client gets of a body that is kept; None if it is not."""
        coding, level, nbytes = plan.coding, plan.level, len(body)
        settings: Settings | None = self.settings.last.brotli
        if plan.dictionary is not None:
            settings = self.dictionary_of(plan)
        elif key is not None and self.cache is not None:
            name = entry_name(coding, key, own_level)
            seal = sealed_with(coding, level, settings)
            coded = fetch(self.cache, name, body, seal)
            return None if coded is None else coded_now(plan, nbytes, coded, 0.0)
        if settings is None or not plan.may_keep:
            return None
        form = self._kept_form(plan, body, settings)
        if form is None:
            return None
        if plan.dictionary is None:
            return coded_now(plan, nbytes, form.coded, 0.0)
        code_otherwise = partial(self._code_otherwise, plan, body, own_level, key)
        return the_smaller(plan, nbytes, form, 0.0, code_otherwise)

    def _kept_form(self, plan: Plan, body: bytes, settings: Settings) -> Form | None:
        """Return the coded form of a body, if it is kept here or where others see it."""
        coding, level, store = plan.coding, plan.level, self.store
        if store is not None:
            form = store.kept_at(body, coding, _levels_of(plan), settings)
            if form is not None:
                return form
        shared = self._shared_store()
        coded = None if shared is None else shared.fetch(body, coding, level, settings)
        if coded is None:
            return None
        if store is None:
            return Form(coded)
        return store.keep(body, coding, level, settings, coded)

    # ---- Files ----

    def code_file(self, plan: Plan, read: Callable[[], tuple[bytes, bool]]) -> Coded | None:
        """Code a file, unless that is kept or would take too much, and settle the rest.

        Parameters and result are those of :meth:`.engine.Engine.code_file`.
        """
        step = self.budget.step
        coded = self._code_file_at(step, plan, read)
        return None if coded is None else self._counted(step, coded)

    def _code_file_at(
        self, step: int, plan: Plan, read: Callable[[], tuple[bytes, bool]]
    ) -> Coded | None:
        level = plan.levels[step]
        if level == plan.level:
            return super().code_file(plan, read)
        form = self._kept_file(plan)
        if form is not None:
            return self._settled_file(plan, form, 0.0, read)
        if level is not None:
            return super().code_file(plan._replace(level=level), read)
        if plan.otherwise is not None:
            return None
        return not_coded(plan.answer(reason=SkipReason.BUDGET))

    def _code_file_otherwise(
        self, otherwise: Plan, read: Callable[[], tuple[bytes, bool]]
    ) -> Coded:
        # It is not counted twice.
        coded = self._code_file_at(self.budget.step, otherwise, read)
        assert coded is not None
        return coded

    def _kept_file(self, plan: Plan) -> Form | None:
        name = plan.exchange.file
        if self.store is None or name is None or not plan.may_keep:
            return None
        settings = plan.dictionary or self.settings.last.brotli
        return self.store.named_at(name, plan.coding, _levels_of(plan), settings)

    def label(self, plan: Plan) -> Answer | Plan:
        """Return what HEAD gets where GET may be coded, or what is to be done to know it."""
        if self.budget.step < LAST or self._kept_file(plan) is not None:
            return plan.answer()
        return plan.otherwise or plan.answer(reason=SkipReason.BUDGET)

    # ---- Streams ----

    def stream(
        self, plan: Plan, on_close: Callable[[int, int, float], object] | None = None
    ) -> StreamCoder | None:
        """Return what codes the pieces of a stream, at the level of now; None if nothing does.

        Parameters are those of :meth:`.engine.Engine.stream`.
        """
        step = self.budget.step
        level = plan.levels[step]
        coder = None
        if level is not None:
            coder = super().stream(plan._replace(level=level), on_close)
        if coder is not None or plan.otherwise is None:
            self.budget.count(step)
        return coder

    def _counted(self, step: int, coded: Coded) -> Coded:
        outcome = coded.outcome
        if outcome.seconds or outcome.reason is SkipReason.BUDGET:
            self.budget.count(step)
        return coded


class _ChargedEncoder(Encoder):
    """An encoder that takes its time out of a budget."""

    __slots__ = ("_budget",)

    def __init__(self, budget: Budget, *arguments: Any, **options: Any) -> None:
        self._budget = budget
        budget.charge(partial(super().__init__, *arguments, **options))

    def _call(self, verb: int, data: Any) -> bytes:
        return self._budget.charge(super()._call, verb, data)


def _levels_of(plan: Plan) -> list[int]:
    """Return the levels of a plan, the best first."""
    return list(dict.fromkeys(level for level in plan.levels if level is not None))


def engine_for(
    settings: dict[str, Any], root: str = "", named: Callable[[str], str] = str
) -> Engine:
    """Return what a door keeps for an application.

    Parameters and errors are those of :class:`~pyfastgz.engine.Engine`.
    """
    has_budget = settings.get("COMPRESS_CPU_BUDGET") is not None
    return (BudgetedEngine if has_budget else Engine)(settings, root, named)
