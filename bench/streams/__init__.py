"""What open streams take: memory, time and bytes at each flush, and threads."""
