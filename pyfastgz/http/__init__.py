"""HTTP as pure functions over header values; needs neither Flask nor the compiled core."""

from __future__ import annotations
