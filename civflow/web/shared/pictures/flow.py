"""The flow: a challenge's stages to scale in time, narrowing at each gate, with a line for today.

Pure functions of data: a picture for wide pages and one for narrow ones (the style sheet shows one of them), a
table for those who read instead of look, and a bare strip for comparing challenges on one axis of time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from flask import Flask, current_app
from markupsafe import Markup

from civflow.services.formatting import MONTHS
from civflow.web.shared.pictures.flow_layout import (
    AXIS,
    Flow,
    FlowStage,
    across,
    levels,
    local_day,
    narrow_picture,
    numbers_of,
    seconds,
    wide_picture,
)

__all__ = ["Board", "Flow", "FlowStage", "board", "picture", "strip"]

TAIL = timedelta(days=60)  # how much of the last stage a board shows


def init_app(app: Flask) -> None:
    """Let templates write {{ flow_picture(flow) }}."""
    app.jinja_env.globals.update(flow_picture=picture)


def picture(flow: Flow, *, counts: bool = True, table: bool = True) -> Markup:
    """The flow and its table; empty without stages.

    Without `counts` it narrows by the same share at each gate. `table=False` is for a page whose own table follows.
    """
    if not flow.stages:
        return Markup("")
    return _rendered(
        "shared/pictures/_flow.html",
        flow=flow,
        counts=counts,
        table=table,
        axis=AXIS,
        wide=wide_picture(flow, counts=counts),
        narrow=narrow_picture(flow, counts=counts),
        days=[(_in_full(stage.starts, flow), _in_full(stage.ends, flow)) for stage in flow.stages],
    )


class Row(NamedTuple):
    """A challenge on a board: its strip, '8 → 6 → 3' where anybody may know, and when its stage ends ('' if none runs).

    `applied` says how many applied, where another number came to the first gate.
    """

    strip: Markup
    numbers: str
    until: str
    applied: str


class Board(NamedTuple):
    """Challenges compared on one axis of time: the months, and a row for each key."""

    axis: Markup
    rows: dict[int, Row]


def board(flows: Mapping[int, Flow]) -> Board:
    """Strips below each other, from the first month to TAIL after the last stage has begun at the latest."""
    shown = {key: found for key, found in flows.items() if found.stages}
    if not shown:
        return Board(Markup(""), {})
    days = [
        (
            local_day(f.stages[0].starts, f.zone),
            local_day(f.stages[-1].starts, f.zone),
            local_day(f.stages[-1].ends, f.zone),
        )
        for f in shown.values()
    ]
    starts = min(first for first, _, _ in days).replace(day=1)
    ends = min(max(end for *_, end in days), max(begun for _, begun, _ in days) + TAIL)
    zone = next(iter(shown.values())).zone
    rows = {
        key: Row(strip(found, starts, ends), numbers_of(found.stages), _until(found), found.applied)
        for key, found in shown.items()
    }
    return Board(_axis(starts, ends, zone), rows)


def strip(flow: Flow, starts: date, ends: date) -> Markup:
    """The bare flow on an axis of time from `starts` to `ends`, so that strips below each other compare."""
    if not flow.stages:
        return Markup("")
    at = _scale(starts, ends, flow.zone)
    bars = [
        (stage, across(at(stage.starts), max(at(stage.starts) + 4, at(stage.ends) - 2), begin / 3, end / 3, middle=15))
        for stage, (begin, end) in zip(flow.stages, levels(flow.stages, counts=True), strict=True)
    ]
    return _rendered(
        "shared/pictures/_flow_strip.html",
        flow=flow,
        bars=bars,
        numbers=numbers_of(flow.stages),
        today=at(flow.today) if _is_between(flow.today, starts, ends, flow.zone) else None,
    )


def _axis(starts: date, ends: date, zone: str) -> Markup:
    """The months from `starts`, which is the first of one, to `ends`, with the year where it is another than before."""
    at = _scale(starts, ends, zone)
    months: list[tuple[float, str, int | None]] = []
    first = starts
    while first < ends:
        months.append((at(first) / 10, MONTHS[first.month - 1][:3], None if months and first.month > 1 else first.year))
        first = (first + timedelta(days=31)).replace(day=1)
    return _rendered("shared/pictures/_flow_axis.html", months=months)


def _scale(starts: date, ends: date, zone: str) -> Callable[[date], float]:
    """Where a moment stands on an axis of 1,000."""
    first, last = seconds(starts, zone), seconds(ends, zone)
    return lambda moment: round(1000 * min(1.0, max(0.0, (seconds(moment, zone) - first) / max(1.0, last - first))), 1)


def _is_between(moment: date, starts: date, ends: date, zone: str) -> bool:
    return seconds(starts, zone) <= seconds(moment, zone) <= seconds(ends, zone)


def _until(flow: Flow) -> str:
    here = next((stage for stage in flow.stages if stage.state == "current"), None)
    if here is None:
        return ""
    is_late = seconds(here.ends, flow.zone) < seconds(flow.today, flow.zone)
    return f"{here.title}{', late since' if is_late else ' until'} {_short(here.ends, flow)}"


def _short(moment: date, flow: Flow) -> str:
    day = local_day(moment, flow.zone)
    return f"{day.day} {MONTHS[day.month - 1][:3]} {day.year}"


def _in_full(moment: date, flow: Flow) -> str:
    day = local_day(moment, flow.zone)
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _rendered(name: str, **context: object) -> Markup:
    # Not flask.render_template: a picture needs nothing that a page knows.
    return Markup(current_app.jinja_env.get_template(name).render(context))  # noqa: S704 - the template escapes
