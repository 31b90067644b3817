"""Finding challenges by words and filters."""
