"""Questions about a challenge, and their answers."""
