"""What a CPU budget does for a server that is asked for more than it can do."""
