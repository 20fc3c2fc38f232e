"""``python -m pyfastgz``: the commands of ``flask compress``."""

from __future__ import annotations

from .cli import main

main(prog_name="python -m pyfastgz")
