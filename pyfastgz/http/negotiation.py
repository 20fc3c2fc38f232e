"""Proactive negotiation of the content coding (RFC 9110 section 12.5.3).

The answer depends on the header value and on the server's list alone, and the same few browsers
send the same few values, so answers are remembered. Longer values than
:data:`MAX_HEADER_LENGTH` are neither parsed nor remembered: a client cannot buy more work or
memory than that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING
from typing import NamedTuple

if TYPE_CHECKING:
    from typing_extensions import Self

MAX_HEADER_LENGTH = 1024
"""Longest ``Accept-Encoding`` value that is looked at, in characters; browsers send about 30.
"""

ALIASES = {"x-gzip": "gzip"}
"""Codings by other names that they have (RFC 9110 section 8.4.1.3)."""

OPTIONAL_SPACE = " \t"
"""What may stand around the members of a list (RFC 9110 section 5.6.3), and nothing else."""

# These need a dictionary that the client announced; "anything" is not one (RFC 9842, 6.1).
_NEVER_BY_WILDCARD = frozenset({"dcb", "dcz"})

# More digits than the grammar has are common in clients and harmless. Everything else that the
# grammar of RFC 9110 section 12.4.2 does not know is malformed.
_WEIGHT = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)", re.ASCII)

# Below every weight that grants something, but not the 0 that refuses: a malformed weight must
# not turn a refusal into consent, and must not make the client seem to refuse identity either.
_MALFORMED = -1.0


class Choice(NamedTuple):
    """What the client and the server agreed on.

    :param coding: the content coding to apply, or ``None`` for identity.
    :param identity_refused: the client says that it cannot take the identity representation.
        With a coding, apply it however small the body is; without one, nothing acceptable is
        left.
    """

    coding: str | None
    identity_refused: bool


IDENTITY = Choice(None, False)
"""No coding, and nothing wrong with that."""


class CodingsBySize(tuple[str, ...]):
    """Codings in the order for short bodies, which know another order for long ones.

    :param short: the codings, in the order of the server's preference for short bodies.
    :param long: the same codings in another order.
    :param border: from this many bytes on a body is long.
    """

    long: tuple[str, ...]
    border: int

    def __new__(cls, short: Iterable[str], long: Iterable[str], border: int) -> Self:
        """Make a tuple that is in the order for short bodies."""
        codings = super().__new__(cls, short)
        codings.long = tuple(long)
        codings.border = border
        return codings

    def order(self, nbytes: int | None) -> tuple[str, ...]:
        """Return the codings in their order for a body; of unknown length (None) is long."""
        return self.long if nbytes is None or nbytes >= self.border else self


def choose(accept_encoding: str | None, codings: tuple[str, ...]) -> Choice:
    """Choose a content coding for a client (RFC 9110 section 12.5.3).

    The coding with the highest weight wins, and ties go to the server's order. A coding named
    outright beats one that only ``*`` covers, whatever the weights are. Identity wins when its
    weight is higher than that of the best coding. Malformed input never raises.

    :param accept_encoding: the field value, its lines joined with commas; ``None`` if absent.
    :param codings: the server's codings, in the order of its preference.
    """
    if not accept_encoding or len(accept_encoding) > MAX_HEADER_LENGTH:
        return IDENTITY
    return _choose(accept_encoding, codings)


@lru_cache(maxsize=256)
def _choose(accept_encoding: str, codings: tuple[str, ...]) -> Choice:
    weights = _parse(accept_encoding)
    wildcard = weights.get("*", _MALFORMED)
    identity = weights.get("identity")

    named = [coding for coding in codings if weights.get(coding, 0.0) > 0.0]
    coding: str | None = None
    if named:
        coding = max(named, key=weights.__getitem__)
        identity_wins = identity is not None and identity > weights[coding]
    else:
        if wildcard > 0.0:
            covered = (c for c in codings if c not in weights and c not in _NEVER_BY_WILDCARD)
            coding = next(covered, None)
        identity_wins = identity is not None and identity >= wildcard

    identity_refused = identity == 0.0 or (identity is None and wildcard == 0.0)
    return Choice(None if identity_wins else coding, identity_refused)


@lru_cache(maxsize=256)
def _parse(accept_encoding: str) -> Mapping[str, float]:
    """Map each listed name to its weight; among several, a refusal wins, then the highest."""
    weights: dict[str, float] = {}
    for member in accept_encoding.lower().split(","):
        name, *parameters = member.split(";")
        name = name.strip(OPTIONAL_SPACE)
        if not name:
            continue
        name = ALIASES.get(name, name)
        weight = _weight(parameters)
        known = weights.get(name, weight)
        weights[name] = max(known, weight) if min(known, weight) > 0.0 else min(known, weight)
    return weights


def _weight(parameters: list[str]) -> float:
    """Return the lowest of the weights given, 1 if there is none."""
    lowest = 1.0
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip(OPTIONAL_SPACE) != "q":
            continue
        value = value.strip(OPTIONAL_SPACE)
        weight = float(value) if _WEIGHT.fullmatch(value) else _MALFORMED
        lowest = min(lowest, weight if weight <= 1.0 else _MALFORMED)
    return lowest
