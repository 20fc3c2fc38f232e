"""What the hook costs an application: by the call, and under a server."""
