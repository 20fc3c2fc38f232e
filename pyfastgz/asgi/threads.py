"""What takes long goes to a thread, so that an event loop goes on meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from typing import TypeVar

THREAD_NBYTES = 64 * 1024
"""From so many bytes on a body is coded in a thread.

Which takes a tenth of a millisecond more; the loop would stand still for half a millisecond or
more.
"""

_T = TypeVar("_T")


def running_loop() -> asyncio.AbstractEventLoop | None:
    """Return the event loop, None if it is none of asyncio's, as under trio."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


async def in_thread(
    function: Callable[..., _T], *arguments: Any, drop: Callable[[_T], object] | None = None
) -> _T:
    """Call a function in a thread of the loop; without one of asyncio's, here.

    Whoever is cancelled meanwhile is so once the function has returned, because what it works
    on is freed then.

    :param drop: gets what the function has returned, if that is for nobody any more.
    """
    loop = running_loop()
    if loop is None:
        return function(*arguments)
    future = loop.run_in_executor(None, function, *arguments)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        while not future.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([future])
        # To have asked tells the loop that nobody need be told.
        if future.exception() is None and drop is not None:
            drop(future.result())
        raise


async def others_first() -> None:
    """Let whatever waits for the event loop go on; one that is none of asyncio's does not."""
    if running_loop() is not None:
        await asyncio.sleep(0)
