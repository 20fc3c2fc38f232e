"""What the application is shown of the conditions of a request."""

from __future__ import annotations

from collections.abc import Container
from collections.abc import Sequence

from .conditions import Conditions
from .exchange import GET
from .exchange import Policy
from .fields import Edits
from .negotiation import OPTIONAL_SPACE
from .negotiation import CodingsBySize
from .negotiation import choose
from .tags import uncoded_tags


def plan_request(
    method: str,
    conditions: Conditions,
    accept_encoding: str | None,
    policy: Policy,
    own_tags: Container[str] = (),
) -> Edits:
    """Return the fields of a request that the application is to see otherwise.

    A client that was sent ``"abc:gzip"`` says so in If-Match and If-None-Match, and the
    application, which made the tag ``"abc"``, would take it for another (RFC 9110 sections
    13.1.1 and 13.1.2).

    :param conditions: as the client sent them.
    :param own_tags: what stands between the quotes of tags that the application itself ends
        like coded ones, and that it is to see.
    """
    is_get = method in GET
    if_match, if_none_match = conditions.if_match, conditions.if_none_match
    edits: dict[str, str | None] = {}
    if if_match is not None:
        tags = uncoded_tags(if_match, policy.known_codings, own_tags)
        if tags != if_match:
            edits["if-match"] = tags
            if is_get:
                # The client holds coded bytes, and of those there are no ranges.
                edits["range"] = None
        elif is_get and if_match.strip(OPTIONAL_SPACE) == "*":
            # It holds for all that there is, but werkzeug takes it for no tag at all.
            edits["if-match"] = None
    if if_none_match is not None:
        if not is_get:
            # Whoever asks not to overwrite is better told once too often.
            codings: Sequence[str] = policy.known_codings
        else:
            codings = _codings_of_304(accept_encoding, policy)
        # Whether a form that lies ready is what the client has, only its mark tells.
        tags = uncoded_tags(
            if_none_match, codings, own_tags, keeps_coded=not is_get, keeps_marked=is_get
        )
        if tags != if_none_match:
            edits["if-none-match"] = tags
    return edits


def _codings_of_304(accept_encoding: str | None, policy: Policy) -> list[str]:
    """Return the codings that the response to a GET may have: a 304 stands for one of these.

    None where the application alone evaluates conditions, or where views ask to be looked at:
    it sees what the client sent, and decides after them.
    """
    if not (policy.register and policy.evaluate_conditional_request):
        return []
    orders = [policy.algorithm, policy.algorithm_streaming]
    orders += [order.long for order in orders if isinstance(order, CodingsBySize)]
    choices = {choose(accept_encoding, order).coding for order in orders}
    return [coding for coding in choices if coding is not None]
