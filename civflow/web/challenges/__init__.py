"""Pages of a challenge."""
