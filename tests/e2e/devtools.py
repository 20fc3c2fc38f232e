"""Leads Chromium from page to page, through its DevTools protocol."""

from __future__ import annotations

import json
import os
import select
import subprocess
import time
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

from tests.e2e.chromium import running

PATIENCE_SECONDS = 60.0
"""How long Chromium may take for anything that it is told to do."""


class Tab:
    """What shows a page.

    :param process: a Chromium that reads commands from its ``stdin``.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin
        assert process.stdout
        self._commands = process.stdin
        self._messages = process.stdout.fileno()
        self._unread = b""
        self._events: list[dict[str, Any]] = []
        self._loader = ""
        self._last_id = 0
        self._address: dict[str, Any] = {}
        # The one that Chromium opens by itself may not be there yet.
        target = self._tell("Target.createTarget", url="about:blank")["targetId"]
        attached = self._tell("Target.attachToTarget", targetId=target, flatten=True)
        self._address = {"sessionId": attached["sessionId"]}
        self._tell("Page.enable")
        self._tell("Page.setLifecycleEventsEnabled", enabled=True)

    def go(self, url: str) -> None:
        """Go to a page, and return when it is loaded."""
        answer = self._tell("Page.navigate", url=url)
        assert "errorText" not in answer, answer
        self._wait_until_loaded(answer["loaderId"])

    def reload(self) -> None:
        """Load the page again, as its user would, and return when that is done."""
        self._tell("Page.reload")
        navigated = self._wait_for(
            "Page.frameNavigated", lambda said: said["frame"]["loaderId"] != self._loader
        )
        self._wait_until_loaded(navigated["frame"]["loaderId"])

    def run(self, expression: str) -> Any:
        """Return what an expression in JavaScript is, or a promise comes to."""
        answer = self._tell(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def fetch(self, path: str, **options: str) -> str:
        """Return what the page's script gets from a path, as text."""
        arguments = f"{json.dumps(path)}, {json.dumps(options)}"
        return str(self.run(f"fetch({arguments}).then((response) => response.text())"))

    def _tell(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Give a command, and return what it comes to."""
        self._events.clear()
        self._last_id += 1
        command = {"id": self._last_id, "method": method, "params": parameters, **self._address}
        self._commands.write(json.dumps(command).encode() + b"\0")
        for message in self._read():
            if message.get("id") == self._last_id:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result
            self._events.append(message)
        raise AssertionError

    def _wait_until_loaded(self, loader: str) -> None:
        """Wait until what Chromium loads under a name is there, and not what was before it."""
        self._loader = loader
        self._wait_for(
            "Page.lifecycleEvent",
            lambda said: (said["name"], said["loaderId"]) == ("load", loader),
        )

    def _wait_for(self, event: str, is_it: Callable[[Any], bool]) -> Any:
        """Wait for an event that follows from the last command, and return what it says."""
        # It may have come before the command's own answer.
        for message in chain(self._events, self._read()):
            if message.get("method") == event and is_it(message["params"]):
                return message["params"]
        raise AssertionError

    def _read(self) -> Iterator[dict[str, Any]]:
        """Yield the messages that come."""
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while True:
            while b"\0" not in self._unread:
                seconds = max(give_up_at - time.monotonic(), 0)
                ready, _, _ = select.select([self._messages], [], [], seconds)
                assert ready, "Chromium does not answer"
                received = os.read(self._messages, 1 << 16)
                assert received, "Chromium has ended"
                self._unread += received
            message, _, self._unread = self._unread.partition(b"\0")
            yield json.loads(message)


@contextmanager
def browsing() -> Iterator[Tab]:
    """Run Chromium while the block runs, with nothing kept from earlier runs."""
    with running("about:blank", "--remote-debugging-pipe", piped=True) as process:
        yield Tab(process)
