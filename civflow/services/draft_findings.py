"""What the check of a draft finds in a challenge as it stands, part by part, and how the task list counts it."""

from __future__ import annotations

from civflow.methods.draft_check import KINDS, Finding, Section, check_draft
from civflow.models import Challenge, ChallengeVersion
from civflow.services.drafting import QUESTION, TEXT
from civflow.services.wording import count
from civflow.workflows.programme import Programme


def findings(programme: Programme, challenge: Challenge, text: ChallengeVersion) -> dict[str, list[Finding]]:
    """Id of a part -> what to look at there; parts without words to check are not named."""
    sections = [
        Section(s.id, s.title, text.sections.get(s.id, ""), s.words, s.required) for s in programme.brief
    ]  # fmt: skip
    found = check_draft(challenge.question, sections)
    return {part if part == QUESTION.id else TEXT + part: points for part, points in found.items()}


def in_a_few_words(found: list[Finding]) -> str:
    """'2 things to look at: jargon, length', for a line of the task list; what is missing says its status already."""
    told = [finding for finding in found if finding.kind != "missing"]
    if not told:
        return ""
    kinds = ", ".join(dict.fromkeys(KINDS[finding.kind].lower() for finding in told))
    return f"{count(len(told), 'thing')} to look at: {kinds}"
