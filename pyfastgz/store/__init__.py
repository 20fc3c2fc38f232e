"""Keeps bodies that were coded once."""
