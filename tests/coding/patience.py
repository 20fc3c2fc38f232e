"""Lets examples of properties take as long as they do: a machine may stand still for seconds.

All tests have this; those of this folder import it, because they are run without others, too.
"""

from __future__ import annotations

from hypothesis import HealthCheck
from hypothesis import settings

settings.register_profile(
    "patient", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("patient")
