"""What pages say under `tells`, checked at start against what features declare: names, kinds, templates and words."""

from __future__ import annotations

from collections.abc import Iterable

from civflow.features import FeatureError
from civflow.services.engine.effects import check_known, check_names
from civflow.services.notifications.letters import worded
from civflow.services.notifications.registry import all_told, audiences
from civflow.workflows import HANDBOOK
from civflow.workflows.engine import News, Step, Workflow

TELLS, PRINTS = "tells", "prints the words of"


def check_tellings(pages: Iterable[Workflow] | None = None) -> None:
    """Say nothing if these pages, or all of the handbook, tell only whom there is, in letters that can be written.

    Of the whole handbook every audience must be told, and every function of words printed. Raises FeatureError.
    """
    for page in HANDBOOK.values() if pages is None else pages:
        for step in page.steps:
            _check(f"{page.name}.{step.name}", step)
    if pages is None:
        check_names(TELLS, all_told(), _whom)
        check_names(PRINTS, worded(), _words)


def _check(place: str, step: Step) -> None:
    check_known(place, TELLS, all_told(), step.tells)
    check_known(place, "has news beside letters to", audiences(), _besides(step))
    check_known(place, PRINTS, worded(), _words(step))
    for name, told in step.tells.items():
        who = all_told()[name]
        if not isinstance(told, who.takes):
            raise FeatureError(
                f"{place}: “{name}” are told in a {who.takes.__name__}, and not in a {type(told).__name__}."
            )
        for fault in who.faults(told):
            raise FeatureError(f"{place}, to {name}: {fault}.")


def _whom(step: Step) -> list[str]:
    return [*step.tells, *_besides(step)]


def _besides(step: Step) -> list[str]:
    return [name for told in step.tells.values() if isinstance(told, News) for name in told.besides]


def _words(step: Step) -> list[str]:
    return [told.words for told in step.tells.values() if told.words]
