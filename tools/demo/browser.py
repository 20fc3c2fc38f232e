"""A client that keeps dictionaries as browsers do (RFC 9842)."""

from __future__ import annotations

import re
from base64 import b64encode
from fnmatch import fnmatchcase
from functools import partial
from hashlib import sha256

import zstandard

from tools.kit.checks import Mismatch
from tools.kit.checks import Resource
from tools.kit.checks import check_body
from tools.kit.checks import check_fields
from tools.kit.client import fetch
from tools.kit.tour import answered

ACCEPTED = "gzip, deflate, br, zstd, dcb, dcz"
"""What Chromium says to a site that it trusts."""

_MATCH = re.compile(r'\bmatch="([^"]*)"')
_LINK = re.compile(r'<([^>]*)>; *rel="?compression-dictionary"?')
_HEADER_NBYTES = 40


class Browser:
    """Knows of dictionaries what answers say, and nothing else."""

    def __init__(self) -> None:
        self.links: list[str] = []
        """The paths of dictionaries that answers link to."""
        self._dictionaries: dict[str, bytes] = {}

    def get(self, port: int, resource: Resource, body: bytes, coding: str) -> int:
        """Fetch a resource, check the answer, and return how many bytes its body took.

        :param body: what it should decode to.
        :param coding: the one that it should have.
        :raises Mismatch: the answer is wrong.
        """
        fields = {"Accept-Encoding": ACCEPTED, "Sec-Fetch-Site": "same-origin"}
        dictionary = self._dictionary_for(resource.path)
        if dictionary is not None:
            digest = b64encode(sha256(dictionary).digest()).decode()
            fields["Available-Dictionary"] = f":{digest}:"
        request = partial(fetch, port, resource.path, fields=fields)
        answer = answered(request, resource, coding)
        check_fields(answer, resource, coding)
        check_body(answer, resource, coding, body, dictionary)
        if coding == "dcz":
            frame = zstandard.get_frame_parameters(answer.body[_HEADER_NBYTES:])
            if not frame.has_checksum:
                raise Mismatch(f"{resource.path} as {coding}: there is no checksum")
        match = _MATCH.search(answer.field("Use-As-Dictionary") or "")
        if match:
            self._dictionaries[match[1]] = body
        found = _LINK.findall(answer.field("Link") or "")
        self.links += (path for path in found if path not in self.links)
        return len(answer.body)

    def _dictionary_for(self, path: str) -> bytes | None:
        """Return the dictionary for a path: of several that with the longest pattern."""
        matches = [match for match in self._dictionaries if fnmatchcase(path, match)]
        # RFC 9842 section 2.2.3.
        return self._dictionaries[max(matches, key=len)] if matches else None
