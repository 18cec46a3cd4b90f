"""The smallest package that adds a problem and a study to Unseen."""
