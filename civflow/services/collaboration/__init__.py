"""Several people at one text: comments, and who else is here."""
