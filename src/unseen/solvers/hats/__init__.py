"""Search for strategies of the hat game."""
