"""A real Flask application, a real server, and a client that checks every byte it gets."""
