"""The demo: a real application, served by gunicorn, fetched in every coding and compared."""

from __future__ import annotations
