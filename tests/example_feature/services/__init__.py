"""What is done and read."""
