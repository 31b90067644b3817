"""Benchmarks: each prints one JSON line and compares with a limit measured in the same run."""
