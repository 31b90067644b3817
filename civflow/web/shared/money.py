"""Sums of money as people type them."""

from __future__ import annotations

import re

POUNDS = re.compile(r"£?\s?(\d{1,9}|\d{1,3}(?:,\d{3}){1,2})(?:\.00)?")


def parse_pounds(text: str) -> int:
    """Whole pounds from '650000', '£650,000' or '650,000.00'. Raises ValueError, which says what to type."""
    found = POUNDS.fullmatch(text.strip())
    if not found:
        raise ValueError("Write whole pounds, such as 650,000.")
    return int(found[1].replace(",", ""))
