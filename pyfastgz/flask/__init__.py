"""The door of Flask."""
