"""Place, sprint and deliverable."""
