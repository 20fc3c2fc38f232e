"""What there is to know of a setting."""

from __future__ import annotations

import enum
from typing import Any
from typing import NamedTuple

from .kinds import Kind


class Topic(enum.Enum):
    """What settings are about; the value is a heading."""

    SELECTION = "Which responses are compressed"
    CODINGS = "Codings and levels"
    STREAMS = "Streams"
    CONDITIONS = "Conditional requests"
    CACHE = "Bodies that are coded once"
    DICTIONARIES = "Dictionaries"
    REQUESTS = "Request bodies"
    SECRETS = "Secrets beside what clients send"
    LOAD = "Under load"
    OBSERVING = "What is told"


class Setting(NamedTuple):
    """One setting.

    :param topic: what it is about.
    :param default: its value in an application that says nothing.
    :param kind: what it may be.
    :param description: what it is for, in Markdown.
    :param is_live: whether a change takes effect while the application runs.
    :param is_new: whether Flask-Compress does not have it.
    """

    topic: Topic
    default: Any
    kind: Kind
    description: str
    is_live: bool = False
    is_new: bool = False
