"""What waits for a person in each of their roles, and what stands around it."""
