"""What is known of each paper in scope, and search over it."""
