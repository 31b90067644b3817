"""Agreements: drafted for one stage, and signed by both sides."""
