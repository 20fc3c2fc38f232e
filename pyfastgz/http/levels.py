"""Which level a coding has: at first, and while a CPU budget runs out."""

from __future__ import annotations

from .dictionaries import BASE
from .dictionaries import CODING as DICTIONARY_CODING
from .exchange import Policy
from .exchange import Wishes
from .tags import is_strong


def level_for(policy: Policy, wishes: Wishes, coding: str) -> int:
    """Return the level of a coding that the view asks for, or else the policy's."""
    if coding == DICTIONARY_CODING:
        coding = BASE
    level = wishes.levels.get(coding)
    return policy.levels[coding] if level is None else level


def levels_for(
    policy: Policy, wishes: Wishes, coding: str, tag: str | None
) -> tuple[int | None, ...]:
    """Return the level of a coding at each step of the CPU budget, nothing without one.

    At the last step there is none, and what is not kept is sent without a coding. A strong tag
    has the bytes of one level, and so the same at all steps before (RFC 9110 section 8.8.1).

    Whether the client refuses identity makes no difference (RFC 9110 section 12.1): or those
    who say so would take as much of the processor as they like.

    :param tag: the entity tag of the coded representation, None without one.
    """
    level = level_for(policy, wishes, coding)
    down = policy.levels_down(coding, level)
    if not down:
        return ()
    if is_strong(tag):
        down = (level,) * len(down)
    return *down, None
