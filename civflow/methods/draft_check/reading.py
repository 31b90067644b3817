"""How hard a text is to read: its sentences, its syllables, and Flesch's figure."""

from __future__ import annotations

import re

SENTENCE_END = re.compile(r"(?<=[.!?])[”\"')\]]*\s+(?=[A-Z“\"'(\[0-9])|\n\s*\n|\n(?=\s*(?:[-*+]|\d+[.)])\s)")
SHORT_FORM = re.compile(r"\b(?:e\.g|i\.e|etc|Dr|Mr|Mrs|Ms|Prof|St|No|approx|vs|cf)\.$")
WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*")
VOWELS = re.compile(r"[aeiouy]+")
SILENT = re.compile(r"(?:[^aeiouyl]e|[^aeioustdzy]e[sd]|[aeiouy]le|[aeiou]le[sd])$")


def sentences(text: str) -> list[str]:
    """The sentences of a text in order; points of a list and paragraphs end one, short forms such as “e.g.” do not."""
    found: list[str] = []
    joins = False
    for piece in SENTENCE_END.split(text):
        words = " ".join(piece.strip(" -*+#\t\n").split())
        if not words:
            continue
        if joins:
            found[-1] += f" {words}"
        else:
            found.append(words)
        joins = bool(SHORT_FORM.search(words))
    return found


def words_of(text: str) -> list[str]:
    """The words of a text, without figures and signs."""
    return WORD.findall(text)


def syllables(word: str) -> int:
    """About how many syllables an English word has: groups of vowels, less a silent e at its end; at least 1."""
    plain = word.lower().strip("'’-")
    groups = len(VOWELS.findall(plain))
    silent = SILENT.search(plain)
    return max(1, groups - (1 if silent and groups > 1 else 0))


def reading_ease(text: str) -> float | None:
    """Flesch's reading ease, from about 0 (very hard) to 100 (very easy); None for a text without words.

    206.835 - 1.015 x (words per sentence) - 84.6 x (syllables per word): R. Flesch, “A new readability yardstick”,
    Journal of Applied Psychology 32 (1948), 221-233. Syllables are counted by a rule, so the figure is good to a few
    points; under 100 words it says little.
    """
    words, parts = words_of(text), sentences(text)
    if not words or not parts:
        return None
    return 206.835 - 1.015 * len(words) / len(parts) - 84.6 * sum(syllables(w) for w in words) / len(words)
