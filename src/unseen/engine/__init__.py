"""Where trials run: planning, worker processes, the store of finished trials."""
