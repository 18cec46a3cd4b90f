"""Games with exact values."""
