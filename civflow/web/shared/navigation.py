"""The way to each part, for those who have something there: each feature's views say it in NAVIGATION."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from civflow import features
from civflow.workflows.engine import Actor


class Link(NamedTuple):
    """A word in the navigation: where it leads, its place from the left, and for whom it is there."""

    text: str
    href: str
    place: int
    shown: Callable[[Actor], bool] = lambda actor: True


def is_signed_in(actor: Actor) -> bool:
    return actor.id is not None


def holds_any(actor: Actor, *roles: str) -> bool:
    """Whether the actor holds one of these roles in any scope."""
    return any(held.role in roles for held in actor.roles)


def is_only_finance(actor: Actor) -> bool:
    """Whether the actor is a finance officer and nothing else."""
    return {held.role for held in actor.roles} == {"finance_officer"}


@cache
def links() -> tuple[Link, ...]:
    """Every feature's words, from left to right."""
    named = [link for view in features.modules("views") for link in getattr(view, "NAVIGATION", ())]
    return tuple(sorted(named, key=lambda link: link.place))


def navigation(actor: Actor, here: str) -> list[dict[str, Any]]:
    """What this actor is shown, as the page's macro takes it; `here` is the path of the page that is open."""
    return [
        {
            "text": link.text,
            "href": link.href,
            "current": here == link.href or (link.href != "/" and here.startswith(link.href)),
        }
        for link in links()
        if link.shown(actor)
    ]
