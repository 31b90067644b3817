"""Before anything is done: everything that the list of features names is there, and says what it has to."""

from __future__ import annotations

from civflow import features
from civflow.services.engine.effects import check_names, registered
from civflow.services.engine.facts import facts
from civflow.services.jobs.job import kinds
from civflow.services.notifications.declared import check_tellings
from civflow.services.records.preview import previewers
from civflow.services.records.waiting import sayings


def check_features(*, views: bool = True) -> None:
    """Load everything that the list of features names, its views too where they are served.

    Raises FeatureError or HandbookError where the list, or what it names, is wrong: one sentence with the place.
    """
    for part in features.PARTS:
        if views or part != "views":
            features.modules(part)
    facts(), kinds(), previewers(), sayings()
    check_tellings()
    check_names("fixes", registered().fixed, lambda step: step.fixes)
