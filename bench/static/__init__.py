"""What it takes to code files ahead of time, and what comes of it."""
