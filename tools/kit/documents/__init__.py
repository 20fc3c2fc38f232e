"""Made-up texts, records, pictures and style sheets; the same in every process, by seed."""

from __future__ import annotations
