"""Live sessions about a challenge."""
