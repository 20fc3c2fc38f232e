"""Compares our encoders with the others over the corpus: speed and ratio, per size class."""
