"""Problems on words of bits."""
