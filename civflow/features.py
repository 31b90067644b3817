"""THE LIST of features, low ones first: the handbook, effects, facts, pages and navigation are loaded from it.

A feature names its modules below their layer's folder, and the features that it needs, which stand before it. Whoever
needs a part loads it with `modules`; nothing is loaded before. The order is the order of imports between the packages
of services, and of the pages in the handbook; `tests/test_features.py` holds the imports against it.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType


class FeatureError(Exception):
    """The list of features contradicts itself, or names what is not there; the text is one sentence with the place."""


@dataclass(frozen=True)
class Feature:
    """One feature: its name, which its package in services bears; what it needs; and its modules, by part.

    `pages`: the handbook's, in workflows. `facts`, `effects`, `audiences`, `previews` (what a step would do, in words),
    `news` (which steps are news for followers) and `fixes` (what the record keeps of a step), `home` (what waits for
    somebody in one role, in the order of the home page): in services. `views`: in
    web, each with a blueprint, and with NAVIGATION where people reach it from everywhere.
    """

    name: str
    needs: tuple[str, ...] = ()
    pages: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    previews: tuple[str, ...] = ()
    news: tuple[str, ...] = ()
    fixes: tuple[str, ...] = ()
    home: tuple[str, ...] = ()
    views: tuple[str, ...] = ()


FOLDERS = {"pages": "civflow.workflows", "views": "civflow.web"}  # of the parts; the others are in civflow.services
FEATURES = (
    Feature("jobs"),
    Feature("engine", needs=("jobs",), views=("handbook",)),
    Feature("people", views=("people.sign_in", "people.account", "people.people")),
    Feature("programmes"),
    Feature("records", views=("records",)),
    Feature("documents", views=("documents",)),
    Feature(
        "notifications",
        pages=("notifications",),
        facts=("notifications.facts",),
        audiences=("notifications.audiences",),
        views=("notifications",),
    ),
    Feature("search"),
    Feature("following", effects=("following.effects",), views=("following",)),
    Feature("collaboration"),
    Feature("rounds", pages=("rounds",), facts=("rounds.facts",), views=("rounds",)),
    Feature(
        "challenges",
        pages=("challenges.page",),
        facts=("challenges.facts",),
        effects=("challenges.effects", "challenges.brief", "challenges.review_effects"),
        previews=("challenges.previews",),
        news=("challenges.news",),
        views=(
            "challenges.public",
            "challenges.drafts",
            "challenges.draft_parts",
            "challenges.draft_people",
            "challenges.draft_comments",
            "challenges.review",
            "challenges.changes",
            "challenges.versions",
            "challenges.deadlines",
            "challenges.application_form",
        ),
    ),
    Feature(
        "questions",
        pages=("questions",),
        facts=("questions.facts",),
        effects=("questions.effects",),
        news=("questions.news",),
        views=("questions",),
    ),
    Feature(
        "live_sessions",
        pages=("live_sessions",),
        facts=("live_sessions.facts",),
        effects=("live_sessions.effects",),
        views=("live_sessions",),
    ),
    Feature(
        "teams",
        pages=("teams.teams", "teams.memberships"),
        facts=("teams.facts",),
        effects=("teams.effects",),
        audiences=("teams.audiences",),
        views=("teams",),
    ),
    Feature(
        "applications",
        pages=("applications",),
        facts=("applications.facts",),
        effects=("applications.effects", "applications.deadlines"),
        audiences=("applications.audiences",),
        views=("applications.begin", "applications.own", "applications.writing"),
    ),
    Feature(
        "assessment",
        pages=("assessment.gates", "assessment.assignments"),
        facts=("assessment.facts",),
        effects=("assessment.effects",),
        audiences=("assessment.audiences",),
        previews=("assessment.previews",),
        news=("assessment.news",),
        views=("assessment.assessor", "assessment.gates", "assessment.panel"),
    ),
    Feature("interviews", pages=("interviews",), facts=("interviews.facts",), effects=("interviews.effects",)),
    Feature(
        "agreements",
        pages=("agreements",),
        facts=("agreements.facts",),
        effects=("agreements.effects",),
        audiences=("agreements.audiences",),
    ),
    Feature(
        "delivery",
        pages=("delivery.places", "delivery.sprints", "delivery.deliverables"),
        facts=("delivery.facts",),
        effects=("delivery.effects",),
        views=("delivery",),
    ),
    Feature("reports", views=("reports.feeds", "reports.statistics")),
    Feature("audit", fixes=("audit.fixed",)),
    Feature("health", views=("about",)),
    Feature(
        "dashboards",
        home=(
            "dashboards.innovator",
            "dashboards.owner",
            "dashboards.writer",
            "dashboards.assessor",
            "dashboards.scorer",
            "dashboards.manager",
            "dashboards.approver",
            "dashboards.finance",
            "dashboards.auditor",
            "dashboards.administrator",
        ),
        views=("dashboards",),
    ),
)


def check(features: Sequence[Feature]) -> None:
    """Raises FeatureError where two features have one name, or one needs a later one or none that there is."""
    before: set[str] = set()
    names = {feature.name for feature in features}
    for feature in features:
        if feature.name in before:
            raise FeatureError(f"civflow/features.py: two features are called “{feature.name}”.")
        for need in feature.needs:
            if need not in names:
                raise FeatureError(
                    f"civflow/features.py: “{feature.name}” needs “{need}”, and there is no such feature."
                )
            if need not in before:
                raise FeatureError(
                    f"civflow/features.py: “{feature.name}” needs “{need}”, which stands after it; move it before."
                )
        before.add(feature.name)


def load(features: Sequence[Feature], part: str) -> Iterator[ModuleType]:
    """The modules that these features name for a part, in their order. Raises FeatureError where one is missing."""
    folder = FOLDERS.get(part, "civflow.services")
    for feature in features:
        for name in getattr(feature, part):
            try:
                yield importlib.import_module(f"{folder}.{name}")
            except ModuleNotFoundError as missing:
                if not f"{folder}.{name}.".startswith(f"{missing.name}."):
                    raise
                sentence = f"“{feature.name}” names {folder}.{name} among its {part}, and there is no such module."
                raise FeatureError(f"civflow/features.py: {sentence}") from None


@cache
def modules(part: str) -> tuple[ModuleType, ...]:
    """The modules of every feature for a part, loaded once. Raises FeatureError."""
    check(FEATURES)
    return tuple(load(FEATURES, part))
