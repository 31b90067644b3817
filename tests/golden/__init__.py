"""`make golden`: every page of every role, every message and every document, compared with those of an earlier commit."""
