"""The difference between two texts: whole words, in reading order, and nothing is lost of either."""

from __future__ import annotations

import pytest

from civflow.methods.difference import Piece, difference


@pytest.mark.parametrize(
    ("old", "new", "pieces"),
    [
        ("two hours", "three hours", [("gone", "two"), ("new", "three"), ("same", " hours")]),
        ("", "New words.", [("new", "New words.")]),
        ("Old words.", "", [("gone", "Old words.")]),
        ("The same.", "The same.", [("same", "The same.")]),
        (
            "up to £650,000 now",
            "up to £700,000 now",
            [
                ("same", "up to "),
                ("gone", "£650,000"),
                ("new", "£700,000"),
                ("same", " now"),
            ],
        ),
        ("One.\n\nThree.", "One.", [("same", "One."), ("gone", "\n\nThree.")]),
        # one word that stayed between two changes is read with them; two words are not
        (
            "we read a b gauges",
            "we count a b schools",
            [
                ("same", "we "),
                ("gone", "read"),
                ("new", "count"),
                ("same", " a b "),
                ("gone", "gauges"),
                ("new", "schools"),
            ],
        ),
        (
            "we read a gauges",
            "we count a schools",
            [("same", "we "), ("gone", "read a gauges"), ("new", "count a schools")],
        ),
    ],
)
def test_words_are_compared_whole(old, new, pieces):
    found = difference(old, new)
    assert found == [Piece(*piece) for piece in pieces]
    assert "".join(p.words for p in found if p.kind != "new") == old
    assert "".join(p.words for p in found if p.kind != "gone") == new


def test_a_line_end_separates_two_changes():
    found = difference("a old\nb\nc old", "a new\nb\nc new")
    assert [p.words for p in found if p.kind == "same"] == ["a ", "\nb\nc "]


@pytest.mark.parametrize("text", ["a\tb  c\r\nd", "🙂 it’s £1.50 (50%)", "\n\n  \n", "x" * 5000])
def test_no_character_is_lost(text):
    found = difference(text, text.upper() + " y")
    assert "".join(p.words for p in found if p.kind != "new") == text
    assert "".join(p.words for p in found if p.kind != "gone") == text.upper() + " y"
