"""A page of the handbook as a drawing: plain nodes and edges, and Mermaid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from civflow.workflows.engine.workflow import Workflow


class Node(NamedTuple):
    """A state; `records` is how many stand in it, or None where nobody counts."""

    id: str
    label: str
    initial: bool
    final: bool
    records: int | None


class Edge(NamedTuple):
    """A step between two states; steps that leave the state as it is are not drawn."""

    source: str
    target: str
    label: str
    backward: bool


def drawing(page: Workflow, counts: Mapping[str, int] | None = None) -> tuple[list[Node], list[Edge]]:
    """The states and the steps between them; several steps between the same two states share an edge."""
    nodes = [
        Node(s.name, s.staff, s.name in page.begins, s.final, (counts or {}).get(s.name, 0) if counts else None)
        for s in page.states.values()
    ]
    labels: dict[tuple[str, str], list[str]] = {}
    backward: dict[tuple[str, str], bool] = {}
    for step in page.steps:
        for source in step.sources:
            if source != step.target:
                labels.setdefault((source, step.target), []).append(step.button)
                backward[source, step.target] = page.is_backward(step, source)
    edges = [Edge(s, t, " / ".join(names), backward[s, t]) for (s, t), names in labels.items()]
    return nodes, edges


def mermaid(page: Workflow) -> str:
    """The page as the text of a Mermaid state diagram."""
    nodes, edges = drawing(page)
    lines = ["stateDiagram-v2", *(f'    state "{n.label}" as {n.id}' for n in nodes)]
    lines += [f"    [*] --> {n.id}" for n in nodes if n.initial]
    lines += [f"    {e.source} --> {e.target}: {e.label}" for e in edges]
    lines += [f"    {n.id} --> [*]" for n in nodes if n.final]
    return "\n".join(lines) + "\n"
