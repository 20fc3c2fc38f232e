"""What a run has made and the manifest does not name yet: for the next one, if it is killed.

Without it, what a killed run leaves could not be told from what is somebody's own.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from threading import Lock
from typing import BinaryIO

from ..disk import read_regular
from .manifest import Manifest
from .manifest import Source
from .manifest import entry_of
from .manifest import source_of

NAME = ".pyfastgz.journal"

# No file has it, so that whatever is there is made again.
_NO_SHA256 = "0" * 64


class Journal:
    """The journal of one run. Any number of threads may use it.

    :param root: the folder.
    """

    def __init__(self, root: str) -> None:
        self._path = os.path.join(root, NAME)
        self._file: BinaryIO | None = None
        self._lock = Lock()

    def note(self, path: str, source: Source) -> None:
        """Note siblings before they are put in their place.

        :param path: of the file that they are made of, relative to the folder.
        :param source: the file, with these siblings.
        :raises OSError: it cannot be written.
        """
        line = json.dumps([path, entry_of(source)]).encode() + b"\n"
        with self._lock:
            if self._file is None:
                self._file = open(self._path, "ab", buffering=0)  # noqa: SIM115
                # What a killed process has left of a line is a line of its own.
                line = b"\n" + line
            self._file.write(line)

    def close(self) -> None:
        """Write no more."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def remove(self) -> None:
        """Remove it, when the manifest says all.

        :raises OSError: it is there, and cannot be removed.
        """
        self.close()
        with suppress(FileNotFoundError):
            os.unlink(self._path)


def recover(root: str, manifest: Manifest) -> Manifest:
    """Return a manifest with what a killed run has noted in the folder's journal.

    What is noted is no more than a claim: the siblings are examined as those of the manifest.
    Lines that cannot be read are left out.

    :param manifest: what the folder's manifest says.
    """
    try:
        content, _ = read_regular(os.path.join(root, NAME))
    except OSError:
        return manifest
    files = dict(manifest.files)
    for line in content.splitlines():
        try:
            path, entry = json.loads(line)
            noted = source_of(path, entry)
        except (ValueError, TypeError, AttributeError, RecursionError):
            continue
        known = files.get(path)
        if known is None:
            siblings = noted.siblings
        elif known.sha256 == noted.sha256:
            siblings = {**known.siblings, **noted.siblings}
        else:
            # The others are of another content. They were made here all the same.
            older = {
                coding: sibling._replace(sha256=_NO_SHA256)
                for coding, sibling in known.siblings.items()
            }
            siblings = {**older, **noted.siblings}
        files[path] = noted._replace(siblings=siblings)
    return Manifest(files)
