"""Who sends the parts of a response: one after the other, each in its turn."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from functools import partial

from .messages import Message
from .messages import kept
from .messages import may_take_long
from .threads import running_loop


class Turns:
    """Has messages handled one after the other, in the order in which they came.

    Several tasks of an application may send at the same time, and any of them may be cancelled.
    A message that takes long, or has to wait, is handled in a task of its own, so that it is
    handled although its sender is cancelled. Any other is where it is sent, which takes a tenth
    of the time. Without an event loop of asyncio all are, and nobody waits.
    """

    __slots__ = ("_lock", "_loop", "_tasks", "are_over", "free", "takes_long")

    def __init__(self) -> None:
        self._loop = running_loop()
        self._lock = asyncio.Lock()
        # Those that have a turn of their own, or wait for it.
        self._tasks: set[asyncio.Task[None]] = set()
        self.are_over = False
        """Whether :meth:`close` was called."""
        self.takes_long: Callable[[Message], bool] = may_take_long
        """Tells what takes long."""
        self.free: Callable[[], object] | None = None
        """Frees what they are handled with, when turns are over and nobody has one."""

    @property
    def are_free(self) -> bool:
        """Whether nobody has a turn, or waits for one."""
        return not (self._tasks or self._lock.locked())

    async def take(
        self, handle: Callable[[Message], Awaitable[None]], message: Message
    ) -> None:
        """Have a message handled; once turns are over, do nothing.

        :raises Exception: what handling it raises.
        """
        if self.are_over:
            return
        if self._loop is None:
            await handle(message)
        elif self.are_free and not self.takes_long(message):
            async with self._lock:
                await handle(message)
        else:
            await asyncio.shield(self.start(partial(handle, kept(message))))

    def start(self, work: Callable[[], Awaitable[None]]) -> asyncio.Task[None]:
        """Have something done in a turn and a task of its own, and return that."""
        assert self._loop is not None
        task = self._loop.create_task(self._done(work))
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def _done(self, work: Callable[[], Awaitable[None]]) -> None:
        async with self._lock:
            await work()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # Whoever sent the message may have been cancelled, and nobody else asks.
            task.exception()
        if self.are_over:
            self._free()

    async def finish(self) -> None:
        """Wait until all messages are handled."""
        while not self.are_free:
            if self._tasks:
                await asyncio.wait(self._tasks)
            else:
                # Another task of the application sends one, where it is.
                async with self._lock:
                    pass

    def close(self) -> None:
        """Cancel what is not handled yet; a thread is not interrupted."""
        self.are_over = True
        for task in self._tasks:
            task.cancel()
        self._free()

    def _free(self) -> None:
        if self.free is not None and not self._tasks:
            self.free()
            # They refer to each other.
            self.free, self.takes_long = None, may_take_long
