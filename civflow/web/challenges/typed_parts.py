"""What is typed into a part of a challenge's text, as values that are kept."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from civflow.services.collaboration.parts import Field, Part, as_kept
from civflow.web.shared.asks import read_each
from civflow.web.shared.moments import parse_moment
from civflow.web.shared.money import parse_pounds


def values_of(part: Part, typed: Mapping[str, str], zone: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Field -> value, and field -> sentence for what cannot be read. Moments are typed in `zone`."""
    return read_each({field.name: partial(_value, field, typed[field.name], zone) for field in part.fields})


def _value(field: Field, typed: str, zone: str) -> Any:
    """Raises ValueError, which says what to type."""
    words = as_kept(field, typed)
    if field.kind == "moment":
        return parse_moment(words, zone) if words else None
    if field.kind == "choices":
        return [key for key, _ in field.choices if key in words.split(",")]
    if field.kind == "money":
        return parse_pounds(words) if words else 0
    return words
