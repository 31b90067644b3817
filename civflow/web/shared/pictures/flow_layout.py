"""Where everything of a flow goes: stages in time, how thick they are, where their words stand. SVG user units."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from civflow.services.formatting import DEFAULT_ZONE, MONTHS
from civflow.web.shared.pictures import flow_labels

WIDE, AXIS = 960.0, 82.0  # the wide picture: its width, and the height at which the flow's middle lies
LEAST, MOST = 52.0, 2.0  # the narrowest stage, and how many times the mean the widest may be
NARROW, WORDS = 288.0, 104.0  # the narrow picture: its width, and where its words begin
GAP = 3  # between two stages
THICK, THIN = 84.0, 16.0  # the flow at its widest, and at its end
TITLE, DATES = 8.7, 7.0  # the widest that a letter is on average in a title and in dates, in any of our fonts
FIRST_LABEL, TIER = 166, 46  # the height of the first titles, and how much lower the next tier of them is
TO = " \N{EN DASH} "


@dataclass(frozen=True)
class FlowStage:
    """One stage; `state` is past, current or future.

    `into` and `out_of` count the applications that came and that went on, None where nobody may know.
    """

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
    """The stages of one challenge in order; dates may be aware datetimes, and are shown in `zone`.

    `applied` says how many applied, where another number came to the first gate: '22 applied, 1 withdrew'.
    """

    title: str
    stages: Sequence[FlowStage]
    today: date
    zone: str = DEFAULT_ZONE
    applied: str = ""


class Shape(NamedTuple):
    """A stage as drawn: outline, left edge, where its words stand and how anchored, title, dates, number.

    `tier` counts how many rows of words lie above its own; a `cut` stage lasts longer than it is drawn.
    """

    stage: FlowStage
    path: str
    left: float
    x: float
    y: float
    anchor: str
    title: list[str]
    dates: str
    number: str
    tier: int = 0
    cut: float | None = None


class Picture(NamedTuple):
    """Shapes, the number at the very end, the picture's size, where today is (None when outside), and its word."""

    shapes: list[Shape]
    left: str
    width: float
    height: float
    today: float | None
    word: float | None = None


def wide_picture(flow: Flow, *, counts: bool) -> Picture:
    """The flow from left to right, in proportion to time as far as `LEAST` and `MOST` let it."""
    edges, cut = _edges(_durations(flow))
    numbers, left = _numbers(flow.stages) if counts else ([""] * len(flow.stages), "")
    days, thick = _days(flow), levels(flow.stages, counts=counts)
    needs = [max(len(stage.title) * TITLE, len(days[n]) * DATES) for n, stage in enumerate(flow.stages)]
    labels = flow_labels.place(edges, needs, WIDE)
    shapes: list[Shape] = []
    for n, (stage, (begin, end), label) in enumerate(zip(flow.stages, pairwise(edges), labels, strict=True)):
        break_at = begin + (end - begin) * 0.72 if n in cut else None
        path = across(begin, end - GAP, *thick[n])
        y = FIRST_LABEL + TIER * label.tier
        words = ([stage.title], days[n], numbers[n])
        shapes.append(Shape(stage, path, begin, label.x, y, label.anchor, *words, label.tier, break_at))
    lowest = max(shape.y for shape in shapes)
    today = today_between(flow, edges)
    return Picture(shapes, left, WIDE, lowest + 26, today, _beside_lines(today, shapes))


def _beside_lines(today: float | None, shapes: Sequence[Shape]) -> float | None:
    """Where the middle of the word below today's line stands: beside every leader that comes down near it."""
    if today is None:
        return None
    half, leaders = 22.0, [shape.left for shape in shapes if shape.tier]
    places = sorted((today + side * (half + 2) for side in (0, 1, -1)), key=lambda x: abs(x - today))
    within = [min(max(x, half), WIDE - half) for x in places]
    return next((x for x in within if all(abs(x - line) > half for line in leaders)), within[0])


def narrow_picture(flow: Flow, *, counts: bool) -> Picture:
    """The flow from top to bottom, its words beside it."""
    titles = [_wrapped(stage.title, NARROW - WORDS) for stage in flow.stages]
    numbers = [_both(stage) if counts else "" for stage in flow.stages]
    durations = _durations(flow)
    spare = 14.0 * len(titles) / max(1.0, sum(durations))
    edges = [4.0]
    for title, number, duration in zip(titles, numbers, durations, strict=True):
        edges.append(edges[-1] + 18 * (len(title) + 1 + bool(number)) + 14 + spare * duration)
    thick, days = levels(flow.stages, counts=counts), _days(flow)
    shapes = [
        Shape(stage, _down(top, bottom - GAP, *thick[n]), 0, WORDS, top + 16, "start", titles[n], days[n], numbers[n])
        for n, (stage, (top, bottom)) in enumerate(zip(flow.stages, pairwise(edges), strict=True))
    ]
    return Picture(shapes, "", NARROW, edges[-1] + 4, today_between(flow, edges))


def across(left: float, right: float, begin: float, end: float, *, middle: float = AXIS) -> str:
    """The outline of a stage from left to right, `begin` and `end` thick, around the height `middle`."""
    half, top, bottom = (left + right) / 2, middle - begin / 2, middle + begin / 2
    top_end, bottom_end = middle - end / 2, middle + end / 2
    return (
        f"M{left:.1f} {top:.1f}C{half:.1f} {top:.1f} {half:.1f} {top_end:.1f} {right:.1f} {top_end:.1f}"
        f"V{bottom_end:.1f}"
        f"C{half:.1f} {bottom_end:.1f} {half:.1f} {bottom:.1f} {left:.1f} {bottom:.1f}Z"
    )


