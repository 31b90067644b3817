"""Equal totals: which rank stands ahead of which, and by what, in words for the gate's page and the letters."""

from __future__ import annotations

from civflow.methods.ranking import THE_PANEL, Ranked

LONGEST = 300  # letters that the words of one application may have


def tie_words(ranked: Ranked[int]) -> str:
    """'Behind rank 1 by “Solves the challenge”, ahead of rank 3 by “Innovation”'; '' where the total alone decided."""
    parts = []
    if ranked.behind:
        parts.append(f"behind rank {ranked.behind.rank} by {_cause(ranked.behind.by)}")
    if ranked.ahead_of:
        parts.append(f"ahead of rank {ranked.ahead_of.rank} by {_cause(ranked.ahead_of.by)}")
    return _sentence(*parts)


def settled(known: str, *, rank: int, ahead: bool, reason: str) -> str:
    """`known` words of an application, and that the panel put it ahead of `rank` or behind it."""
    words = f"{'ahead of' if ahead else 'behind'} rank {rank} by {THE_PANEL}: {reason.strip().rstrip('.')}"
    return _sentence(known[:1].lower() + known[1:], words)


def _cause(by: str) -> str:
    return by if by == THE_PANEL else f"“{by}”"


def _sentence(*parts: str) -> str:
    words = ", ".join(filter(None, parts))
    words = words[:1].upper() + words[1:]
    return words if len(words) <= LONGEST else words[: LONGEST - 1].rstrip() + "…"
