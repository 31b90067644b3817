"""Pages of a gate, and of those who assess."""
