"""What is measured: numbers meant to explain or predict generalization."""
