"""Files that are coded ahead of time: what makes, records and finds them."""
