"""`python -m civflow` is the `civflow` command."""

from civflow.cli import main

main()
