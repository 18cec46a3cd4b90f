"""Problems of modular and group arithmetic."""
