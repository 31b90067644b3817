"""What differs between two runs of the same code, and how it is written so that it does not."""

from __future__ import annotations

import re
from typing import NamedTuple


class Random(NamedTuple):
    """Words that are random or belong to a machine: what they look like, what is kept instead, and why."""

    pattern: re.Pattern[str]
    instead: str
    reason: str


RANDOM = (
    Random(
        re.compile(r'(name="csrf_token"[^>]*? value=|name="csrf-token"[^>]*? content=)"[^"]+"'),
        r'\1"(a token)"',
        "a form's token is signed anew for each sign-in",
    ),
    Random(
        re.compile(r"(X-CSRFToken(?:&#34;|&quot;|\")+: ?(?:&#34;|&quot;|\")+)[\w.-]+"),
        r"\1(a token)",
        "the same token, as htmx sends it",
    ),
    Random(
        re.compile(r"(/sign-in/|/unsubscribe/)[\w-]{32,}"),
        r"\1(a token)",
        "a link that signs in, or ends messages, is a secret that chance makes",
    ),
    Random(
        re.compile(r"(/static/[^\s\"'?]+\?v=)[0-9a-f]{10}"),
        r"\1(a version)",
        "the version is one for all static files: that of each file is compared by itself",
    ),
    Random(
        re.compile(r"(?m)^(Set-Cookie: [\w-]+)=[^;\n]+"),
        r"\1=(a token)",
        "cookies carry tokens; their names and attributes stay",
    ),
    Random(
        re.compile(r'(?m)^ETag: "[\d.]+-\d+-\d+"\n'),
        "",
        "Flask makes it from the time at which a file was written",
    ),
)

# Headers that say nothing about what people see.
LEFT_OUT = {
    "Content-Length": "it follows from the body, and that one is compared",
    "Date": "the moment of the answer",
    "Last-Modified": "when a file was written on this machine",
}

SECRET_ADDRESS = re.compile(r"/(sign-in|unsubscribe)/[\w-]{32,}")  # nobody else has it: it is not asked for


def without_chance(text: str) -> str:
    """The text with what is random replaced."""
    for random in RANDOM:
        text = random.pattern.sub(random.instead, text)
    return text
