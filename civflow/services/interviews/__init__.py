"""Interviews: the times that are offered and booked."""
