"""Calls to what may fail or hang, for callers that wait only so long, and know when not to."""

from __future__ import annotations

import contextvars
import logging
import queue
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

_log = logging.getLogger("pyfastgz")

_MAX_WAITING = 64
"""The calls that may wait for their turn; each thread of a server waits for one at a time."""

_MAX_LEFT = 4
"""The calls whose callers do not wait that may be waiting: they hold bodies of any size."""

_IDLE_SECONDS = 10.0
"""How long a thread waits for a call before it ends; to start one takes some 0.1 ms."""

_MAX_LATE = 3
"""So many late answers in a row are no accident. One is, where all threads are busy."""

_HANG_SECONDS = 1.0
"""How long a call that is late may take before it is given up."""

_LONGEST_PAUSE = 60.0
"""Seconds. After a minute in which nothing was lost nobody minds one late answer more."""


class BusyError(Exception):
    """There is no answer yet, which says nothing of the next one."""


class SlowError(TimeoutError):
    """There will be no answer in time."""


class Line:
    """A thread that makes one call after the other, for all threads of a process.

    It is started by a call, and ends when none comes any more; the interpreter does not wait
    for it. Calls see the context variables of their callers, and so the application and the
    request that these work for. They handle their own errors.

    Not for a child of the process: a fork does not copy the thread.
    """

    __slots__ = ("_calls", "_late", "_late_at", "_lock", "_nlate", "_thread")

    def __init__(self) -> None:
        # All are looked up now: gevent may have replaced them after this module was imported.
        # Queue is made of locks alone, for which every such library has a replacement.
        self._calls: queue.Queue[_Call] = queue.Queue(_MAX_WAITING)
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._late: _Call | None = None
        self._late_at = 0.0
        self._nlate = 0

    def ask(self, seconds: float, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return what a call returns.

        :param seconds: how long to wait for it.
        :raises BusyError: it takes longer, or an earlier one does: meanwhile none is made, and
            none waits. Or too many others wait.
        :raises SlowError: that was so several times in a row, or for long.
        :raises RuntimeError: no thread can be started.
        """
        late = self._late
        if late is not None:
            if not late.is_over and self._is_alive():
                if monotonic() - late.asked_at < _HANG_SECONDS:
                    raise BusyError
                raise SlowError(f"no answer in {_HANG_SECONDS:.0f} s")
            self._late = None
        call = _Call(function, arguments)
        self._put(call)
        # An answer may come while this thread waits for its turn to say that it is late.
        if not call.done.acquire(timeout=seconds) and not call.is_over:
            call.is_wanted = False
            self._late = call
            # Those that waited together count as one.
            if call.asked_at >= self._late_at:
                self._nlate += 1
            self._late_at = monotonic()
            if self._nlate < _MAX_LATE:
                raise BusyError
            raise SlowError(f"no answer in {seconds * 1000:.0f} ms, {self._nlate} times")
        self._nlate = 0
        return call.value

    def leave(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Have a call made, without waiting for it, unless several wait already.

        :raises BusyError: too many others wait.
        :raises RuntimeError: no thread can be started.
        """
        if self._calls.qsize() < _MAX_LEFT:
            self._put(_Call(function, arguments))

    def _put(self, call: _Call) -> None:
        with self._lock:
            if not self._is_alive():
                thread = threading.Thread(target=self._work, name="pyfastgz", daemon=True)
                # Or it may keep the variables of this caller as long as it lives.
                contextvars.Context().run(thread.start)
                self._thread = thread
            try:
                self._calls.put_nowait(call)
            except queue.Full:
                raise BusyError from None

    def _is_alive(self) -> bool:
        # It may be gone between two looks at it.
        thread = self._thread
        return thread is not None and thread.is_alive()

    def _work(self) -> None:
        while True:
            try:
                call = self._calls.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                with self._lock:
                    if self._calls.empty():
                        self._thread = None
                        return
                continue
            try:
                call.make()
            except BaseException:
                # Such as the end of a greenlet. The next call starts another thread.
                with self._lock:
                    self._thread = None
                raise
            finally:
                call.is_over = True
                call.done.release()
                # It may hold a body, and the next may be long in coming.
                del call


class _Call:
    """One call, between the thread that wants it and the one that makes it."""

    __slots__ = (
        "_arguments",
        "_context",
        "_function",
        "asked_at",
        "done",
        "is_over",
        "is_wanted",
        "value",
    )

    def __init__(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self._function = function
        self._arguments = arguments
        self._context = contextvars.copy_context()
        self.asked_at = monotonic()
        self.done = threading.Lock()
        self.done.acquire()
        self.is_wanted = True
        self.is_over = False
        self.value: Any = None

    def make(self) -> None:
        try:
            if self.is_wanted:
                self.value = self._context.run(self._function, *self._arguments)
        except Exception:
            _log.exception("a call to a shared cache failed")


class Gate:
    """Is shut for a while after a failure, and for longer after each that follows.

    After the pause one caller may try, and the others wait for what comes of it. Logged are the
    failure that shuts it, others until it opens if they are of another type, and the success
    that opens it.

    :param what: what fails, for the log: "reading ...".
    :param pause: seconds that the first failure shuts it for. One that follows within a minute
        doubles that, up to a minute.
    """

    __slots__ = (
        "_failed_at",
        "_first_pause",
        "_is_tried",
        "_lock",
        "_logged",
        "_opens_at",
        "_pause",
        "_what",
    )

    def __init__(self, what: str, pause: float) -> None:
        self._what = what
        self._first_pause = self._pause = pause
        self._lock = threading.Lock()
        self._failed_at = -_LONGEST_PAUSE
        self._opens_at: float | None = None
        self._is_tried = False
        self._logged: set[type[Exception]] = set()

    @property
    def is_open(self) -> bool:
        """Whether nothing has failed since the last success."""
        return self._opens_at is None

    def admits(self) -> bool:
        """Tell whether to try; whoever is told so reports what came of it."""
        if self._opens_at is None:
            return True
        with self._lock:
            now = monotonic()
            if self._opens_at is not None:
                if now < self._opens_at:
                    return False
                # Should the report never come, another may try after the same time.
                self._opens_at = now + self._pause
                self._is_tried = True
            return True

    def failed(self, error: Exception) -> None:
        """Report a failure."""
        with self._lock:
            if self._opens_at is None:
                is_long_ago = monotonic() - self._failed_at >= _LONGEST_PAUSE
                self._shut(self._first_pause if is_long_ago else 2 * self._pause)
                self._logged.clear()
            elif self._is_tried:
                self._shut(2 * self._pause)
            # Any other was under way when the gate was shut, and may tell why that was.
            is_news = type(error) not in self._logged
            self._logged.add(type(error))
        if is_news:
            _log.error(
                "%s failed; it is tried again now and then, and logged when it works: %s",
                self._what,
                error,
                exc_info=None if isinstance(error, SlowError) else error,
            )

    def worked(self) -> None:
        """Report a success."""
        if self._opens_at is None:
            return
        with self._lock:
            was_shut = self._opens_at is not None
            self._opens_at = None
            self._is_tried = False
        if was_shut:
            _log.warning("%s works again", self._what)

    def _shut(self, pause: float) -> None:
        self._pause = min(pause, _LONGEST_PAUSE)
        self._failed_at = monotonic()
        self._opens_at = self._failed_at + self._pause
        self._is_tried = False
