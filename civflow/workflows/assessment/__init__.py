"""Gate and assignment."""
