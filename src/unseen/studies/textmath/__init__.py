"""Studies of mathematics by search and by text."""
