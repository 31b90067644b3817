"""Which steps are news for those who follow a challenge; each feature names its own."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from sqlmodel import Session

from civflow import features
from civflow.models import Challenge
from civflow.services.engine.effects import Move, check_steps


class StepNews(NamedTuple):
    """How a step is told: a key of SUBJECTS, its sentence, and who hears of it another way."""

    what: str
    sentence: Callable[[Session, Challenge, Move], str]
    elsewhere: Callable[[Session, Challenge, Move], set[int]] = lambda session, challenge, move: set()


@cache
def news() -> dict[tuple[str, str], StepNews]:
    """(Noun, step) -> how it is told, of every feature. Raises FeatureError for a step that there is not."""
    found: dict[tuple[str, str], StepNews] = features.collect("news", lambda module: module.NEWS.items())
    check_steps("news", found)
    return found
