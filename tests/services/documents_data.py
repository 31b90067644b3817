"""One example of the data of each kind of document."""

from typing import Any

CRITERIA = (
    ("Solves the challenge", 40, "The idea would change what the challenge describes."),
    ("Innovation", 25, "It does what existing products do not."),
    ("Commercial potential", 20, "Others have the problem and would pay."),
    ("Commitment to the schedule", 15, "Named people for every stage."),
)

PROBLEM = """Farmers are asked to do more for nature, and have **no simple way** to see what they have.

Three things make it hard:

- surveys cost more than a small farm can pay,
- results come a year later,
- nobody can compare one farm with the next."""


def stage(
    title: str,
    kind: str,
    starts: str,
    ends: str,
    sentence: str,
    cap: int | None = None,
    money_pounds: int = 0,
) -> dict[str, Any]:
    """A stage of the brief; `starts` and `ends` are UTC to the minute."""
    dates = {"starts_at": f"{starts}:00+00:00", "ends_at": f"{ends}:00+00:00"}
    return {
        "title": title,
        "kind": kind,
        "sentence": sentence,
        **dates,
        "cap": cap,
        "money_pounds": money_pounds,
    }


BRIEF: dict[str, Any] = {
    "programme": "CivTech",
    "round": "Round 10",
    "reference": "10.1",
    "title": "Biodiversity on the farm",
    "question": "How might we help farmers and crofters understand and improve biodiversity on their land?",
    "sponsor": "NatureScot",
    "money_pounds": 650000,
    "excludes_vat": True,
    "opens_at": "2024-07-30T08:00:00+00:00",
    "closes_at": "2024-09-10T11:00:00+00:00",
    "zone": "Europe/London",
    "version": 2,
    "dates_as_on": "2024-08-14T15:00:00+00:00",
    "sections": [
        {"title": "The problem", "words": PROBLEM},
        {"title": "Why it needs solving now", "words": "From 2027 support depends on it.\nNobody can show it."},
    ],
    "stages": [
        stage("Open call", "call", "2024-07-30T08:00", "2024-09-10T11:00", "Anybody may ask questions and apply."),
        stage("Sift", "gate", "2024-09-10T11:00", "2024-09-24T11:00", "Assessors score the applications.", cap=6),
        stage("Interview", "gate", "2024-10-07T08:00", "2024-10-09T16:00", "Teams present for thirty minutes.", cap=3),
        stage("Exploration", "work", "2024-11-11T09:00", "2024-11-29T17:00", "Paid work.", money_pounds=5000),
        stage("Final pitch", "gate", "2024-12-03T09:00", "2024-12-05T17:00", "Improved proposals.", cap=1),
        stage("Accelerator", "work", "2025-01-20T09:00", "2025-05-02T16:00", "A first product.", money_pounds=30000),
    ],
    "scorecards": [
        {
            "gate": gate,
            "scale_most": 4,
            "scale_words": ["Not answered", "Weak", "Fair", "Good", "Very good"],
            "criteria": [{"title": t, "weight": w, "guidance": g} for t, w, g in CRITERIA],
            "ties": ["Solves the challenge", "Innovation"],
        }
        for gate in ("Sift", "Interview")
    ],
    "notice_reference": "AUG512345",
    "source_url": "https://example.org/challenges/10.1",
    "how_to_apply_url": "/challenges/biodiversity-on-the-farm/apply",
}

