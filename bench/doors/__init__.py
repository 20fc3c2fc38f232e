"""What middleware for WSGI and ASGI costs: by the call, and under a server."""
