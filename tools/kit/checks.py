"""What must be true of an answer, whoever gave it."""

from __future__ import annotations

from dataclasses import dataclass

from .client import Answer
from .decoders import DecodingError
from .decoders import decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A path, and what the extension should make of it."""

    label: str
    path: str
    coded: bool = True
    """Whether it should be coded for a client that accepts that."""
    varies: bool = True
    """Whether Vary should name Accept-Encoding: for all that is looked at for coding."""
    tagged: bool = True
    """Whether it has an ETag, and so answers conditional requests."""


class Mismatch(Exception):
    """An answer is not what it should be; the message names the path and the coding."""


def check_fields(answer: Answer, resource: Resource, coding: str) -> None:
    """Check the status and the fields of an answer that may have been coded.

    :param coding: the one that the client asked for, or ``"identity"``.
    :raises Mismatch: something differs.
    """
    expect(resource.path, coding, "status", answer.status, 200)
    wanted = coding if resource.coded and coding != "identity" else None
    expect(resource.path, coding, "Content-Encoding", answer.field("Content-Encoding"), wanted)
    vary = (answer.field("Vary") or "").lower().replace(" ", "").split(",")
    if resource.varies and "accept-encoding" not in vary:
        raise Mismatch(f"{resource.path} as {coding}: Vary does not name Accept-Encoding")
    if resource.tagged and answer.field("ETag") is None:
        raise Mismatch(f"{resource.path} as {coding}: there is no ETag")
    length = answer.field("Content-Length")
    if length is not None:
        expect(resource.path, coding, "Content-Length", length, str(len(answer.body)))


def check_body(
    answer: Answer,
    resource: Resource,
    coding: str,
    body: bytes,
    dictionary: bytes | None = None,
) -> None:
    """Check that an answer decodes to the body, every byte, with nothing left over.

    :param coding: the one that the client asked for.
    :param body: the application's, before any coding.
    :param dictionary: the one that the client said it has.
    :raises Mismatch: something differs.
    """
    try:
        decoded = decode(answer.field("Content-Encoding"), answer.body, dictionary)
    except DecodingError as error:
        raise Mismatch(f"{resource.path} as {coding}: {error}") from error
    if decoded != body:
        same = next(
            (at for at, (a, b) in enumerate(zip(decoded, body, strict=False)) if a != b),
            min(len(decoded), len(body)),
        )
        raise Mismatch(
            f"{resource.path} as {coding}: the decoded body differs from byte {same} on"
            f" ({len(decoded)} bytes instead of {len(body)})"
        )


def check_not_modified(answer: Answer, fresh: Answer, resource: Resource, coding: str) -> None:
    """Check the answer to a conditional request against the 200 that gave the ETag.

    RFC 9110 section 15.4.5: the same ETag and Vary, and nothing that describes a body.

    :raises Mismatch: something differs.
    """
    what = f"{coding}, conditional"
    expect(resource.path, what, "status", answer.status, 304)
    expect(resource.path, what, "body", answer.body, b"")
    for name in ("ETag", "Vary"):
        expect(resource.path, what, name, answer.field(name), fresh.field(name))
    for name in ("Content-Encoding", "Content-Length"):
        expect(resource.path, what, name, answer.field(name), None)


def expect(path: str, coding: str, what: str, got: object, wanted: object) -> None:
    """Compare two values.

    :raises Mismatch: they differ.
    """
    if got != wanted:
        raise Mismatch(f"{path} as {coding}: {what} is {got!r} instead of {wanted!r}")
