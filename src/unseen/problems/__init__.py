"""What is asked: procedural families of questions with exact checkers."""
