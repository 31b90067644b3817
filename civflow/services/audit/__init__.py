"""The audit: whether the record is whole, and whether what it made binding still stands."""
