"""Assessment: panels, scores, ranking, and the letters that tell the result."""
