"""Who takes a step: a person with roles, or civflow itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


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
    """Who takes a step: a person with roles, or civflow itself (`automatic`)."""

    id: int | None
    name: str
    roles: frozenset[RoleHeld] = frozenset()
    automatic: bool = False

    def holds(self, role: str, scopes: Mapping[str, int | None]) -> bool:
        """Whether the actor has `role` for the whole site or in one of `scopes` (scope -> id)."""
        return any(h.role == role and h.counts_in(scopes) for h in self.roles)

    def limit(self, role: str, scopes: Mapping[str, int | None]) -> int:
        """The largest limit in pounds with which the actor holds `role`; 0 when it holds none."""
        return max((h.limit or 0 for h in self.roles if h.role == role and h.counts_in(scopes)), default=0)


CLOCK = Actor(None, "The clock", automatic=True)
CIVFLOW = Actor(None, "civflow", automatic=True)
NOBODY = Actor(None, "Nobody")
