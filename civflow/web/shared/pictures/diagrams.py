"""State diagrams as pictures drawn on the server, with a table for those who read instead of look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from flask import Flask, current_app
from markupsafe import Markup

from civflow.web.shared.pictures.diagram_layout import AXIS, LINE, Box, Edge, Layout, Node, Track, arrange

__all__ = ["Edge", "Node", "picture"]

BEND = 7  # the radius of a lane's corners


class Line(NamedTuple):
    """One line of the picture: its path, the points of the arrow's head, its words and where they stand."""

    path: str
    head: str
    dashed: bool
    words: list[tuple[float, float, str]]
    anchor: str
    main: bool = False


def init_app(app: Flask) -> None:
    """Let templates write {{ state_diagram(nodes, edges, title="Application") }}."""
    app.jinja_env.globals["state_diagram"] = picture


def picture(nodes: Iterable[Any], edges: Iterable[Any], *, title: str) -> Markup:
    """The diagram of a workflow, with a table of its steps.

    `nodes` are Nodes or what makes one (id, label, initial, final, count; as a mapping or in this order);
    `edges` are Edges (source, target, label, backward). Give states in the order in which people meet them.
    """
    states = [Node(**n) if isinstance(n, Mapping) else Node(*n) for n in nodes]
    steps = [Edge(**e) if isinstance(e, Mapping) else Edge(*e) for e in edges]
    found = arrange(states, steps)
    context = {
        "layout": found,
        "lines": lines_of(found),
        "states": states,
        "steps": steps,
        "labels": {node.id: node.label for node in states},
    }
    template = current_app.jinja_env.get_template("shared/pictures/_diagram.html")
    html = template.render(title=title, axis=AXIS, line_height=LINE, **context)
    return Markup(html)  # noqa: S704 - the template escapes


def lines_of(found: Layout) -> list[Line]:
    """Every line of the picture, the longest way last so that it lies on top."""
    left = [_lane(found, track, -1) for track in found.left]
    right = [_lane(found, track, 1) for track in found.right]
    return left + right + [_straight(*way) for way in found.straight]


def _straight(source: Box, target: Box, label: Sequence[str], dashed: bool) -> Line:
    x, top, bottom = source.x + AXIS, source.y + source.height, target.y
    words = [(x + 12, top + 19 + n * LINE, text) for n, text in enumerate(label)]
    head = f"{x:g},{bottom:g} {x - 5:g},{bottom - 9:g} {x + 5:g},{bottom - 9:g}"
    return Line(f"M{x:g} {top:g}V{bottom - 6:g}", head, dashed, words, "start", main=True)


def _lane(found: Layout, track: Track, side: int) -> Line:
    """The lines of one track: from each source out to the lane, along it, and in to the target."""
    target = found.boxes[track.target]
    edge, y = _edge(target, side), track.ports[track.target]
    path = "".join(_runs(found, track, side, edge, y))
    head = f"{edge:g},{y:g} {edge + side * 9:g},{y - 5:g} {edge + side * 9:g},{y + 5:g}"
    # At the left the words end before the longest way, which a step to a side state crosses.
    start = edge + 12 if side > 0 else min(box.x for box in found.boxes.values()) - 12
    first = y - 5 - (len(track.label) - 1) * LINE
    words = [(start, first + n * LINE, text) for n, text in enumerate(track.label)]
    return Line(path, head, track.dashed, words, "start" if side > 0 else "end")


def _runs(found: Layout, track: Track, side: int, edge: float, y: float) -> Iterator[str]:
    """Each source's way to the target, with rounded corners; what ways share is drawn once: dashes stay."""
    reached: set[bool] = set()
    for key in sorted(track.sources, key=lambda key: -abs(track.ports[key] - y)):
        begin, lane = track.ports[key], track.x
        bend = min(BEND, abs(y - begin) / 2)
        turn, down = side * bend, bend if y > begin else -bend
        yield f"M{_edge(found.boxes[key], side):g} {begin:g}H{lane - turn:g}"
        yield f"Q{lane:g} {begin:g} {lane:g} {begin + down:g}"
        if (y > begin) not in reached:
            yield f"V{y - down:g}Q{lane:g} {y:g} {lane - turn:g} {y:g}"
            if not reached:
                yield f"H{edge + side * 6:g}"
        reached.add(y > begin)


def _edge(box: Box, side: int) -> float:
    return box.x + box.width if side > 0 else box.x
