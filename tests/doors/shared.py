"""A shared cache that is waited for as long as it takes, which depends on the machine."""

from __future__ import annotations

from typing import Any

from sources import PATIENCE_SECONDS

from pyfastgz.store.shared import SharedStore


def wait_for(engine: Any, cache: Any) -> None:
    """Have an engine wait for its cache."""
    engine._shared = SharedStore(
        cache, engine._encode, wait=PATIENCE_SECONDS, named=engine.named
    )
