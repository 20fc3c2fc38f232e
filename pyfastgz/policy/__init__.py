"""What an application wants: its ``COMPRESS_*`` settings as one checked, frozen policy.

A setting has one name: the attribute of :class:`Policy` is the key in lower case without
``COMPRESS_``. :class:`LivePolicy` is what holds at the moment: it follows what changes in
``app.config`` and what is assigned.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import MutableMapping
from copy import copy
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

from ..coding import TAGGED_CODINGS
from ..coding import levels_down
from ..coding.br import BrotliSettings
from ..forks import ProcessLock
from ..http.eligibility import wildcard_pattern
from ..http.negotiation import CodingsBySize
from ..length_noise import derived_key
from .changes import as_set
from .changes import live_values
from .changes import usable_changes
from .kinds import AUTO
from .kinds import installed
from .lookup import items_of
from .lookup import reader_of
from .table import AUTO_LONG
from .table import AUTO_SHORT
from .table import DEFAULTS
from .table import KEYS
from .table import LEVEL_KEYS
from .table import LIVE_KEYS
from .table import NAMES
from .table import read_setting
from .table import unknown_keys
from .watched import WatchedSet

_log = logging.getLogger("pyfastgz")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The settings of one application, validated; those that are not described here are as set.

    :param mimetypes: media types to code, in lower case, some perhaps with a ``*``; those of
        ``COMPRESS_EXTRA_MIMETYPES`` too.
    :param algorithm: enabled codings that are available, in order of preference; in two orders
        for ``"auto"``.
    :param algorithm_streaming: the same for streamed responses.
    :param known_codings: every coding that a response may have.
    :param levels: the level of every coding, by its name.
    :param brotli: how to use brotli.
    :param flush_seconds: in which time a stream may be flushed once more.
    :param wildcards: matches the media types that have a ``*``; None if none has.
    :param file_nbytes: a file of at most so many bytes is coded whole.
    """

    register: bool
    mimetypes: frozenset[str]
    extra_mimetypes: frozenset[str]
    errors: bool
    min_size: int
    predicate: Callable[..., bool] | None
    algorithm: tuple[str, ...]
    auto_size: int
    level: int
    deflate_level: int
    zstd_level: int
    br_level: int
    br_mode: int
    br_window: int
    br_block: int
    not_acceptable: bool
    streams: bool
    algorithm_streaming: tuple[str, ...]
    stream_flush_ms: float
    evaluate_conditional_request: bool
    streaming_endpoint_conditional: frozenset[str]
    store_bytes: int
    cache_backend: Callable[[], Any] | None
    cache_key: Callable[..., str] | None
    dictionaries: str | None
    decode_requests: bool
    request_max_bytes: int | None
    request_max_ratio: float
    length_noise: int
    length_noise_key: bytes | None = field(repr=False)
    server_timing: bool
    cpu_budget: float | None
    known_codings: tuple[str, ...] = field(init=False)
    levels: Mapping[str, int] = field(init=False)
    brotli: BrotliSettings = field(init=False)
    flush_seconds: float = field(init=False)
    wildcards: re.Pattern[str] | None = field(init=False)
    file_nbytes: int = field(init=False)

    def __post_init__(self) -> None:
        """Make once what follows from the settings."""
        levels = {coding: getattr(self, NAMES[key]) for coding, key in LEVEL_KEYS.items()}
        derived = {
            "known_codings": TAGGED_CODINGS,
            "levels": MappingProxyType(levels),
            "brotli": BrotliSettings(self.br_mode, self.br_window, self.br_block),
            "flush_seconds": self.stream_flush_ms / 1000,
            "wildcards": wildcard_pattern(self.mimetypes),
            # As much as one entry of the store may take.
            "file_nbytes": self.store_bytes // 8,
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    def levels_down(self, coding: str, level: int) -> tuple[int, ...]:
        """Return a level, and those to go down to as the CPU budget runs out; none without."""
        return () if self.cpu_budget is None else levels_down(coding, level)

    @classmethod
    def from_mapping(cls, settings: Mapping[str, Any]) -> Policy:
        """Read and validate every setting; what the mapping does not have is the default.

        :raises ConfigurationError: a value is not usable; the message names the key.
        """
        every = {key: settings.get(key, default) for key, default in DEFAULTS.items()}
        values = {name: read_setting(every, key) for name, key in KEYS.items()}
        values["mimetypes"] |= values["extra_mimetypes"]
        for name in ("algorithm", "algorithm_streaming"):
            values[name] = _in_order(values[name], values["auto_size"])
        return cls(**values)


def _in_order(codings: tuple[str, ...], auto_size: int) -> tuple[str, ...]:
    """Return codings as they are used: for ``"auto"`` in an order that depends on size."""
    if codings == AUTO:
        return CodingsBySize(installed(AUTO_SHORT), installed(AUTO_LONG), auto_size)
    return codings


class LivePolicy:
    """The policy of an application as it is at the moment.

    It follows the settings that may change at run time, at the cost of one comparison: nothing
    else notices every way in which a dictionary can be changed. What is assigned holds from
    then on. Any number of threads may use it.

    :param settings: the application's configuration; defaults are put into it.
    :raises ConfigurationError: a value is not usable; the message names the key.
    """

    __slots__ = (
        "_assigned",
        "_in_effect",
        "_items",
        "_noise_key",
        "_now",
        "_seen",
        "_sets",
        "_settings",
        "last",
    )

    def __init__(self, settings: MutableMapping[str, Any]) -> None:
        for key, near in unknown_keys(settings).items():
            # No warning of the module warnings: without any set-up Python prints both, but this
            # goes where an application sends its messages, and no filter that makes errors of
            # warnings stops an application because of a key that belongs to something else.
            hint = f"; did you mean {near}?" if near else ""
            _log.warning("%s is no setting of pyfastgz and does nothing%s", key, hint)
        for key, value in DEFAULTS.items():
            settings.setdefault(key, copy(value))
        self._settings = settings
        self._items = items_of(settings)
        # Lists, because applications append to them.
        self._in_effect = {
            key: copy(settings[key]) if isinstance(settings[key], list) else settings[key]
            for key in DEFAULTS
        }
        self._assigned: frozenset[str] = frozenset()
        self._seen = live_values(settings)
        self.last = Policy.from_mapping(self._in_effect)
        """The policy at the last look: as good as any for settings that are not followed."""
        self._now = (self._seen.items(), self.last)
        self._noise_key: bytes | None = None
        if self.last.length_noise:
            self.noise_key()
        self._sets = {name: self._watched(name) for name in _SETS}

    @property
    def in_effect(self) -> Mapping[str, Any]:
        """Every setting by its key, as it is in effect: assigned, or the last usable value."""
        self.current()
        return self._in_effect

    @property
    def assigned(self) -> frozenset[str]:
        """The keys of the settings that were assigned, and are not as ``app.config`` says."""
        return self._assigned

    def current(self) -> Policy:
        """Return the policy as it is now.

        A change to an unusable value is logged once and must not fail every request: that
        setting keeps its last usable value, as does one that was deleted. The others go on
        following their changes.
        """
        seen, policy = self._now
        try:
            if seen <= self._items:
                return policy
        except Exception:
            # Nobody knows what an application puts in; an array is compared item by item.
            pass
        return self._follow()

    def look_up(self) -> Callable[[str], Any]:
        """Return what looks a key up in the configuration, as fast as that can be done.

        For one that was deleted it returns what is no value of a setting that is followed.
        """
        return reader_of(self._settings)

    def noise_key(self) -> bytes:
        """Return what the lengths of noise follow from.

        :raises ConfigurationError: there is no secret to make it of.
        """
        if self._noise_key is None:
            named, secret = "length_noise_key", self.last.length_noise_key
            if "SECRET_KEY" in self._settings:
                named = "SECRET_KEY or COMPRESS_LENGTH_NOISE_KEY"
                secret = secret or self._settings["SECRET_KEY"]
            self._noise_key = derived_key(secret, named)
        return self._noise_key

    def assign(self, **values: Any) -> None:
        """Give settings, by their names in the policy, other values than ``app.config`` does.

        :raises ConfigurationError: a value is not usable; the message names the key.
        :raises TypeError: a setting is followed in ``app.config``, or there is none.
        """
        checked = {}
        for name, value in values.items():
            key = KEYS.get(name)
            if key is None or key in LIVE_KEYS:
                raise TypeError(f"{name} cannot be assigned")
            checked[name] = read_setting({key: value}, key)
        with _lock.own:
            for name in _ORDERS & checked.keys():
                checked[name] = _in_order(checked[name], self.last.auto_size)
            self._assign(checked)
            for name in _SETS & checked.keys():
                self._sets[name] = self._watched(name)

    def set_of(self, name: str) -> set[str]:
        """Return ``mimetypes`` or ``streaming_endpoint_conditional`` as a set to be changed.

        What is done to it is assigned.
        """
        return self._sets[name]

    def _watched(self, name: str) -> WatchedSet:
        return WatchedSet(getattr(self.last, name), partial(self._assign_changed, name))

    def _assign_changed(self, name: str, changed: WatchedSet) -> None:
        with _lock.own:
            # One from before another was assigned stands for nothing.
            if self._sets[name] is changed:
                # What is guessed of a file's name may be None. Another thread may go on
                # changing the set, which is copied in one step.
                items = frozenset(changed)
                texts = frozenset(item for item in items if isinstance(item, str))
                self._assign({name: texts})

    def _assign(self, checked: dict[str, Any]) -> None:
        if "mimetypes" in checked:
            checked = {"extra_mimetypes": frozenset(), **checked}
        self._assigned |= {KEYS[name] for name in checked}
        self._replace(checked)

    def _follow(self) -> Policy:
        """Look at the settings that may have changed, one by one."""
        with _lock.own:
            values = live_values(self._settings)
            changes, errors = usable_changes(values, self._seen)
            self._seen = values
            self._replace(changes)
            policy = self.last
        for error in errors:
            _log.error("a changed setting is ignored: %s", error)
        return policy

    def _replace(self, checked: dict[str, Any]) -> None:
        if checked:
            self.last = replace(self.last, **checked)
            changes = {KEYS[name]: as_set(value) for name, value in checked.items()}
            self._in_effect = {**self._in_effect, **changes}
        # One attribute holds both, so that every thread sees what belongs together.
        self._now = (self._seen.items(), self.last)


_SETS = frozenset({"mimetypes", "streaming_endpoint_conditional"})
_ORDERS = frozenset({"algorithm", "algorithm_streaming"})


# One for all applications: it is held for microseconds, when something has changed.
_lock = ProcessLock()
