"""A made-up shop: the application that the demo, the tests and the benchmarks serve."""

from __future__ import annotations
