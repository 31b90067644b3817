"""THE LIST of features, low ones first: the handbook, effects, facts, pages and navigation are loaded from it.

A feature names its modules below their layer's folder, and the features that it needs, which stand before it. Whoever
needs a part loads it with `modules`; nothing is loaded before. The order is the order of imports between the packages
of services, and of the pages in the handbook; `tests/test_features.py` holds the imports against it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import NamedTuple, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class FeatureError(Exception):
    """The list of features contradicts itself, or names what is not there; the text is one sentence with the place."""


@dataclass(frozen=True)
class Feature:
    """One feature: its name, which its package in services bears; what it needs; and its modules, by part.

    `needs`: the features whose packages in services its own package imports. `pages`: the handbook's, in workflows.
    `facts`, `effects`, `audiences` (who is told), `words` (what letters print beyond the page's words), `names` (what
    people call a record that has no page, or stands in a list), `fixes` (what the history keeps of a step), `previews`
    (what a step would do, in words), `lines` (what home pages say of what waits, beyond the words of its page), `revoked`
    (what ends where somebody loses a role), `jobs` (work for later) and `home` (what one role has before it, in the order
    of the home page): in services. `views`: in web, with NAVIGATION where people reach them from everywhere. PARTS says
    what each module must have. `root`: the package whose folders `workflows`, `services` and `web` they are in, for a
    feature that stands beside civflow.
    """

    name: str
    needs: tuple[str, ...] = ()
    root: str = "civflow"
    pages: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    previews: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    fixes: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    home: tuple[str, ...] = ()
    views: tuple[str, ...] = ()


class Part(NamedTuple):
    """Where a part's modules are, and what each must have: in words, and as a question to one of its values by name."""

    folder: str
    must_have: str
    is_it: Callable[[str, object], bool]


def _called(wanted: str) -> Callable[[str, object], bool]:
    return lambda name, value: name == wanted


def _marked(mark: str) -> Callable[[str, object], bool]:
    return lambda name, value: hasattr(value, mark) and not isinstance(value, ModuleType)