def _down(top: float, bottom: float, begin: float, end: float) -> str:
    middle, axis = (top + bottom) / 2, WORDS / 2 - 6
    left, right, left_end, right_end = axis - begin / 2, axis + begin / 2, axis - end / 2, axis + end / 2
    return (
        f"M{left:.1f} {top:.1f}"
        f"C{left:.1f} {middle:.1f} {left_end:.1f} {middle:.1f} {left_end:.1f} {bottom:.1f}H{right_end:.1f}"
        f"C{right_end:.1f} {middle:.1f} {right:.1f} {middle:.1f} {right:.1f} {top:.1f}Z"
    )


# Time


def seconds(moment: date, zone: str) -> float:
    """A moment, or the beginning of a day, as seconds that can be compared."""
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time(), ZoneInfo(zone))
    return moment.timestamp()


def local_day(moment: date, zone: str) -> date:
    """The day of a moment where the programme is."""
    return moment.astimezone(ZoneInfo(zone)).date() if isinstance(moment, datetime) else moment


def today_between(flow: Flow, edges: Sequence[float]) -> float | None:
    """Where today lies between the edges of its stage; None before the first and after the last."""
    now = seconds(flow.today, flow.zone)
    for stage, duration, (begin, end) in zip(flow.stages, _durations(flow), pairwise(edges), strict=True):
        passed = now - seconds(stage.starts, flow.zone)
        if 0 <= passed <= duration:
            return round(begin + (end - GAP - begin) * passed / max(1.0, duration), 1)
    return None


def _durations(flow: Flow) -> list[float]:
    """Seconds from each stage's beginning to the next one's, and to its own end for the last."""
    starts = [seconds(stage.starts, flow.zone) for stage in flow.stages]
    ends = [*starts[1:], seconds(flow.stages[-1].ends, flow.zone)]
    return [max(0.0, end - start) for start, end in zip(starts, ends, strict=True)]


def _edges(durations: Sequence[float]) -> tuple[list[float], set[int]]:
    """Where stages begin and end, in proportion to time within limits; and which were too long to be drawn so."""
    least = min(LEAST, WIDE / len(durations))
    most = MOST * WIDE / len(durations)

    def widths(scale: float) -> list[float]:
        return [min(most, max(least, duration * scale)) for duration in durations]

    low, high = 0.0, WIDE
    for _ in range(60):  # the sum only grows with the scale, so halving finds the one that fills the picture
        middle = (low + high) / 2
        low, high = (low, middle) if sum(widths(middle)) > WIDE else (middle, high)
    found = widths(low)
    edges = [0.0]
    for width in found:
        edges.append(edges[-1] + width * WIDE / sum(found))
    return edges, {n for n, duration in enumerate(durations) if duration * low > most}


def _days(flow: Flow) -> list[str]:
    """First and last day of each stage, with the year where it is another one than before."""
    year, found = 0, []
    for stage in flow.stages:
        words = []
        for day in sorted({local_day(stage.starts, flow.zone), local_day(stage.ends, flow.zone)}):
            words.append(f"{day.day} {MONTHS[day.month - 1][:3]}" + (f" {day.year}" if day.year != year else ""))
            year = day.year
        found.append(TO.join(words))
    return found


# Numbers and words


def _numbers(stages: Sequence[FlowStage]) -> tuple[list[str], str]:
    """How many came to each stage, where that is another number than before or a gate's result; and how many were left."""
    before, found = None, []
    last: int | None = None
    for stage in stages:
        here = stage.into if stage.into is not None else last
        found.append("" if here is None or (here == before and last is None) else f"{here:,}")
        before = before if here is None else here
        last = stage.out_of
    return found, "" if last is None else f"{last:,}"


def numbers_of(stages: Sequence[FlowStage]) -> str:
    """'37 -> 6 -> 3': how many came and were left, gate by gate; '' where nobody may know yet."""
    found, end = _numbers(stages)
    return " \N{RIGHTWARDS ARROW} ".join(filter(None, [*found, end]))


def _both(stage: FlowStage) -> str:
    """'37 -> 6' at a gate, '37' where only one number is known."""
    known = [n for n in (stage.into, stage.out_of) if n is not None]
    return " \N{RIGHTWARDS ARROW} ".join(f"{n:,}" for n in known)


def levels(stages: Sequence[FlowStage], *, counts: bool) -> list[tuple[float, float]]:
    """How thick the flow is where each stage begins and ends: by the root of its numbers, else less at each gate."""
    most = max([n for s in stages for n in (s.into, s.out_of) if n is not None and counts], default=0)
    gates = sum(stage.kind == "gate" for stage in stages)
    level, found = THICK, []
    for stage in stages:
        begin = level
        if most and stage.out_of is not None:
            level = THIN + (THICK - THIN) * (stage.out_of / most) ** 0.5
        elif stage.kind == "gate":
            level = begin * (THIN / begin) ** (1 / gates)
        gates -= stage.kind == "gate"
        found.append((begin, level))
    return found


def _wrapped(title: str, room: float) -> list[str]:
    """The title in at most two lines, cut with an ellipsis; the table has it whole."""
    return textwrap.wrap(title, int(room / TITLE), max_lines=2, placeholder="\N{HORIZONTAL ELLIPSIS}") or [""]
