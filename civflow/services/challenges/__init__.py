"""Challenges: from the first words of a draft to the end of the last stage."""
