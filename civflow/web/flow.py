"""The flow: a challenge's stages to scale in time, narrowing at each gate, with a line for today.

Pure functions of data: a picture for wide pages and one for narrow ones (the style sheet shows one of them), a
table for those who read instead of look, and a bare strip for comparing challenges on one axis of time.
"""

from __future__ import annotations

from datetime import date

from flask import Flask, current_app
from markupsafe import Markup

from civflow.services.wording import MONTHS
from civflow.web.flow_layout import (
    AXIS,
    Flow,
    FlowStage,
    local_day,
    narrow_picture,
    seconds,
    wide_picture,
)

__all__ = ["Flow", "FlowStage", "picture", "strip"]


def init_app(app: Flask) -> None:
    """Let templates write {{ flow_picture(flow) }} and {{ flow_strip(flow, starts, ends) }}."""
    app.jinja_env.globals.update(flow_picture=picture, flow_strip=strip)


def picture(flow: Flow, *, counts: bool = True, table: bool = True) -> Markup:
    """The flow and its table; empty without stages.

    Without `counts` it narrows by the same share at each gate. `table=False` is for a page whose own table follows.
    """
    if not flow.stages:
        return Markup("")
    return _rendered(
        "_flow.html",
        flow=flow,
        counts=counts,
        table=table,
        axis=AXIS,
        wide=wide_picture(flow, counts=counts),
        narrow=narrow_picture(flow, counts=counts),
        days=[(_in_full(stage.starts, flow), _in_full(stage.ends, flow)) for stage in flow.stages],
    )


def strip(flow: Flow, starts: date, ends: date) -> Markup:
    """The bare flow on an axis of time from `starts` to `ends`, so that strips below each other compare."""
    if not flow.stages:
        return Markup("")
    first, last = seconds(starts, flow.zone), seconds(ends, flow.zone)

    def at(moment: date) -> float:
        share = (seconds(moment, flow.zone) - first) / max(1.0, last - first)
        return round(1000 * min(1.0, max(0.0, share)), 1)

    bars = [(stage, at(stage.starts), max(5.0, at(stage.ends) - at(stage.starts) - 2)) for stage in flow.stages]
    is_inside = first <= seconds(flow.today, flow.zone) <= last
    return _rendered("_flow_strip.html", flow=flow, bars=bars, today=at(flow.today) if is_inside else None)


def _in_full(moment: date, flow: Flow) -> str:
    day = local_day(moment, flow.zone)
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def _rendered(name: str, **context: object) -> Markup:
    # Not flask.render_template: a picture needs nothing that a page knows.
    return Markup(current_app.jinja_env.get_template(name).render(context))  # noqa: S704 - the template escapes
