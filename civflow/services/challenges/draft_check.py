"""What the check of a draft finds in a challenge as it stands, part by part, and how the task list counts it."""

from __future__ import annotations

from collections.abc import Iterator

from civflow.methods.draft_check import KINDS, Finding, Section, check_draft
from civflow.models import Challenge, ChallengeVersion
from civflow.services.challenges.calendar import day_off
from civflow.services.challenges.form import DATES, QUESTION, TEXT
from civflow.services.formatting import count
from civflow.workflows.programme import Programme


def findings(programme: Programme, challenge: Challenge, text: ChallengeVersion) -> dict[str, list[Finding]]:
    """Id of a part -> what to look at there; parts without words to check are not named."""
    sections = [Section(s.id, s.title, text.sections.get(s.id, ""), s.words, s.required) for s in programme.brief]
    found = check_draft(challenge.question, sections)
    parts = {part if part == QUESTION.id else TEXT + part: points for part, points in found.items()}
    dates = list(_dates(programme, challenge))
    return {**parts, DATES.id: dates} if dates else parts


def _dates(programme: Programme, challenge: Challenge) -> Iterator[Finding]:
    """What is odd about the dates and stops nobody: an end on a day off, and a call that is long."""
    opens, closes, longest = challenge.opens_at, challenge.closes_at, programme.call.longest
    if closes and (what := day_off(programme, closes)):
        yield Finding(
            "dates", "", f"The call closes on {what}: teams reach nobody on that day. A working day is kinder."
        )
    if opens and closes and longest:
        first, last = (at.astimezone(programme.zone).replace(tzinfo=None) for at in (opens, closes))
        if last - first > longest:
            days = (last - first).days
            reason = (
                f"The call is open for {days} days; the programme's calls last {programme.call.lasts_at_most} at most."
            )
            yield Finding("dates", "", reason)


def in_a_few_words(found: list[Finding]) -> str:
    """'2 things to look at: jargon, length', for a line of the task list; what is missing says its status already."""
    told = [finding for finding in found if finding.kind != "missing"]
    if not told:
        return ""
    kinds = ", ".join(dict.fromkeys(KINDS[finding.kind].lower() for finding in told))
    return f"{count(len(told), 'thing')} to look at: {kinds}"