RECEIPT: dict[str, Any] = {
    "reference": "10.1-017",
    "challenge": "Biodiversity on the farm",
    "challenge_reference": "10.1",
    "team": "Meadowlark",
    "title": "Every field has a voice",
    "submitted_at": "2024-09-10T10:41:07+00:00",
    "zone": "Europe/London",
    "submitted_by": "Ailsa MacLeod",
    "number": 1,
    "version": 2,
    "content_hash": "3b1f0c5e9d7a4c2b8e6f1a0d3c5b7e9f2a4c6e8b0d1f3a5c7e9b2d4f6a8c0e1b",
    "answers": [
        {
            "title": "Your idea in two sentences",
            "words": "A phone listens to a field for ten minutes.\nIt says who lives there.",
        },
        {
            "title": "How does it solve the challenge?",
            "words": "First paragraph.\n\nSecond paragraph, after a blank line.",
        },
        {"title": "How do you work for equality and diversity?", "words": ""},
    ],
    "closes_at": "2024-09-10T11:00:00+00:00",
    "sealed_until": "2024-09-12T11:00:00+00:00",
}

LETTER: dict[str, Any] = {
    "reference": "10.1-017",
    "challenge": "Biodiversity on the farm",
    "sponsor": "NatureScot",
    "programme": "CivTech",
    "team": "Meadowlark",
    "addressee": "Ailsa MacLeod",
    "gate": "Interview",
    "decision": "not_selected",
    "released_at": "2024-10-14T10:30:00+00:00",
    "zone": "Europe/London",
    "applications": 6,
    "going_on": 3,
    "rank": 4,
    "scale_least": 0,
    "scale_most": 4,
    "criteria": [
        {"title": t, "weight": w, "own": own, "winner": winner}
        for (t, w, _), own, winner in zip(
            CRITERIA, ("2.7", "3.3", "1.7", "3.0"), ("3.4", "3.1", "2.8", "3.6"), strict=True
        )
    ],
    "own_total": "68.4",
    "winners": [
        {"team": team, "total": total, "scores": {c[0]: s for c, s in zip(CRITERIA, scores, strict=True)}}
        for team, total, scores in (
            ("Corncrake Labs", "84.1", ("3.7", "3.3", "2.7", "4.0")),
            ("Hedgerow Data", "80.9", ("3.3", "3.0", "3.0", "3.7")),
            ("Field Notes", "77.5", ("3.3", "3.0", "2.7", "3.0")),
        )
    ],
    "reasons": [
        {
            "criterion": "Solves the challenge",
            "words": "It measures birds well, and says little about plants and insects.",
        },
        {
            "criterion": "Solves the challenge",
            "words": "Convincing on what is heard; how a farmer acts on it stays open.",
        },
        {"criterion": "Innovation", "words": "Running the model on the phone, without a network, is new."},
        {"criterion": "Commercial potential", "words": "Who pays after the first year was not answered."},
    ],
    "tie_break": "",
    "next": "",
    "ahead": [],
    "page": "/applications/17",
    "debrief_until": "2024-11-13T10:30:00+00:00",
}

AGREEMENT: dict[str, Any] = {
    "stage": "Exploration",
    "kind": "work",
    "sprint_weeks": None,
    "title": "Exploration: Biodiversity on the farm",
    "programme": "CivTech",
    "reference": "10.1-023",
    "challenge": "Biodiversity on the farm",
    "question": BRIEF["question"],
    "sponsor": {"legal_name": "NatureScot", "address": "Great Glen House, Leachkin Road, Inverness IV3 8NW"},
    "team": {
        "name": "Corncrake Labs",
        "legal_name": "Corncrake Laboratories Ltd",
        "number": "SC123456",
        "address": "12 Shore Street, Ullapool IV26 2UR",
        "lead": "Morag Sinclair",
    },
    "price_pounds": 5000,
    "excludes_vat": True,
    "starts_at": "2024-11-11T09:00:00+00:00",
    "ends_at": "2024-11-29T17:00:00+00:00",
    "zone": "Europe/London",
    "deliverables": [
        {
            "title": "What we learnt and what we propose",
            "done_when": "The sponsor has discussed it.",
            "due_at": "2024-11-29T17:00:00+00:00",
        },
    ],
    "standstill_ends_at": None,
}

EXAMPLES = {"challenge_brief": BRIEF, "receipt": RECEIPT, "outcome_letter": LETTER, "agreement": AGREEMENT}
