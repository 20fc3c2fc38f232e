"""Signatures as users write them: a default that has a private name is shown by its value."""

from __future__ import annotations

import re

from sphinx.application import Sphinx
from sphinx.util import logging

SHOWN = {"_DEFAULT_BROTLI_SETTINGS": "BrotliSettings()"}


def show_values(
    _app: Sphinx,
    _what: str,
    name: str,
    _object: object,
    _options: object,
    signature: str | None,
    returned: str | None,
) -> tuple[str, str | None] | None:
    """Return the signature to show; a private name that is left in it ends ``make docs``."""
    if signature is None:
        return None
    for private, value in SHOWN.items():
        signature = signature.replace(private, value)
    if re.search(r"\b_", signature):
        logging.getLogger(__name__).warning("%s%s shows a private name", name, signature)
    return signature, returned


def setup(app: Sphinx) -> dict[str, bool]:
    """Have every signature shown so."""
    app.connect("autodoc-process-signature", show_values)
    return {"parallel_read_safe": True}
