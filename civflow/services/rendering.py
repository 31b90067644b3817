"""From plain data to PDF/UA: closed to the outside, and the same bytes for the same data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KINDS = ("challenge_brief", "receipt", "outcome_letter", "agreement")


class CannotRender(Exception):
    """A document that cannot be made here; its text is the sentence that says why."""


def render(kind: str, data: Mapping[str, Any], *, base_url: str = "") -> bytes:
    """The PDF of a document of `kind` (one of KINDS) from `data`, as PDF/UA-1. Raises CannotRender."""
    raise CannotRender("Documents cannot be rendered yet.")
