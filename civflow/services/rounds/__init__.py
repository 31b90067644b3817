"""Rounds: begun, and changed within what their challenges have committed."""
