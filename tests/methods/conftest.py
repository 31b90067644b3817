"""Hypothesis looks at the same examples on every run."""

from hypothesis import settings

settings.register_profile("methods", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("methods")
