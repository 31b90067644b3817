"""What an assignment could not do, and why, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from civflow.methods.assignment.seats import Bools, Ints, Seats


def sentences(
    seats: Seats, a: Ints, j: Ints, names: Sequence[str] | None, assessor_names: Sequence[str] | None
) -> Iterator[str]:
    """One for too little capacity in all, one for each seat rule or demand that was not met, one for each overload."""
    wanted, capacity = int(seats.free.sum()), int(seats.spare.sum())
    if wanted > capacity:
        short = f"{_count(wanted, 'assessment')} to give, and the assessors can take {capacity}"
        yield f"{short}: raise loads or add assessors."
    here = seats.exists.copy()
    here[a, j] = True
    lacks = here.sum(axis=1) < seats.needed
    for kind in range(len(seats.side_names)):
        lacks |= ~here[:, seats.side == kind].any(axis=1)
    for row in np.flatnonzero(lacks & (seats.needed > 0)).tolist():
        yield from _about(seats, row, here[row], names[row] if names else f"Application {row + 1}")
    for column in np.flatnonzero(seats.load > seats.limit).tolist():
        name = assessor_names[column] if assessor_names else f"Assessor {column + 1}"
        has, most = _count(int(seats.load[column]), "application"), int(seats.limit[column])
        yield f"{name} has {has} already, more than the {most} they take."


def _about(seats: Seats, row: int, here: Bools, name: str) -> Iterator[str]:
    """About one application; `here` says of each assessor whether they have it."""
    needed, got = int(seats.needed[row]), int(here.sum())
    lacking = [kind for kind, _ in enumerate(seats.side_names) if not here[seats.side == kind].any()]
    for kind in lacking:
        side, of_side = seats.side_names[kind], seats.side == kind
        why = _why(seats, row, here, of_side) if seats.reserved[row, kind] else "its other assessors have all the seats"
        yield f"{name} has nobody from the {side} side: {why}."
    if needed - got > sum(int(seats.reserved[row, kind]) for kind in lacking):
        why = _why(seats, row, here, seats.side >= 0)
        yield f"{name} has {got} of the {_count(needed, 'assessor')} it needs: {why}."


def _why(seats: Seats, row: int, here: Bools, among: Bools) -> str:
    """Why none of the assessors in `among` could be added."""
    everybody = int(among.sum())
    conflicts = int((among & seats.conflict[row]).sum())
    present = int((among & here).sum())
    if everybody == conflicts + present and not conflicts:
        return (
            f"there {'is' if everybody == 1 else 'are'} only {_count(everybody, 'assessor')}"
            if everybody
            else "there is none"
        )
    full = everybody - conflicts - present
    who = "the only assessor" if everybody == 1 else f"all {everybody} assessors"
    parts = []
    if conflicts:
        some = who if conflicts == everybody else f"{conflicts} of the {everybody} assessors"
        parts.append(f"{some} {'has' if conflicts == 1 else 'have'} a conflict")
    if full:
        some = who if full == everybody else "the other" if full == 1 else "the others"
        parts.append(f"{some} {'is' if full == 1 else 'are'} full")
    return ", ".join(parts)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
