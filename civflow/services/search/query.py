"""What somebody looks for among the challenges, and how it stands in the address of the list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qsl, urlencode

from civflow.services.formatting import DEFAULT_ZONE, day, money
from civflow.workflows.themes import THEMES

GROUPS = {
    "open": "Open for applications",
    "soon": "Opening soon",
    "running": "In progress",
    "finished": "Finished",
    "preparing": "Not public yet",
}
HEADINGS = {"title": "Title", "sponsor": "Sponsor", "closes": "Closing date", "money": "Money", "round": "Round"}
SORTS = {
    *HEADINGS,
    "opens",
    *(f"-{name}" for name in (*HEADINGS, "opens")),
}  # with a dash: the largest, latest or last first
LONGEST = 200  # characters of what is typed or chosen
FILTERS = ("theme", "sponsor", "place", "round", "money_from", "money_to", "closes_from", "closes_to", "known")


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for; what is empty does not matter.

    The `words` of a search, a key of GROUPS, a key of THEMES, a sponsor's name, a place, a round's slug, whole pounds
    and days in London between which the money and the closing date lie, and one of SORTS.
    """

    words: str = ""
    group: str = ""
    theme: str = ""
    sponsor: str = ""
    place: str = ""
    round: str = ""
    money_from: int | None = None
    money_to: int | None = None
    closes_from: date | None = None
    closes_to: date | None = None
    known: bool = False  # only those of which it is known what became of them
    sort: str = ""
    page: int = 1

    @property
    def filters(self) -> tuple[str, ...]:
        """The names of the filters that are set, beside the words and the group."""
        return tuple(name for name in FILTERS if getattr(self, name) not in ("", None, False))


def wanted_of(query: Mapping[str, str]) -> Wanted:
    """What the values of an address mean: whole pounds and days as 2026-03-31; what they cannot mean is left out."""
    asked = {name: " ".join(value.replace("\0", " ").split())[:LONGEST] for name, value in query.items()}
    group, theme, sort, page = (asked.get(name, "") for name in ("group", "theme", "sort", "page"))
    return Wanted(
        words=asked.get("q", ""),
        group=group if group in GROUPS else "",
        theme=theme if theme in THEMES else "",
        sponsor=asked.get("sponsor", ""),
        place=asked.get("place", ""),
        round=asked.get("round", ""),
        money_from=_pounds(asked.get("money_from", "")),
        money_to=_pounds(asked.get("money_to", "")),
        closes_from=_day(asked.get("closes_from", "")),
        closes_to=_day(asked.get("closes_to", "")),
        known=asked.get("result") == "known",
        sort=sort if sort in SORTS else "",
        page=max(1, int(page[:6])) if page.isdecimal() else 1,
    )


def address_of(wanted: Wanted) -> str:
    """The search as it stands in the address of the list, always in one order; neither sorted nor a page of it."""
    values = {"q": wanted.words, "group": wanted.group, **{name: getattr(wanted, name) for name in wanted.filters}}
    if values.pop("known", False):
        values["result"] = "known"
    return urlencode(sorted((name, str(value)) for name, value in values.items() if value))


def search_at(address: str) -> Wanted:
    """The search that `address_of` has written."""
    return wanted_of(dict(parse_qsl(address)))


def in_words(wanted: Wanted) -> str:
    """What is looked for, as a person would say it: “flood”, health and care, closing by 31 March 2026."""
    parts = [
        f"“{wanted.words}”" if wanted.words else "",
        GROUPS.get(wanted.group, "").lower(),
        THEMES.get(wanted.theme, "").lower(),
        f"sponsor {wanted.sponsor}" if wanted.sponsor else "",
        wanted.place,
        f"round {wanted.round}" if wanted.round else "",
        _between("money", *("" if n is None else money(n) for n in (wanted.money_from, wanted.money_to))),
        _between(
            "closing", *(day(d, DEFAULT_ZONE, short=True) if d else "" for d in (wanted.closes_from, wanted.closes_to))
        ),
        "with a known result" if wanted.known else "",
    ]
    return ", ".join(part for part in parts if part) or "every challenge"


def _between(what: str, least: str, most: str) -> str:
    ends = [f"from {least}" if least else "", f"to {most}" if most else ""]
    return " ".join([what, *filter(None, ends)]) if any(ends) else ""


def _pounds(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1900 <= day.year < 2200 else None  # beside the ends of the calendar there is no day before or after
