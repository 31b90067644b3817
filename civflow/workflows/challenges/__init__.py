"""Challenge: its page, and what makes it ready."""
