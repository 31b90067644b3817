"""The flow: a challenge's stages to scale in time, narrowing at each gate, with a line for today.

Pure functions of data: a picture for wide pages and one for narrow ones (the style sheet shows one of them), a table
for those who read instead of look, and a bare strip for comparing challenges on one axis of time.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from flask import Flask, current_app
from markupsafe import Markup

from civflow.services.wording import DEFAULT_ZONE, MONTHS

WIDE, AXIS = 960, 78  # the wide picture: its width, and the height at which the flow's middle lies
NARROW = 288  # the width of the narrow picture
GAP = 3  # between two stages
THICK, THIN = 76.0, 16.0  # the flow at its widest, and at its end
LETTER = 7.6  # the widest that a letter of a title is on average
ARROW = " \N{RIGHTWARDS ARROW} "
TO = "\N{EN DASH}"


@dataclass(frozen=True)
class FlowStage:
    """One stage. `into` and `out_of` count applications, None where nobody may know; `state` is past, current or future."""

    id: str
    title: str
    kind: str
    starts: date
    ends: date
    into: int | None
    out_of: int | None
    state: str


@dataclass(frozen=True)
class Flow:
    """The stages of one challenge in order; dates may be aware datetimes, and are shown in `zone`."""

    title: str
    stages: Sequence[FlowStage]
    today: date
    zone: str = DEFAULT_ZONE


class Shape(NamedTuple):
    """A stage as drawn: its outline, where its words begin, the lines of its title, its dates, its numbers."""

    stage: FlowStage
    path: str
    x: float
    y: float
    title: list[str]
    dates: list[str]
    numbers: str


class Picture(NamedTuple):
    """Shapes, the picture's size, and where today is (None when it lies outside)."""

    shapes: list[Shape]
    width: float
    height: float
    today: float | None


def init_app(app: Flask) -> None:
    """Let templates write {{ flow_picture(flow) }} and {{ flow_strip(flow, starts, ends) }}."""
    app.jinja_env.globals.update(flow_picture=picture, flow_strip=strip)


def picture(flow: Flow, *, counts: bool = True) -> Markup:
    """The flow with its table; without `counts` it narrows at each gate by the same share. Nothing without stages."""
    if not flow.stages:
        return Markup("")
    template = current_app.jinja_env.get_template("_flow.html")
    wide, narrow = wide_picture(flow, counts=counts), narrow_picture(flow, counts=counts)
    return Markup(  # noqa: S704 - the template escapes
        template.render(flow=flow, wide=wide, narrow=narrow, counts=counts, axis=AXIS, days=_table_days(flow))
    )


def strip(flow: Flow, starts: date, ends: date) -> Markup:
    """The bare flow on an axis of time from `starts` to `ends`, so that strips below each other compare."""
    if not flow.stages:
        return Markup("")
    first, last = _seconds(starts, flow.zone), _seconds(ends, flow.zone)

    def at(moment: date) -> float:
        return round(1000 * min(1, max(0, (_seconds(moment, flow.zone) - first) / max(1, last - first))), 1)

    bars = [(stage, at(stage.starts), max(6, at(stage.ends) - at(stage.starts))) for stage in flow.stages]
    now = at(flow.today) if first <= _seconds(flow.today, flow.zone) <= last else None
    template = current_app.jinja_env.get_template("_flow_strip.html")
    return Markup(template.render(flow=flow, bars=bars, today=now))  # noqa: S704 - the template escapes


def wide_picture(flow: Flow, *, counts: bool) -> Picture:
    """The flow from left to right."""
    least = min(92.0, WIDE / len(flow.stages))
    edges = _edges(_durations(flow), WIDE, least)
    shapes = []
    days = _days(flow)
    for stage, (left, right), (begin, end), (opens, closes) in zip(
        flow.stages, pairwise(edges), _levels(flow.stages, counts), days, strict=True
    ):
        path = _across(left, right - GAP, begin, end)
        room = right - left - GAP
        one_line = opens if opens == closes else f"{opens} {TO} {closes}"
        lines = [one_line] if len(one_line) * 6.4 <= room else [f"{opens} {TO}", closes]
        title = _fitted(stage.title, room, 3)
        shapes.append(Shape(stage, path, left + 1, 0, title, lines, _numbers(stage) if counts else ""))
    titles = max(len(shape.title) for shape in shapes)
    dates = max(len(shape.dates) for shape in shapes)
    return Picture(shapes, WIDE, 152 + 18 * titles + 17 * dates, _today(flow, edges))


def narrow_picture(flow: Flow, *, counts: bool) -> Picture:
    """The flow from top to bottom, its words beside it."""
    rows = [_row_height(stage, flow, counts=counts) for stage in flow.stages]
    spare = 14.0 * len(rows)
    durations = _durations(flow)
    edges = [4.0]
    for row, duration in zip(rows, durations, strict=True):
        edges.append(edges[-1] + row + spare * duration / max(1.0, sum(durations)))
    shapes = []
    for stage, (top, bottom), (begin, end), (opens, closes) in zip(
        flow.stages, pairwise(edges), _levels(flow.stages, counts), _days(flow), strict=True
    ):
        dates = [opens if opens == closes else f"{opens} {TO} {closes}"]
        title = _fitted(stage.title, NARROW - 104, 2)
        numbers = _numbers(stage) if counts else ""
        shapes.append(
            Shape(stage, _down(top, bottom - GAP, begin, end), 104, top + 16, title, dates, numbers)
        )
    return Picture(shapes, NARROW, edges[-1] + 4, _today(flow, edges))


