"""How Sphinx makes the documentation: ``make docs``."""

from __future__ import annotations

import sys
from importlib.metadata import version as version_of
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "docs" / "_ext"), str(ROOT)]

from bench.report import draw_charts  # noqa: E402

# Pages show them from there.
draw_charts(ROOT / "build" / "charts")

project = "pyfastgz"
author = "the pyfastgz developers"
copyright = author
release = version = version_of("pyfastgz")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.doctest",
    "settings_reference",
    "signatures",
]
html_theme = "furo"
html_title = f"pyfastgz {release}"

# So that a link to a heading is checked.
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_preserve_defaults = True

# Several pages use the same names; each starts anew.
doctest_global_setup = """
__name__ = "__main__"  # Flask looks for the folder of its module.
import pyfastgz
from flask import Flask, Response
"""
