"""What makes, fetches and checks things for the project; none of it is installed."""
