"""Who takes a step: a person with roles, or civflow itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from civflow.models.people import ROLES


class RoleHeld(NamedTuple):
    """A role that an actor holds in one scope; `limit` is in whole pounds."""

    role: str
    scope: str
    scope_id: int | None
    limit: int | None = None

    def counts_in(self, scopes: Mapping[str, int | None]) -> bool:
        """Whether it is for the whole site or for one of `scopes` (scope -> id, None where a record stands in none)."""
        return self.scope == "site" or (self.scope_id is not None and self.scope_id == scopes.get(self.scope))


@dataclass(frozen=True)
class Actor:
    """Who takes a step: a person with roles, or civflow itself (`automatic`).

    `applies_to`: the challenges to which a team of theirs applies. Roles that were given to them sleep towards these:
    nobody runs, decides on or audits what they apply to, and giving them a role tells nobody that they apply. Roles that
    sleep wherever they count are not among `roles`, but stand in `asleep`.
    """

    id: int | None
    name: str
    roles: frozenset[RoleHeld] = frozenset()
    automatic: bool = False
    applies_to: frozenset[int] = frozenset()
    asleep: frozenset[RoleHeld] = frozenset()

    def holds(self, role: str, scopes: Mapping[str, int | None]) -> bool:
        """Whether the actor has `role` for the whole site or in one of `scopes` (scope -> id), and it is awake there."""
        return any(h.role == role and h.counts_in(scopes) for h in self.roles) and not self._sleeps(role, scopes)

    def limit(self, role: str, scopes: Mapping[str, int | None]) -> int:
        """The largest limit in pounds with which the actor holds `role`; 0 when it holds none."""
        if self._sleeps(role, scopes):
            return 0
        return max((h.limit or 0 for h in self.roles if h.role == role and h.counts_in(scopes)), default=0)

    def _sleeps(self, role: str, scopes: Mapping[str, int | None]) -> bool:
        """What comes with a team, such as leading it, is never asleep."""
        return role in ROLES and self.applies_here(scopes)

    def applies_here(self, scopes: Mapping[str, int | None]) -> bool:
        """Whether a team of the actor's applies to the challenge among `scopes`."""
        return scopes.get("challenge") in self.applies_to


CLOCK = Actor(None, "The clock", automatic=True)
CIVFLOW = Actor(None, "civflow", automatic=True)
NOBODY = Actor(None, "Nobody")
