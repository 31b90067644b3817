"""Parts of a text that several people write: a page each, with what is typed there and how long it may be."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from civflow.services.formatting import word_count
from civflow.workflows.engine import Refused


class Field(NamedTuple):
    """Something that is typed. `kind`: line, text, moment, money or choices; `words` or `letters` is the most."""

    name: str
    label: str
    hint: str = ""
    kind: str = "line"
    words: int = 0
    letters: int = 0
    required: bool = True
    choices: tuple[tuple[str, str], ...] = ()


def as_kept(field: Field, typed: str) -> str:
    """What was typed, as it is kept. A line has no breaks: it stands in the subjects of messages."""
    return " ".join(typed.split()) if field.kind == "line" else typed.strip()


class Part(NamedTuple):
    """A page of the draft."""

    id: str
    title: str
    fields: tuple[Field, ...]
    intro: str = ""


def fingerprint(values: Mapping[str, Any]) -> str:
    """Sixteen hexadecimal digits that differ when anything in the part differs: what a writer has seen."""
    text = json.dumps(values, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def too_long(part: Part, values: Mapping[str, Any]) -> dict[str, str]:
    """Field -> a sentence, for what is kept but has more words than it may have when it is sent for approval."""
    return {
        field.name: f"“{field.label}” has {number:,} words; it may have {field.words}."
        for field in part.fields
        if field.words and (number := word_count(str(values[field.name]))) > field.words
    }


def check_lengths(part: Part, values: Mapping[str, Any]) -> None:
    """Say nothing if every field has room for its words. Raises Refused with a sentence per field otherwise."""
    fields = {
        field.name: f"“{field.label}” has {len(values[field.name]):,} characters; it may have {field.letters}."
        for field in part.fields
        if field.letters and len(values[field.name] or "") > field.letters
    }
    if fields:
        raise Refused(*fields.values(), fields=fields)
