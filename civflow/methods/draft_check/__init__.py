"""The check of a draft: solution-shaped wording, what is missing, trade talk and length, each with its reason.

It points out, and never blocks: people know better than a table of words. What existed before may be told (“an app was
tried in 2019”); what is asked for is pointed out. “How can technology …” is not: that is what such programmes are for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from civflow.methods.draft_check.reading import reading_ease, sentences, words_of
from civflow.methods.draft_check.terms import JARGON, KNOWN, MEANS, PRODUCTS, SOLUTIONS

KINDS = {
    "missing": "Missing",
    "solution": "Sounds like a solution",
    "question": "Not an open question",
    "jargon": "Jargon",
    "abbreviation": "Abbreviation",
    "length": "Length",
    "dates": "Dates",
}
LONG_SENTENCE = 30  # words
LONG_QUESTION = 35  # words
SHORT_SHARE = 12  # a section with less than a twelfth of the words that it may have is short
HARD_TO_READ = 30  # Flesch's figure, below which he called a text very difficult
ENOUGH_TO_JUDGE = 100  # words
MOST_OF_A_KIND = 5  # findings of one kind in one part: more help nobody


class Finding(NamedTuple):
    """Something to look at: its kind, the words in question (may be empty), and the reason with what to do."""

    kind: str
    words: str
    reason: str


class Section(NamedTuple):
    """A section of the brief as it stands; `most` is how many words it may have."""

    id: str
    title: str
    text: str
    most: int
    required: bool


def _any(terms: Sequence[str]) -> str:
    return "|".join(re.escape(term) for term in sorted(terms, key=len, reverse=True))


BUILD = r"(?:build|develop|implement|deploy|procure|buy|install|commission|roll out)(?:ing)?"
THING = re.compile(
    rf"\b(?:an?|new|mobile|online|digital)\s+(?:[\w-]+\s+){{0,3}}?(?:{_any(SOLUTIONS)})\b", re.IGNORECASE
)
BARE_THING = re.compile(rf"^(?:new\s+|mobile\s+)?(?:{_any(SOLUTIONS)})\b", re.IGNORECASE)
BUILDING = re.compile(rf"\b{BUILD}\s+(?:an?|new|our own)\s+[\w-]+(?:\s+[\w-]+)?", re.IGNORECASE)
MEANT = re.compile(
    rf"\b(?:use|uses|using|use of|via|through|powered by|based on|harness\w*|leverag\w*|apply|applying|with the help of)"
    rf"\s+(?:[\w-]+\s+)?(?:{_any(MEANS)})\b",
    re.IGNORECASE,
)
MEANS_FIRST = re.compile(
    rf"^(?:how\s+(?:can|could|might|do|should|will)\s+)?(?:an?\s+)?(?:{_any(MEANS)})\b", re.IGNORECASE
)
PRODUCT = re.compile(rf"\b(?:{_any(PRODUCTS)})\b")
ASKS = re.compile(
    r"\b(?:need|needs|want|wants|require|requires|seek|seeking|looking for|look for|would like|should|must|expect|"
    r"propose|envisage|the solution|ideal(?:ly)?|deliver a|provide a)\b",
    re.IGNORECASE,
)
TERM = re.compile(rf"(?<![\w-])(?:{_any(tuple(JARGON))})(?![\w-])", re.IGNORECASE)
ABBREVIATION = re.compile(r"\b(?:[A-Z]{2,}[0-9]*s?|[A-Z]&[A-Z])\b")
EXPLAINED = re.compile(r"\(\s*(?:the\s+)?([A-Z][A-Z&0-9]+s?)\s*\)|\b([A-Z][A-Z&0-9]+)\s*\(\s*[A-Za-z]+\s+[A-Za-z]")
OPEN = re.compile(r"^(?:how|what|which|where|who|why|when|in what|in which|by what|to what)\b", re.IGNORECASE)
CLOSED = re.compile(r"^(?:can|could|is|are|do|does|did|should|would|will|may|might|has|have)\b", re.IGNORECASE)

A_SOLUTION = (
    "That is an answer already. Say what goes wrong now and for whom: teams then bring answers you did not think of."
)
A_BUILDING = "It asks for something to be built. Ask for what should be different for people once it works."
A_MEANS = "It names the means. Teams with another, better means will think that they are not meant."
A_PRODUCT = "It names a product, which shuts others out. Say what it has to do; a system that must stay belongs under constraints."


def check_question(question: str, explained: frozenset[str] = frozenset()) -> list[Finding]:
    """What to look at in the question. It is one line, so every word counts: what it names, it asks for."""
    text = " ".join(question.split())
    if not text:
        return [Finding("missing", "", "The question is not written yet: everything else answers to it.")]
    found = [*_openness(text), *_solutions_in_question(text), *_terms(text), *_abbreviations(text, explained)]
    if len(text.split()) > LONG_QUESTION:
        reason = (
            f"The question has {len(text.split())} words. One that people can repeat has fewer than {LONG_QUESTION}."
        )
        found.append(Finding("length", "", reason))
    return found


def _openness(text: str) -> Iterator[Finding]:
    first = " ".join(text.split()[:3])
    if CLOSED.match(text):
        yield Finding("question", first, "It can be answered with yes or no. Begin with “How might we …”.")
    elif not OPEN.match(text):
        yield Finding(
            "question", first, "It is not a question. Begin with “How might we …”, and end with what should change."
        )
    if text.count("?") > 1:
        yield Finding(
            "question", "", f"It asks {text.count('?')} questions. Teams answer one best: keep the one that matters."
        )


def _solutions_in_question(text: str) -> Iterator[Finding]:
    for pattern, reason in (
        (BUILDING, A_BUILDING),
        (THING, A_SOLUTION),
        (BARE_THING, A_SOLUTION),
        (MEANT, A_MEANS),
        (MEANS_FIRST, A_MEANS),
        (PRODUCT, A_PRODUCT),
    ):
        match = pattern.search(text)
        if match:
            yield Finding("solution", match[0], reason)
            if pattern is not PRODUCT and pattern is not MEANT:
                return


def check_section(section: Section, explained: frozenset[str] = frozenset()) -> list[Finding]:
    """What to look at in one section. Only what is asked for counts as a solution, and not what there was before."""
    text = section.text.strip()
    if not text:
        if not section.required:
            return []
        return [Finding("missing", "", f"“{section.title}” is not written yet. A challenge is approved only with it.")]
    found = [*_solutions_in_text(text), *_terms(text), *_abbreviations(text, explained), *_lengths(section, text)]
    return [f for n, f in enumerate(found) if sum(g.kind == f.kind for g in found[:n]) < MOST_OF_A_KIND]


def _solutions_in_text(text: str) -> Iterator[Finding]:
    seen = set()
    for sentence in sentences(text):
        thing = THING.search(sentence)
        building = BUILDING.search(sentence) if thing else None
        asked = (building or thing) if thing and (building or ASKS.search(sentence)) else None
        means = MEANT.search(sentence) if ASKS.search(sentence) else None
        product = PRODUCT.search(sentence) if ASKS.search(sentence) else None
        for match, reason in ((asked, A_SOLUTION), (means, A_MEANS), (product, A_PRODUCT)):
            if match and match[0].lower() not in seen:
                seen.add(match[0].lower())
                yield Finding("solution", match[0], reason)


def _terms(text: str) -> Iterator[Finding]:
    """Trade talk, each once, with the plain word."""
    for term in dict.fromkeys(match[0].lower() for match in TERM.finditer(text)):
        plain = JARGON[term]
        reason = plain[0].upper() + plain[1:] + "." if plain.startswith("say ") else f"Plainer: “{plain}”."
        yield Finding("jargon", term, reason)


def _abbreviations(text: str, explained: frozenset[str]) -> Iterator[Finding]:
    told = explained | explained_in(text)
    for short in dict.fromkeys(match[0] for match in ABBREVIATION.finditer(text)):
        if short.rstrip("s") not in told and short.upper() not in KNOWN and short.rstrip("s") not in KNOWN:
            reason = f"Write it out once, with “({short})” behind it: readers from other fields do not know it."
            yield Finding("abbreviation", short, reason)


def explained_in(text: str) -> frozenset[str]:
    """The abbreviations that a text writes out: “Scottish Environment Protection Agency (SEPA)”, or the other way."""
    return frozenset((match[1] or match[2]).rstrip("s") for match in EXPLAINED.finditer(text))


def _lengths(section: Section, text: str) -> Iterator[Finding]:
    number = len(text.split())
    if number > section.most:
        yield Finding(
            "length",
            "",
            f"It has {number:,} words and may have {section.most}: shorten it by {number - section.most:,}.",
        )
    elif section.required and number < section.most // SHORT_SHARE:
        yield Finding(
            "length", "", f"It has {number} words of up to {section.most}: teams decide by it whether to take part."
        )
    for sentence in sentences(text):
        words = sentence.split()
        if len(words) > LONG_SENTENCE:
            reason = f"This sentence has {len(words)} words. Make two or three of it: most readers lose the thread after {LONG_SENTENCE}."
            yield Finding("length", f"{' '.join(words[:6])} …", reason)
    ease = reading_ease(text)
    if ease is not None and ease < HARD_TO_READ and len(words_of(text)) >= ENOUGH_TO_JUDGE:
        yield Finding(
            "length",
            "",
            f"It is very hard to read (Flesch {max(0, round(ease))} of 100). Shorter sentences and "
            "shorter words help people who read it on the way to work.",
        )


def check_draft(question: str, sections: Sequence[Section]) -> dict[str, list[Finding]]:
    """Findings by part: under “question” and under each section's id. What one part writes out, the others may use."""
    explained = explained_in(question).union(*(explained_in(section.text) for section in sections))
    found = {section.id: check_section(section, explained) for section in sections}
    return {"question": check_question(question, explained), **found}
