"""Sheds and their tools."""
