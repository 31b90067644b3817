"""Programme versions, as they are stored."""