PARTS = {
    "pages": Part("workflows", "a Workflow", lambda name, value: type(value).__name__ == "Workflow"),
    "facts": Part("services", "FACTS", _called("FACTS")),
    "effects": Part("services", "a function marked @effect", _marked("effect")),
    "audiences": Part("services", "a function marked @audience", _marked("teller")),
    "words": Part("services", "a function marked @words", _marked("words")),
    "names": Part("services", "NAMES", _called("NAMES")),
    "previews": Part("services", "PREVIEWS", _called("PREVIEWS")),
    "fixes": Part("services", "a function marked @fixed", _marked("fixed")),
    "lines": Part("services", "a function marked @says", _marked("says")),
    "revoked": Part("services", "a function “role_taken_back”", _called("role_taken_back")),
    "jobs": Part("services", "JOBS", _called("JOBS")),
    "home": Part("services", "a function “dashboard”", _called("dashboard")),
    "views": Part("web", "a blueprint", _called("blueprint")),
}
FEATURES = (
    Feature("jobs"),
    Feature("engine", needs=("jobs",), jobs=("engine.jobs",), views=("handbook",)),
    Feature("programmes"),
    Feature("records", needs=("engine", "programmes"), views=("records",)),
    Feature(
        "people",
        needs=("jobs", "engine", "records"),
        jobs=("people.jobs",),
        views=("people.sign_in", "people.account", "people.people"),
    ),
    Feature("documents", needs=("jobs", "engine", "records", "people"), jobs=("documents.jobs",), views=("documents",)),
    Feature(
        "notifications",
        needs=("jobs", "engine", "records", "people", "documents"),
        pages=("notifications",),
        facts=("notifications.facts",),
        audiences=("notifications.audiences",),
        jobs=("notifications.jobs",),
        views=("notifications",),
    ),
    Feature("search"),
    Feature(
        "following",
        needs=("jobs", "engine", "records", "people", "notifications", "search"),
        audiences=("following.audiences",),
        jobs=("following.jobs",),
        views=("following",),
    ),
    Feature("collaboration", needs=("engine", "records", "people", "notifications"), views=("collaboration",)),
    Feature("rounds", needs=("engine", "records"), pages=("rounds",), facts=("rounds.facts",), views=("rounds",)),
    Feature(
        "challenges",
        needs=("engine", "programmes", "records", "people", "documents", "notifications", "search", "collaboration"),
        pages=("challenges.page",),
        facts=("challenges.facts",),
        effects=("challenges.effects", "challenges.brief", "challenges.review_effects"),
        audiences=("challenges.audiences",),
        words=("challenges.words",),
        previews=("challenges.previews",),
        names=("challenges.names",),
        lines=("challenges.lines",),
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
            "challenges.ending",
            "challenges.copying",
            "challenges.application_form",
        ),
    ),
    Feature(
        "questions",
        needs=("engine", "programmes", "records", "notifications", "challenges"),
        pages=("questions",),
        facts=("questions.facts",),
        effects=("questions.effects",),
        audiences=("questions.audiences",),
        words=("questions.words",),
        lines=("questions.lines",),
        views=("questions.answering", "questions.spreadsheets"),
    ),
    Feature(
        "live_sessions",
        needs=("engine", "programmes", "notifications", "following", "questions"),
        pages=("live_sessions",),
        facts=("live_sessions.facts",),
        words=("live_sessions.words",),
        views=("live_sessions",),
    ),
    Feature(
        "teams",
        needs=("engine", "people", "notifications"),
        pages=("teams.teams", "teams.memberships"),
        facts=("teams.facts",),
        effects=("teams.effects",),
        audiences=("teams.audiences",),
        views=("teams.joining", "teams.founding"),
    ),
    Feature(
        "applications",
        needs=("engine", "programmes", "people", "documents", "notifications", "following", "challenges", "teams"),
        pages=("applications",),
        facts=("applications.facts",),
        effects=("applications.effects", "applications.deadline_effects"),
        audiences=("applications.audiences",),
        words=("applications.words",),
        views=("applications.begin", "applications.own", "applications.writing"),
    ),
    Feature(
        "assessment",
        needs=("engine", "programmes", "records", "people", "documents", "notifications", "challenges", "applications"),
        pages=("assessment.gates", "assessment.assignments"),
        facts=("assessment.facts",),
        effects=("assessment.effects",),
        audiences=("assessment.audiences",),
        previews=("assessment.previews",),
        names=("assessment.names",),
        lines=("assessment.lines",),
        revoked=("assessment.revoked",),
        views=("assessment.assessor", "assessment.gates", "assessment.panel"),
    ),
    Feature(
        "interviews",
        needs=("engine", "records", "people", "notifications", "assessment"),
        pages=("interviews",),
        facts=("interviews.facts",),
        effects=("interviews.effects",),
        audiences=("interviews.audiences",),
        words=("interviews.words",),
    ),
    Feature(
        "agreements",
        needs=("engine", "programmes", "records", "people", "documents", "notifications", "challenges"),
        pages=("agreements",),
        facts=("agreements.facts",),
        effects=("agreements.effects",),
        audiences=("agreements.audiences",),
        previews=("agreements.previews",),
    ),
    Feature(
        "delivery",
        needs=("engine", "programmes", "records", "people", "notifications", "challenges"),
        pages=("delivery.places", "delivery.sprints", "delivery.deliverables"),
        facts=("delivery.facts",),
        effects=("delivery.effects",),
        previews=("delivery.previews",),
        views=("delivery",),
    ),
    Feature(
        "reports",
        needs=("programmes", "search", "challenges", "questions"),
        views=("reports.feeds", "reports.statistics"),
    ),
    Feature(
        "audit",
        needs=("jobs", "engine", "records", "documents", "challenges", "questions", "applications", "assessment"),
        fixes=("audit.fixed",),
        jobs=("audit.jobs",),
        views=("audit",),
    ),
    Feature("health", needs=("jobs", "engine", "records", "people", "documents", "notifications"), views=("about",)),
    Feature(
        "dashboards",
        needs=(
            "engine",
            "programmes",
            "records",
            "people",
            "search",
            "challenges",
            "teams",
            "applications",
            "assessment",
            "interviews",
            "health",
        ),
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
    """The modules that these features name for a part, in their order.

    Raises FeatureError where one is missing, or lacks what its part must have.
    """
    folder, must_have, is_it = PARTS[part]
    for feature in features:
        for name in getattr(feature, part):
            path = f"{feature.root}.{folder}.{name}"
            named = f"civflow/features.py: “{feature.name}” names {path} among its {part}"
            try:
                module = importlib.import_module(path)
            except ModuleNotFoundError as missing:
                if not f"{path}.".startswith(f"{missing.name}."):
                    raise
                raise FeatureError(f"{named}, and there is no such module.") from None
            if not any(is_it(*each) for each in vars(module).items()):
                raise FeatureError(f"{named}, and that has no {must_have.removeprefix('a ')}.")
            yield module


@cache
def modules(part: str) -> tuple[ModuleType, ...]:
    """The modules of every feature for a part, loaded once. Raises FeatureError."""
    check(FEATURES)
    return tuple(load(FEATURES, part))


def collect(part: str, items: Callable[[ModuleType], Iterable[tuple[Key, Value]]]) -> dict[Key, Value]:
    """What the modules of a part declare, by key: `items` finds it in one. Raises FeatureError for a key that comes twice."""
    found: dict[Key, Value] = {}
    for module in modules(part):
        for key, value in items(module):
            if key in found:
                name = "”, “".join(key) if isinstance(key, tuple) else key
                raise FeatureError(f"{module.__name__}: “{name}” stands twice among the {part}.")
            found[key] = value
    return found
