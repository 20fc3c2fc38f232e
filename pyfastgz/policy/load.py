"""The settings for a server that has too much to do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .kinds import CORES
from .setting import Setting
from .setting import Topic

LOAD_SETTINGS: Mapping[str, Setting] = MappingProxyType(
    {
        "COMPRESS_CPU_BUDGET": Setting(
            Topic.LOAD,
            None,
            CORES,
            "How much of the processor compression may take in each process, in cores: 0.25 is "
            "a quarter of one. As it is used up levels go down, and in the end bodies are sent "
            "as they are; when there is less to do they go up again. What is kept, and what "
            "lies ready, is always sent. With None it takes what it takes.",
            is_new=True,
        ),
    }
)
"""Each by its key."""
