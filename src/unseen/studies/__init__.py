"""What is claimed: one file per paper, in folders by area."""
