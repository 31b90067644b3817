"""Team and membership."""
