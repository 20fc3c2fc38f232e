"""What the hook costs an application: by the call, and under a server."""

from __future__ import annotations
