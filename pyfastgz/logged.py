"""What fails is logged once: what fails for one response often fails for every one like it."""

from __future__ import annotations

import logging

_log = logging.getLogger("pyfastgz")

_MAX_LOGGED = 64


class LoggedOnce:
    """Logs errors, each the first time. Safe for concurrent use."""

    __slots__ = ("_logged",)

    def __init__(self) -> None:
        self._logged: set[tuple[object, ...]] = set()

    def __call__(self, message: str, error: Exception) -> None:
        """Log an error with its traceback, unless one of its type came from the same line."""
        traceback = error.__traceback__
        while traceback is not None and traceback.tb_next is not None:
            traceback = traceback.tb_next
        where = traceback and (traceback.tb_frame.f_code, traceback.tb_lineno)
        kind = (message, type(error), where)
        if kind not in self._logged and len(self._logged) < _MAX_LOGGED:
            self._logged.add(kind)
            _log.error("%s", message, exc_info=error)
