"""Where everything of a state diagram goes: rows, boxes, lanes; numbers only, nothing is drawn here.

Every state has a row of its own, so that no line ever meets a box. The longest way from first to last is a
straight line down the left; states beside it stand further right. A step that skips rows runs in a lane at
the right, a step back up in a lane at the left; steps of one name to one state share a lane. SVG user units.
"""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

LETTER = 7.9  # the widest that a letter of 13 units is on average, in any of our fonts
LINE = 17
LANE = 13
PORT = 10  # above and below what is written on a line that meets a box
INDENT = 58
AXIS = 29  # from a box's left edge to the line that joins the longest way


class Node(NamedTuple):
    """A state. `count` is how many records stand there, None where that is nobody's business."""

    id: str
    label: str
    initial: bool = False
    final: bool = False
    count: int | None = None  # type: ignore[assignment]  # a tuple has a method of this name


class Edge(NamedTuple):
    """A step from one state to another, or to itself."""

    source: str
    target: str
    label: str
    backward: bool = False


@dataclass
class Box:
    """A state's place: left, top, width and height."""

    node: Node
    main: bool
    lines: Sequence[str]
    loops: list[str]
    x: float = 0
    y: float = 0
    width: float = 0
    height: float = 0


@dataclass
class Track:
    """Steps that share a label, a target and a lane; `ports` are the heights at which it meets each box."""

    sources: list[str]
    target: str
    label: list[str]
    dashed: bool
    lane: int = 0
    x: float = 0
    ports: dict[str, float] = field(default_factory=dict)


@dataclass
class Layout:
    """Everything that is drawn, and how large the picture is."""

    boxes: dict[str, Box]
    straight: list[tuple[Box, Box, list[str], bool]]
    left: list[Track]
    right: list[Track]
    width: float = 0
    height: float = 0


def arrange(nodes: Sequence[Node], edges: Sequence[Edge]) -> Layout:
    """Place the states and route the steps between them."""
    order = _rows(nodes, edges)
    row = {node.id: n for n, node in enumerate(order)}
    main = _longest_way(order, edges, row)
    loops: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        if edge.source == edge.target:
            loops[edge.source].append(edge.label)
    boxes = {n.id: Box(n, n.id in main, wrapped(n.label, 20), loops[n.id]) for n in order}
    straight, tracks = _bundles(edges, set(pairwise(main)))
    found = Layout(boxes, [(boxes[s], boxes[t], label, dashed) for s, t, label, dashed in straight], [], [])
    for track in tracks:
        side = found.left if row[track.target] < min(row[s] for s in track.sources) else found.right
        side.append(track)
    for side in (found.left, found.right):
        _share_lanes(side, row)
    _place_rows(found, row)
    _place_columns(found)
    return found


@lru_cache(maxsize=2048)
def wrapped(text: str, width: int) -> tuple[str, ...]:
    """Words in as few lines of `width` letters as they need, all about as long; long words are not cut."""
    most = len(_wrap(text, width))
    lines = (_wrap(text, narrower) for narrower in range(1, width + 1))
    return tuple(next(found for found in lines if len(found) <= most)) or ("",)


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def length(lines: Sequence[str]) -> float:
    """How wide these lines are at most."""
    return max((len(line) for line in lines), default=0) * LETTER


def _rows(nodes: Sequence[Node], edges: Sequence[Edge]) -> list[Node]:
    """The states in the order of their layers, and in a layer near the states that lead to them."""
    place = {node.id: n for n, node in enumerate(_reading_order(nodes, edges))}
    pairs = {(e.source, e.target) for e in edges if place[e.source] < place[e.target]}
    down = sorted(pairs, key=lambda pair: place[pair[0]])
    layer = dict.fromkeys(place, 0)
    for source, target in down:
        layer[target] = max(layer[target], layer[source] + 1)
    position: dict[str, float] = {key: float(n) for key, n in place.items()}
    for _ in range(4):
        centres = {key: _centre([position[s] for s, t in down if t == key], position[key]) for key in place}
        ordered = sorted(place, key=lambda key: (layer[key], centres[key], place[key]))
        position = {key: float(n) for n, key in enumerate(ordered)}
    by_id = {node.id: node for node in nodes}
    return [by_id[key] for key in sorted(position, key=position.__getitem__)]


def _centre(positions: Sequence[float], otherwise: float) -> float:
    return sum(positions) / len(positions) if positions else otherwise


def _reading_order(nodes: Sequence[Node], edges: Sequence[Edge]) -> list[Node]:
    """The given order, but a state that only backward steps lead to follows those that it comes from."""
    led_to = {e.target for e in edges if not e.backward and e.source != e.target}
    ordered = [n for n in nodes if n.initial or n.id in led_to]
    for node in nodes:
        if node in ordered:
            continue
        sources = [e.source for e in edges if e.target == node.id]
        after = [n for n, other in enumerate(ordered) if other.id in sources]
        ordered.insert(max(after) + 1 if after else len(ordered), node)
    return ordered


