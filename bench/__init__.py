"""Benchmarks of pyfastgz, and the corpus they run over."""
