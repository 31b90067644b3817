"""What is typed into a part of a challenge's text, as values that are kept."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from civflow.services.collaboration.parts import Field, Part, as_kept
from civflow.web.shared.asks import read_each
from civflow.web.shared.moments import parse_moment
from civflow.web.shared.money import parse_pounds
from civflow.workflows.programme import Programme


def values_of(part: Part, typed: Mapping[str, str], programme: Programme) -> tuple[dict[str, Any], dict[str, str]]:
    """Field -> value, and field -> sentence for what cannot be read. Moments are typed in the programme's zone."""
    return read_each({field.name: partial(_value, field, typed[field.name], programme) for field in part.fields})


def _value(field: Field, typed: str, programme: Programme) -> Any:
    """Raises ValueError, which says what to type."""
    words = as_kept(field, typed)
    if field.kind == "moment":
        at = programme.call.closing_time if field.name == "closes_at" else None
        return parse_moment(words, programme.timezone, at=at) if words else None
    if field.kind == "choices":
        return [key for key, _ in field.choices if key in words.split(",")]
    if field.kind == "money":
        return parse_pounds(words) if words else 0
    return words