def _longest_way(order: Sequence[Node], edges: Sequence[Edge], row: dict[str, int]) -> list[str]:
    """The ids along the longest way down; among equals the one to the state that fewest lead to."""
    down = {(e.source, e.target) for e in edges if row[e.source] < row[e.target] and not e.backward}
    best: dict[str, list[str]] = {}
    for node in order:
        sources = sorted((s for s, t in down if t == node.id), key=row.__getitem__)
        before = max((best[s] for s in sources), key=len, default=[])
        best[node.id] = [*before, node.id]

    def rank(way: list[str]) -> tuple[int, int]:
        return len(way), -sum(target == way[-1] for _, target in down)

    return max(best.values(), key=rank, default=[])


def _bundles(
    edges: Sequence[Edge], main: set[tuple[str, str]]
) -> tuple[list[tuple[str, str, list[str], bool]], list[Track]]:
    """Steps between the same two states become one line; lines of the same words to one state a track."""
    labels: dict[tuple[str, str], list[Edge]] = defaultdict(list)
    for edge in edges:
        if edge.source != edge.target:
            labels[edge.source, edge.target].append(edge)
    straight = []
    groups: dict[tuple[str, tuple[str, ...], bool], list[str]] = defaultdict(list)
    for (source, target), parallel in labels.items():
        text = tuple(dict.fromkeys(line for e in parallel for line in wrapped(e.label, 22)))
        dashed = all(e.backward for e in parallel)
        if (source, target) in main:
            straight.append((source, target, list(text), dashed))
        else:
            groups[target, text, dashed].append(source)
    return straight, [Track(sources, t, list(text), dashed) for (t, text, dashed), sources in groups.items()]


def _share_lanes(tracks: list[Track], row: dict[str, int]) -> None:
    """Give every track the nearest lane in which it meets no other; short ones choose first."""
    taken: list[list[tuple[int, int]]] = []
    for track in sorted(tracks, key=lambda t: _span(t, row)[1] - _span(t, row)[0]):
        first, last = _span(track, row)
        free = [all(last < begin or first > end for begin, end in spans) for spans in taken]
        track.lane = free.index(True) if True in free else len(taken)
        if track.lane == len(taken):
            taken.append([])
        taken[track.lane].append((first, last))


def _span(track: Track, row: dict[str, int]) -> tuple[int, int]:
    rows = [row[key] for key in (*track.sources, track.target)]
    return min(rows), max(rows)


def _place_rows(found: Layout, row: dict[str, int]) -> None:
    """Tops and heights of the boxes, and the height at which each track meets them."""
    below = {s.node.id: len(label) * LINE + 8 for s, _, label, _ in found.straight}
    y = 34.0
    for key, box in found.boxes.items():
        sides = [_ports(side, key, row) for side in (found.left, found.right)]
        words = (len(box.lines) + len(box.loops)) * LINE + 16
        box.y, box.height = y, max([words, *(sum(need for _, need in ports) + 8 for ports in sides)])
        for ports in sides:
            at = box.y + (box.height - sum(need for _, need in ports)) / 2
            for track, need in ports:
                track.ports[key] = at + need - PORT / 2
                at += need
        y += box.height + max(22, below.get(key, 0) + 14)
    found.height = y - 10


def _ports(tracks: list[Track], key: str, row: dict[str, int]) -> list[tuple[Track, float]]:
    """The tracks at one side of a box from top to bottom, with the height that each needs there.

    Those that come from above are nearest first, those that go below nearest last: so they cross least.
    """
    here = [t for t in tracks if key in (*t.sources, t.target)]

    def place(track: Track) -> tuple[int, int]:
        others = [row[k] for k in (*track.sources, track.target) if k != key]
        above = max(others) < row[key] if key == track.target else row[track.target] < row[key]
        return (0, track.lane) if above else (1, -track.lane)

    return [
        (track, (len(track.label) * LINE if key == track.target else 0) + PORT) for track in sorted(here, key=place)
    ]


def _place_columns(found: Layout) -> None:
    """Lefts and widths of the boxes, the lanes beside them, and the width of the picture."""
    words = [
        length([*box.lines, *(f"-- {loop}" for loop in box.loops)]) + (44 if box.node.count else 0)
        for box in found.boxes.values()
    ]
    width = max([130, *words]) + 28
    lanes = max((t.lane + 1 for t in found.left), default=0)
    x = lanes * LANE + (max((length(t.label) for t in found.left), default=0) + 34 if lanes else 12)
    for box in found.boxes.values():
        box.x, box.width = x + (0 if box.main else INDENT), width
    for track in found.left:
        track.x = (lanes - track.lane) * LANE - LANE / 2
    right = max(box.x + box.width for box in found.boxes.values())
    ends = [found.boxes[t.target].x + width + length(t.label) + 14 for t in found.right]
    first = max([right + 16, *ends]) if found.right else right
    for track in found.right:
        track.x = first + LANE * (track.lane + 0.5)
    found.width = max([first + 12, *(t.x + LANE for t in found.right)])
    for source, _, label, _ in found.straight:
        found.width = max(found.width, source.x + AXIS + 14 + length(label))
