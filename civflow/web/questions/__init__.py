"""Pages of the questions about a challenge."""