def _row_height(stage: FlowStage, flow: Flow, *, counts: bool) -> float:
    lines = len(_fitted(stage.title, NARROW - 104, 2)) + 1 + bool(counts and _numbers(stage))
    return 18.0 * lines + 14


def _across(left: float, right: float, begin: float, end: float) -> str:
    middle = (left + right) / 2
    top, bottom = AXIS - begin / 2, AXIS + begin / 2
    top_end, bottom_end = AXIS - end / 2, AXIS + end / 2
    return (
        f"M{left:.1f} {top:.1f}C{middle:.1f} {top:.1f} {middle:.1f} {top_end:.1f} {right:.1f} {top_end:.1f}"
        f"V{bottom_end:.1f}C{middle:.1f} {bottom_end:.1f} {middle:.1f} {bottom:.1f} {left:.1f} {bottom:.1f}Z"
    )


def _down(top: float, bottom: float, begin: float, end: float) -> str:
    middle, axis = (top + bottom) / 2, 46
    left, right = axis - begin / 2, axis + begin / 2
    left_end, right_end = axis - end / 2, axis + end / 2
    return (
        f"M{left:.1f} {top:.1f}C{left:.1f} {middle:.1f} {left_end:.1f} {middle:.1f} {left_end:.1f} {bottom:.1f}"
        f"H{right_end:.1f}C{right_end:.1f} {middle:.1f} {right:.1f} {middle:.1f} {right:.1f} {top:.1f}Z"
    )


# Time


def _seconds(moment: date, zone: str) -> float:
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time(), ZoneInfo(zone))
    return moment.timestamp()


def _durations(flow: Flow) -> list[float]:
    """Seconds from each stage's beginning to the next one's, and to its own end for the last."""
    starts = [_seconds(stage.starts, flow.zone) for stage in flow.stages]
    ends = [*starts[1:], max(starts[-1], _seconds(flow.stages[-1].ends, flow.zone))]
    return [max(0.0, end - start) for start, end in zip(starts, ends, strict=True)]


def _edges(durations: Sequence[float], width: float, least: float) -> list[float]:
    """Where stages begin and end: in proportion to their durations, but none narrower than `least`."""
    short: set[int] = set()
    while True:
        long = [n for n in range(len(durations)) if n not in short]
        scale = (width - least * len(short)) / max(1.0, sum(durations[n] for n in long))
        found = {n for n in long if durations[n] * scale < least}
        if not found:
            break
        short |= found
    widths = [least if n in short else seconds * scale for n, seconds in enumerate(durations)]
    edges = [0.0]
    for one in widths:
        edges.append(edges[-1] + one * width / max(1.0, sum(widths)))
    return edges


def _today(flow: Flow, edges: Sequence[float]) -> float | None:
    """Where today lies between the edges of its stage; None before the first and after the last."""
    now = _seconds(flow.today, flow.zone)
    for stage, duration, (begin, end) in zip(flow.stages, _durations(flow), pairwise(edges), strict=True):
        passed = now - _seconds(stage.starts, flow.zone)
        if 0 <= passed <= duration:
            return round(begin + (end - GAP - begin) * passed / max(1.0, duration), 1)
    return None


def _day(moment: date, zone: str) -> date:
    return moment.astimezone(ZoneInfo(zone)).date() if isinstance(moment, datetime) else moment


def _days(flow: Flow) -> list[tuple[str, str]]:
    """First and last day of each stage, with the year where it is another one than before."""
    year, found = 0, []
    for stage in flow.stages:
        words = []
        for day in (_day(stage.starts, flow.zone), _day(stage.ends, flow.zone)):
            words.append(
                f"{day.day} {MONTHS[day.month - 1][:3]}" + (f" {day.year}" if day.year != year else "")
            )
            year = day.year
        same = _day(stage.starts, flow.zone) == _day(stage.ends, flow.zone)
        found.append((words[0], words[0] if same else words[1]))
    return found


def _table_days(flow: Flow) -> list[tuple[str, str]]:
    days = [(_day(stage.starts, flow.zone), _day(stage.ends, flow.zone)) for stage in flow.stages]
    return [(_in_full(first), _in_full(last)) for first, last in days]


def _in_full(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


# Numbers


def _numbers(stage: FlowStage) -> str:
    """'37 -> 6' at a gate, '37' where only one number is known or both are the same."""
    known = [n for n in (stage.into, stage.out_of) if n is not None]
    return ARROW.join(f"{n:,}" for n in dict.fromkeys(known))


def _levels(stages: Sequence[FlowStage], counts: bool) -> list[tuple[float, float]]:
    """How thick the flow is where each stage begins and ends; its area goes with the numbers, as far as known."""
    most = max([n for s in stages for n in (s.into, s.out_of) if n is not None and counts], default=0)
    gates = sum(stage.kind == "gate" for stage in stages)
    level, found = THICK, []
    for stage in stages:
        begin = level
        if counts and most and stage.out_of is not None:
            level = THIN + (THICK - THIN) * (stage.out_of / most) ** 0.5
        elif stage.kind == "gate":
            level = begin * (THIN / begin) ** (1 / gates)
        gates -= stage.kind == "gate"
        found.append((begin, level))
    return found


def _fitted(title: str, room: float, lines: int) -> list[str]:
    """The title in at most so many lines of this width, cut with an ellipsis; the table has it whole."""
    return textwrap.wrap(title, max(8, int(room / LETTER)), max_lines=lines, placeholder="…") or [""]
