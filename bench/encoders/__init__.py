"""Compares our encoders with the others over the corpus: speed and ratio, per size class."""

from __future__ import annotations
