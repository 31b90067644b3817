"""The pictures drawn on the server: the flow of a challenge, and state diagrams."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from hypothesis import assume, given
from hypothesis import strategies as st

import civflow
from civflow.web.shared import formats, pages
from civflow.web.shared.pictures import diagrams, flow, flow_labels
from civflow.web.shared.pictures.diagrams import Edge, Node
from civflow.web.shared.pictures.flow import Flow, FlowStage
from civflow.web.shared.pictures.flow_layout import numbers_of

NOW = datetime(2024, 9, 4, 9, tzinfo=UTC)


@pytest.fixture
def app() -> Flask:
    """An app with nothing but the templates."""
    found = Flask("civflow", root_path=str(Path(civflow.__file__).parent))
    for part in (pages, formats, flow, diagrams):
        part.init_app(found)
    return found


def a_flow(*, counts: bool = True, today: datetime = NOW + timedelta(days=60)) -> Flow:
    plan = [
        ("call", "call", 42, (None, None)),
        ("sift", "gate", 10, (37, 6)),
        ("interview", "gate", 3, (6, 3)),
        ("work", "work", 105, (None, None)),
        ("pitch", "gate", 7, (3, 1)),
        ("survey", "survey", 730, (None, None)),
    ]
    begin, stages = NOW, []
    for key, kind, days, (into, out_of) in plan:
        end = begin + timedelta(days=days)
        state = "past" if end < today else "current" if begin <= today else "future"
        numbers = (into, out_of) if counts else (None, None)
        stages.append(FlowStage(key, key.title(), kind, begin, end, *numbers, state))
        begin = end
    return Flow("Ghost gear", stages, today)


def test_the_flow_says_its_stages_numbers_and_dates_twice(app: Flask) -> None:
    with app.test_request_context():
        page = BeautifulSoup(str(flow.picture(a_flow())), "html.parser")
    wide, narrow = page.select("svg")
    assert [t.get_text() for t in wide.select(".app-flow__number")] == ["37", "→ 6", "→ 3", "→ 1"]
    assert [t.get_text() for t in narrow.select(".app-flow__number")] == ["37 → 6", "6 → 3", "3 → 1"]
    rows = [[cell.get_text(strip=True) for cell in row.select("th, td")] for row in page.select("tbody tr")]
    assert rows[1] == ["Sift", "16 October 2024", "26 October 2024", "37", "6"]
    assert [len(p.select(".app-flow__stage--current")) for p in (wide, narrow)] == [1, 1]
    assert [len(p.select(".app-flow__today")) for p in (wide, narrow)] == [1, 1]


def test_the_flow_without_counts_says_no_number(app: Flask) -> None:
    with app.test_request_context():
        page = BeautifulSoup(str(flow.picture(a_flow(), counts=False)), "html.parser")
        assert str(flow.picture(Flow("Nothing yet", [], NOW))) == ""
        assert "<table" not in flow.picture(a_flow(), table=False)
    assert page.select(".app-flow__number") == []
    assert len(page.select("thead th")) == 3


def test_stages_of_the_flow_stand_side_by_side_in_the_picture() -> None:
    found = flow.wide_picture(a_flow(), counts=True)
    lefts = [shape.left for shape in found.shapes]
    assert lefts == sorted(lefts)
    assert min(b - a for a, b in zip(lefts, [*lefts[1:], found.width], strict=True)) >= 52


WIDTHS = st.lists(st.tuples(st.floats(52, 300), st.floats(40, 180)), min_size=2, max_size=10)


@given(WIDTHS)
def test_no_line_runs_through_a_label_and_no_label_lies_on_another(stages) -> None:
    total = sum(width for width, _ in stages)
    edges = [0.0]
    for width, _ in stages:
        edges.append(edges[-1] + width * 960 / total)
    needs = [need for _, need in stages]
    count = len(needs)
    assume(any(flow_labels._way(edges, needs, 960, [n >= ends for n in range(count)]) for ends in range(count + 1)))
    labels = flow_labels.place(edges, needs, 960)
    boxes = [
        (x, x + need, tier) if anchor == "start" else (x - need, x, tier)
        for (x, anchor, tier), need in zip(labels, needs, strict=True)
    ]
    for n, (left, right, tier) in enumerate(boxes):
        assert 0 <= left <= right <= 960
        assert left <= edges[n] + 0.01 <= right + 0.01
        for m, (other_left, other_right, other_tier) in enumerate(boxes):
            if m != n and other_tier < tier:
                assert not other_left < edges[n] < other_right
            if m > n and other_tier == tier:
                assert right <= other_left or other_right <= left


def test_the_way_with_the_fewest_rows_is_taken() -> None:
    # Three narrow stages near the end: one label ends below its stage, and two rows are enough.
    edges, needs = [0.0, 600.0, 700.0, 760.0, 820.0, 960.0], [100.0, 150.0, 80.0, 150.0, 130.0]
    assert flow_labels.place(edges, needs, 960) == [
        (0, "start", 0),
        (600, "start", 1),
        (752, "end", 0),
        (760, "start", 1),
        (820, "start", 0),
    ]


def test_a_strip_stands_where_its_dates_are(app: Flask) -> None:
    with app.test_request_context():
        strip = flow.strip(a_flow(), NOW - timedelta(days=100), NOW + timedelta(days=900))
    page = BeautifulSoup(str(strip), "html.parser")
    begins = [float(path["d"].split()[0].removeprefix("M")) for path in page.select(".app-flow__stage")]
    assert begins == [100, 142, 152, 155, 260, 267]
    assert page.select_one(".app-flow__today")["d"] == "M160.0 0V30"
    assert page.svg["aria-label"] == "now Work, 37 → 6 → 3 → 1 applications"


def test_a_gate_that_everybody_passed_has_its_number_like_every_other() -> None:
    numbers = {"sift": (5, 5), "interview": (5, 3), "pitch": (3, 1)}
    stages = [
        replace(s, into=into, out_of=out_of)
        for s in a_flow().stages
        for into, out_of in (numbers.get(s.id, (None, None)),)
    ]
    assert numbers_of(stages) == "5 → 5 → 3 → 1"


def test_a_board_compares_challenges_on_one_axis(app: Flask) -> None:
    later = Flow(
        "Later",
        [FlowStage("call", "Call", "call", NOW + timedelta(days=365), NOW + timedelta(days=400), None, None, "future")],
        NOW + timedelta(days=60),
    )
    with app.test_request_context():
        board = flow.board({1: a_flow(), 2: later, 3: Flow("No dates yet", [], NOW)})
        assert flow.board({}) == flow.Board("", {})
    months = [t.get_text() for t in BeautifulSoup(str(board.axis), "html.parser").select("text")]
    assert months[:6] == ["2024", "Sep", "Oct", "Nov", "Dec", "2025"]
    assert {key: (row.numbers, row.until) for key, row in board.rows.items()} == {
        1: ("37 → 6 → 3 → 1", "Work until 11 Feb 2025"),
        2: ("", ""),
    }
    first, second = (float(row.strip.split(' d="M')[1].split()[0]) for row in board.rows.values())
    assert (0 < first < 20, 600 < second < 1000) == (True, True)


NODES = [
    Node("a", "Draft", initial=True),
    Node("b", "Open", count=3),
    Node("c", "Sift"),
    Node("d", "Done", final=True),
    Node("e", "Withdrawn", final=True),
]
EDGES = [
    Edge("a", "a", "Write it"),
    Edge("a", "b", "Open the call"),
    Edge("b", "c", "Begin"),
    Edge("c", "d", "Finish"),
    Edge("c", "b", "Reopen the call", backward=True),
    Edge("a", "e", "Withdraw it"),
    Edge("b", "e", "Withdraw it"),
    Edge("e", "a", "Restore it", backward=True),
]


def test_words_of_a_diagram_never_lie_on_a_box_nor_on_each_other() -> None:
    found = diagrams.arrange(NODES, EDGES)
    areas = [(b.x, b.y, b.x + b.width, b.y + b.height) for b in found.boxes.values()]
    for line in diagrams.lines_of(found):
        for x, y, text in line.words:
            wide = len(text) * 7.5
            left = x if line.anchor == "start" else x - wide
            areas.append((left, y - 11, left + wide, y + 2))
    for n, (x0, y0, x1, y1) in enumerate(areas):
        assert x0 >= 0
        assert x1 <= found.width
        for u0, v0, u1, v1 in areas[n + 1 :]:
            assert x1 <= u0 or u1 <= x0 or y1 <= v0 or v1 <= y0


def test_steps_of_one_name_to_one_state_share_a_line() -> None:
    found = diagrams.arrange(NODES, EDGES)
    assert [(track.sources, track.target, track.dashed) for track in found.right] == [(["a", "b"], "e", False)]
    assert sorted((track.sources, track.target, track.dashed) for track in found.left) == [
        (["c"], "b", True),
        (["e"], "a", True),
    ]
    assert [(s.node.id, t.node.id) for s, t, _, _ in found.straight] == [("a", "b"), ("b", "c"), ("c", "d")]


def test_a_diagram_has_a_table_of_its_steps(app: Flask) -> None:
    with app.test_request_context():
        page = BeautifulSoup(str(diagrams.picture(NODES, EDGES, title="Application")), "html.parser")
    rows = [[cell.get_text(strip=True) for cell in row.select("td")] for row in page.select("tbody tr")]
    assert rows[:2] == [["Draft", "Write it", "stays as it is"], ["Draft", "Open the call", "Open"]]
    assert len(rows) == len(EDGES)
    assert page.svg["aria-label"].startswith("Application: 5 states and 8 steps.")
