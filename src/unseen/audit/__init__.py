"""Is a data set fit to tell rule from memory? Shared questions, near-duplicates, answers that can be guessed."""
