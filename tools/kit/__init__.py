"""What the demo, the tests and the benchmarks share.

Servers and clients over real sockets, decoders that others wrote, checks of answers, made-up
documents and the shop that serves them, measuring in turns, and tables. tests/coding stands
alone, because it is copied away from here to test wheels: its decoders are its own.
"""

from __future__ import annotations
