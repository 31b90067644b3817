"""Keys of a programme file that would decide nothing where they stand: a new file may not have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from civflow.workflows.programme.disagreements import Fault, Path
from civflow.workflows.programme.schema import Of, Part, Programme, Retired, Stage


def idle_keys(programme: Programme) -> Iterator[Fault]:
    """The place of each key that decides nothing, and a sentence that says why."""
    for where, part in _parts(programme):
        for key in sorted(part.model_fields_set):
            for mark in type(part).model_fields[key].metadata:
                if isinstance(mark, Retired):
                    yield (*where, key), f"This key decides nothing. {mark.why}"
                elif isinstance(mark, Of) and isinstance(part, Stage) and part.kind not in mark.kinds:
                    yield (*where, key), f"It decides nothing at a stage of this kind, only at {_kinds(mark)}."


def _kinds(mark: Of) -> str:
    return " or ".join(f"{'an' if kind[0] in 'ae' else 'a'} {kind}" for kind in mark.kinds)


def _parts(found: object, where: Path = ()) -> Iterator[tuple[Path, Part]]:
    """Every part of the file, with its place."""
    if isinstance(found, Part):
        yield where, found
        for key in type(found).model_fields:
            yield from _parts(getattr(found, key), (*where, key))
    elif isinstance(found, Mapping):
        for key, value in found.items():
            yield from _parts(value, (*where, str(key)))
    elif isinstance(found, tuple):
        for position, value in enumerate(found):
            yield from _parts(value, (*where, position))
