"""``make wheels``: the wheels that can be made on one Linux machine, built, checked and tested.

CI makes the wheels that are published, on every platform (``.github/workflows/wheels.yml``).
This goes the same way with what one machine has: from the source distribution, through the same
checks, to the tests. Zig is the compiler, because it links for old C libraries and for other
processors.
"""
