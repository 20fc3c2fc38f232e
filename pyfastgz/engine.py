"""What one application has of all this: settings, store, counters. It carries plans out."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any

from .budget import Budget
from .coding import Settings
from .coding.dcz import Saving
from .coding.dcz import saving as saving_of
from .coding.dictionary import Dictionary
from .coding.encoder import Encoder
from .coding.stream import StreamCoder
from .http.answers import Answer
from .http.eligibility import SkipReason
from .http.plain import PlainPlan
from .http.repeated import FilePlans
from .http.repeated import is_for_many
from .http.steps import Plan
from .http.tags import is_strong
from .keeping import Keeper
from .logged import LoggedOnce
from .outcome import Stats
from .outcome import Tally
from .own_tags import OwnTags
from .settling import Coded
from .settling import coded_before
from .settling import coded_now
from .settling import coded_plainly
from .settling import left
from .settling import not_coded
from .settling import noted
from .settling import plainly_before
from .settling import the_smaller
from .settling import way_of
from .static.siblings import Siblings
from .store.bodies import NOTHING_KEPT
from .store.bodies import Form
from .store.dictionaries import Dictionaries
from .store.keyed import code_through
from .store.keyed import entry_name
from .store.keyed import sealed_with
from .transports import Transports


class Engine(Keeper):
    """What a door keeps for an application.

    :param settings: the application's configuration; the part that may change is read again
        whenever it did.
    :param root: the folder that paths in there are relative to.
    :param named: returns what the application calls a setting, by its key.
    :raises ConfigurationError: a setting is not usable.
    """

    __slots__ = (
        "file_plans",
        "hook",
        "log_once",
        "own_tags",
        "siblings",
        "tally",
        "transports",
    )

    budget: Budget | None = None
    """How much of the processor coding may take; None for whatever it takes."""

    # What another kind of engine does in a way of its own.
    _saving = staticmethod(saving_of)

    def __init__(
        self, settings: dict[str, Any], root: str = "", named: Callable[[str], str] = str
    ) -> None:
        super().__init__(settings, named)
        self.hook: Callable[..., Any] | None = None
        """What the door has put into the application; None if nothing is ever looked at."""
        self.siblings = Siblings()
        """Knows which coded forms of files lie ready."""
        self.file_plans = FilePlans()
        """What was decided of files a moment ago."""
        folder, name = self.settings.last.dictionaries, named("COMPRESS_DICTIONARIES")
        self.transports: Transports | None = None
        if folder is not None:
            self.transports = Transports(Dictionaries(os.path.join(root, folder), named=name))
        """Knows which dictionaries there are (RFC 9842); None if the application has none."""
        self.tally = Tally()
        """Counts what became of responses."""
        self.own_tags = OwnTags()
        """What stands between the quotes of tags that the application ends as coding does."""
        self.log_once = LoggedOnce()
        """Logs what failed."""

    def code(
        self, plan: Plan, body: bytes, own_level: int | None = None, key: str | None = None
    ) -> Coded:
        """Code a whole body, unless that is kept, and settle what the client gets.

        A body that cannot be coded is logged and sent as it is.

        :param own_level: the level that the view asks for; None if it has the application's.
        :param key: names the body in the cache; None for not at all.
        """
        nbytes = len(body)
        if nbytes < plan.min_nbytes:
            return not_coded(plan.answer(nbytes))
        if plan.dictionary is not None:
            return self._code_with_dictionary(plan, body, own_level, key)
        coding, level, brotli = plan.coding, plan.level, self.settings.last.brotli
        try:
            if key is not None and self.cache is not None:
                coded, seconds = code_through(
                    self.cache,
                    entry_name(coding, key, own_level),
                    body,
                    lambda body: self._encode(body, coding, level, brotli),
                    sealed_with(coding, level, brotli),
                )
            elif not plan.may_keep:
                coded, seconds = self._encode(body, coding, level, brotli)
            elif self.store is None:
                coded, seconds = self._code(body, coding, level, brotli)
            else:
                form, seconds = self.store.compress(body, coding, level, brotli)
                coded = form.coded
        except Exception as error:
            return not_coded(self.failed(plan, error))
        return coded_now(plan, nbytes, coded, seconds)

    def settle_plain(self, plain: PlainPlan, body: bytes) -> Coded:
        """Settle what the client gets in a plain exchange, if the core has not done so.

        See :func:`.coding.core.answer_plainly`. Raises what coding raises.
        """
        return self.code_plain(plain, body) if plain.coding else left(plain)

    def code_plain(self, plain: PlainPlan, body: bytes) -> Coded:
        """Code the body of a plain exchange: as :meth:`code`, in less time if it is kept.

        Raises what coding raises.

        :param plain: was looked up, and codes.
        """
        if plain.dictionary is not None:
            return self._code_plainly_with(plain.dictionary.sha256, plain, body)
        nbytes, brotli = len(body), self.settings.last.brotli
        if self.store is None:
            coded, seconds = self._code(body, plain.coding, plain.level, brotli)
            return coded_plainly(plain, nbytes, coded, seconds)
        if plain.way is None:
            plain.way = way_of(plain, self.store, brotli)
        form, seconds = self.store.compress(body, plain.coding, plain.level, brotli)
        if seconds:
            return coded_plainly(plain, nbytes, form.coded, seconds)
        return plainly_before(plain, nbytes, form)

    def _code_plainly_with(self, sha256: str, plain: PlainPlan, body: bytes) -> Coded:
        """Do the same with the dictionary of that hash."""
        plan = plain.plan
        assert plan is not None
        if self.store is not None:
            kept = self.store.kept(body, (plan.coding, plan.level, sha256))
            settled = None if kept is None else noted(plan, kept)
            if settled is not None and settled.answer.coding == plan.coding:
                return settled
        return self.code(plan, body)

    def dictionary_of(self, plan: Plan) -> Dictionary | None:
        """Return what a plan's coding refers to, None if that is nothing, or is lost."""
        if plan.dictionary is None or self.transports is None:
            return None
        return self.transports.dictionaries.load(plan.dictionary.sha256)

    def _code_with_dictionary(
        self, plan: Plan, body: bytes, own_level: int | None, key: str | None
    ) -> Coded:
        """Code a whole body with a dictionary, if it is smaller then than otherwise."""

        code_otherwise = partial(self._code_otherwise, plan, body, own_level, key)
        coding, level = plan.coding, plan.level
        dictionary = self.dictionary_of(plan)
        if dictionary is None:
            return code_otherwise()
        try:
            saved = self._saving(dictionary, level, body)
            if saved is Saving.NOTHING and (
                isinstance(plan.otherwise, Plan) or not plan.may_grow
            ):
                return code_otherwise()
            if self.store is not None and plan.may_keep:
                form, seconds = self.store.compress(body, coding, level, dictionary)
            else:
                coded, seconds = self._encode(body, coding, level, dictionary)
                form = Form(coded)
        except Exception as error:
            self.failed(plan, error)
            return code_otherwise()
        is_likely = saved is Saving.MUCH
        return the_smaller(plan, len(body), form, seconds, code_otherwise, is_likely=is_likely)

    def _code_otherwise(
        self, plan: Plan, body: bytes, own_level: int | None, key: str | None
    ) -> Coded:
        """Do with a whole body what is to be done without its dictionary."""
        otherwise = plan.otherwise
        assert otherwise is not None
        if isinstance(otherwise, Plan):
            return self.code(otherwise, body, own_level, key)
        # Who takes no body without a coding would be refused.
        return not_coded(otherwise, None if plan.may_grow else len(body))

    def code_file(self, plan: Plan, read: Callable[[], tuple[bytes, bool]]) -> Coded | None:
        """Code a file, unless it is kept, and settle what the client gets.

        One that cannot be read or coded is logged and sent as it is.

        :param read: returns the bytes of the file, and whether what names them in the plan will
            stand for them from now on.
        :return: None if something else is to be done: what the plan has as ``otherwise``.
        """
        coding, level = plan.coding, plan.level
        settings: Settings = self.settings.last.brotli
        if plan.dictionary is not None:
            dictionary = self.dictionary_of(plan)
            if dictionary is None:
                return None
            settings = dictionary
        try:
            if self.store is not None and plan.may_keep:
                name = plan.exchange.file
                form, seconds = self.store.compress_file(name, read, coding, level, settings)
            else:
                coded, seconds = self._encode(read()[0], coding, level, settings)
                form = Form(coded)
        except Exception as error:
            answer = self.failed(plan, error)
            return not_coded(answer) if plan.dictionary is None else None
        return self._settled_file(plan, form, seconds, read)

    def _settled_file(
        self, plan: Plan, form: Form, seconds: float, read: Callable[[], tuple[bytes, bool]]
    ) -> Coded | None:
        """Settle what the client gets of a file that was coded, or was kept."""
        nbytes = plan.exchange.nbytes or 0
        if plan.dictionary is not None:
            return self._the_smaller_file(plan, nbytes, form, seconds, read)
        if not seconds and is_for_many(plan.exchange):
            return coded_before(plan, nbytes, form)
        return coded_now(plan, nbytes, form.coded, seconds)

    def _the_smaller_file(
        self,
        plan: Plan,
        nbytes: int,
        form: Form,
        seconds: float,
        read: Callable[[], tuple[bytes, bool]],
    ) -> Coded | None:
        """Settle what the client gets of a file that was coded with a dictionary."""
        otherwise = plan.otherwise
        if plan.ready_nbytes is not None:
            is_less = len(form.coded) < plan.ready_nbytes
            return coded_now(plan, nbytes, form.coded, seconds) if is_less else None
        if not isinstance(otherwise, Plan):
            settled = coded_now(plan, nbytes, form.coded, seconds)
            return None if settled.answer.coding is None else settled

        code_otherwise = partial(self._code_file_otherwise, otherwise, read)
        return the_smaller(plan, nbytes, form, seconds, code_otherwise)

    def _code_file_otherwise(
        self, otherwise: Plan, read: Callable[[], tuple[bytes, bool]]
    ) -> Coded:
        """Do with a file what is to be done without its dictionary."""
        coded = self.code_file(otherwise, read)
        assert coded is not None
        return coded

    def _open_encoder(self, *arguments: Any, **options: Any) -> Encoder:
        return Encoder(*arguments, **options)

    def label(self, plan: Plan) -> Answer | Plan:
        """Return what HEAD gets where GET would be coded, or what is to be done to know it."""
        return plan.answer()

    def stream(
        self, plan: Plan, on_close: Callable[[int, int, float], object] | None = None
    ) -> StreamCoder | None:
        """Return what codes the pieces of a stream, None if that is not to be coded so.

        :param on_close: as for :class:`~pyfastgz.coding.stream.StreamCoder`.
        """
        dictionary = self.dictionary_of(plan)
        if dictionary is None and plan.dictionary is not None:
            return None
        return StreamCoder(
            self._open_encoder(
                plan.coding,
                plan.level,
                plan.nbytes,
                small=plan.is_small,
                brotli=self.settings.last.brotli,
                dictionary=dictionary,
            ),
            flush_seconds=plan.flush_seconds,
            repeatable=is_strong(plan.tag),
            declared_nbytes=plan.declared_nbytes,
            on_close=on_close,
        )

    def stats(self) -> Stats:
        """Return what became of responses so far."""
        store = NOTHING_KEPT if self.store is None else self.store.stats()
        return self.tally.stats(store, None if self.budget is None else self.budget.stats())

    def failed(self, plan: Plan, error: Exception) -> Answer:
        """Log why a body cannot be coded, and return what the client gets instead."""
        self.log_once(f"{plan.coding} failed; the response is sent as it is", error)
        return plan.answer(reason=SkipReason.FAILED)

    def note_tag(self, etag: str) -> None:
        """Remember a tag of the application if it ends as coding would end it."""
        self.own_tags.note(etag, self.settings.last.known_codings)
