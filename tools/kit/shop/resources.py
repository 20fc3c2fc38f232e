"""What the shop consists of, but for its event stream, and for its search."""

from __future__ import annotations

from ..checks import Resource

RESOURCES = (
    Resource(label="form", path="/login"),
    Resource(label="article", path="/magazine/1"),
    Resource(label="list", path="/products"),
    Resource(label="table", path="/ledger"),
    Resource(label="streamed", path="/ledger/live", tagged=False),
    Resource(label="JSON", path="/api/products/3"),
    Resource(label="JSON", path="/api/orders/7"),
    Resource(label="JSON", path="/api/products"),
    Resource(label="JSON", path="/api/export"),
    Resource(label="CSS", path="/static/site.css"),
    Resource(label="CSS", path="/debugger/style.css"),
    Resource(label="CSS", path="/utility.css"),
    Resource(label="JS", path="/static/site.js"),
    Resource(label="JS", path="/debugger/debugger.js"),
    Resource(label="SVG", path="/static/logo.svg"),
    Resource(label="SVG", path="/chart.svg"),
    Resource(label="small", path="/health", coded=False),
    Resource(label="empty", path="/empty", coded=False),
    Resource(label="noise", path="/noise", coded=False),
    Resource(label="PNG", path="/picture.png", coded=False, varies=False),
)
"""All paths but the event stream, and the search, whose page is another for each client."""
