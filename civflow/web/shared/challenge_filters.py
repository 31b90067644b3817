"""The filters of the list of challenges: read from the address as people type them, and shown with what is chosen."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from flask import request

from civflow.services.search.challenges import Choices
from civflow.services.search.query import HEADINGS, Wanted, wanted_of
from civflow.web.shared.asks import read_each
from civflow.web.shared.moments import parse_day
from civflow.web.shared.money import parse_pounds
from civflow.workflows.themes import THEMES

READ: dict[str, Callable[[str], object]] = {
    "money_from": parse_pounds,
    "money_to": parse_pounds,
    "closes_from": parse_day,
    "closes_to": parse_day,
}
LEFT_OUT = "“{text}” is left out: {why}"


class Asked(NamedTuple):
    """What the address asks for, as it was typed, and a sentence for each part that cannot be read."""

    wanted: Wanted
    typed: dict[str, str]
    faults: dict[str, str]


def asked() -> Asked:
    """What this request looks for; what cannot be read is left out, with a sentence that says so."""
    typed = {name: " ".join(value.replace("\0", " ").split()) for name, value in request.args.items()}
    values, unreadable = read_each({name: partial(read, typed[name]) for name, read in READ.items() if typed.get(name)})
    faults = {
        name: LEFT_OUT.format(text=typed[name][:40], why=why[:1].lower() + why[1:]) for name, why in unreadable.items()
    }
    wanted = wanted_of(typed | {name: str(value) for name, value in values.items()} | dict.fromkeys(unreadable, ""))
    faults |= {name: sentence for name, sentence in _crossed(wanted) if name not in faults}
    return Asked(wanted, typed, faults)


def _crossed(wanted: Wanted) -> list[tuple[str, str]]:
    """Limits the wrong way round find nothing, and the list says why."""
    money, days = (wanted.money_from, wanted.money_to), (wanted.closes_from, wanted.closes_to)
    crossed = [
        ("money_to", money[0] is not None and money[1] is not None and money[1] < money[0]),
        ("closes_to", days[0] is not None and days[1] is not None and days[1] < days[0]),
    ]
    return [
        (name, "The second limit lies below the first, so that nothing can fit.") for name, is_so in crossed if is_so
    ]


def fields(asked: Asked, choices: Choices) -> list[dict[str, Any]]:
    """The filters with what is chosen; those with `more` are folded away until one of them is used.

    A filter that has nothing to choose is left out.
    """
    wanted, typed, faults = asked

    def chosen(name: str, label: str, nothing: str, options: list[tuple[str, str]], **more: object) -> dict[str, Any]:
        value = getattr(wanted, name)
        known = (
            []
            if value in ("", *(option for option, _ in options))
            else [(value, THEMES.get(value, value) if name == "theme" else value)]
        )
        return {
            "name": name,
            "label": label,
            "type": "select",
            "value": value,
            "options": [("", nothing), *known, *options],
            **more,
        }

    def between(what: str, label: str, kind: str, hint: str) -> dict[str, Any]:
        ends = [
            {
                "name": f"{what}_{end}",
                "label": end,
                "value": typed.get(f"{what}_{end}", ""),
                "error": faults.get(f"{what}_{end}"),
            }
            for end in ("from", "to")
        ]
        return {"name": what, "label": label, "type": "between", "kind": kind, "hint": hint, "ends": ends, "more": True}

    found: list[dict[str, Any]] = [
        {"name": "q", "label": "Search", "type": "search", "value": wanted.words, "hint": "Any words of it"},
        {"name": "group", "type": "hidden", "value": wanted.group},
        {"name": "sort", "type": "hidden", "value": wanted.sort},
        chosen("theme", "Theme", "Any theme", [(key, THEMES[key]) for key in choices.themes]),
        chosen("sponsor", "Sponsor", "Any sponsor", [(name, name) for name in choices.sponsors]),
        chosen("place", "Place", "Any place", [(name, name) for name in choices.places]),
        between("money", "Money", "pounds", "Whole pounds, such as 250,000"),
        between("closes", "Closing date", "day", "Days such as 31 March 2027"),
        chosen("round", "Round", "Any round", choices.rounds, more=True),
        {
            "name": "result",
            "label": "Result",
            "type": "select",
            "value": "known" if wanted.known else "",
            "options": [("", "Any"), ("known", "Known")],
            "more": True,
        },
    ]
    return [field for field in found if field["type"] != "select" or len(field["options"]) > 1]


def headings(wanted: Wanted) -> list[dict[str, Any]]:
    """The headings by which the list is sorted: what each leads to, and how it is sorted now."""
    first = "Best match" if wanted.words else "Closing soonest"
    found: list[dict[str, Any]] = [{"label": first, "sort": None, "now": not wanted.sort, "arrow": ""}]
    for name, label in HEADINGS.items():
        down, up = f"-{name}", name
        # What is largest or newest is asked for first; of words and dates what comes first.
        begins, turns = (down, up) if name in {"money", "round"} else (up, down)
        found.append(
            {
                "label": label,
                "sort": turns if wanted.sort == begins else begins,
                "now": wanted.sort in {up, down},
                "arrow": {up: "↑", down: "↓"}.get(wanted.sort, ""),
            }
        )
    return found
