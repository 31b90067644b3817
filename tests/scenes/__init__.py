"""Scenes: what a test finds when it begins, such as an open call. Each is played once by the services, kept, and copied."""

from __future__ import annotations

import io
import pickle
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, is_dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, event, inspect
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import Session, SQLModel

from tests.databases import Database

Act = Callable[..., Any]


class Scenes:
    """The scenes of one test.

    The first act gets the session and the time; each further one gets what the one before has answered, and answers
    something else or nothing. What acts have made is kept for the other tests of the process that begin with the same acts.
    """

    def __init__(self, database: Database, engine: Engine, session: Session, now: datetime) -> None:
        self.database, self.engine, self.session, self.now = database, engine, session, now
        self.acts: tuple[Act, ...] = ()
        self.made: list[Any] = []
        self.begun = self._here()

    def play(self, *acts: Act) -> Any:
        """What the last of these acts makes, after those that the test has played already. It is committed.

        Where the test has changed something in between, these acts are its own: they are played and not kept.
        """
        wanted = self.acts + acts
        if self._untouched:
            self._show(wanted)
        for act in wanted[len(self.acts) :]:
            untouched = self._untouched
            self._play(act)
            if untouched:
                self._keep()
        return self.made[-1]

    @property
    def _untouched(self) -> bool:
        return self.begun == self._here()

    def _here(self) -> tuple[object, ...]:
        """Where the test is: how often it has used the database, what waits to be written, and what acts have answered."""
        session = self.session
        return USES[self.engine], bool(session.new or session.dirty or session.deleted), packed(self.made)[0]

    def _show(self, wanted: tuple[Act, ...]) -> None:
        """Put what is kept of these acts, or of as many as are kept, into the database."""
        for length in range(len(wanted), len(self.acts), -1):
            kept = KEPT.get((self.database.kind, self.now, *wanted[:length]))
            if kept:
                self.engine.dispose()
                self.database.put(kept.name)
                self.acts, self.made = wanted[:length], kept.made_again(self.session, self.made)
                self.begun = self._here()
                return

    def _play(self, act: Act) -> None:
        made = act(self.made[-1]) if self.made else act(self.session, self.now)
        if made is not None:
            self.made.append(made)
        self.acts += (act,)
        self.session.commit()

    def _keep(self) -> None:
        """Keep what the database holds; whoever has played it goes on with a copy, like everybody else."""
        kept = KEPT[self.database.kind, self.now, *self.acts] = Kept.of(f"scene_{len(KEPT)}", self.made, self.session)
        self.engine.dispose()
        self.database.keep(kept.name)
        self.made = kept.made_again(self.session, self.made)
        self.begun = self._here()


@dataclass(frozen=True)
class Kept:
    """What acts have made: the name under which the database keeps it, the records, and what else the acts answered."""

    name: str
    kinds: tuple[type, ...]
    records: bytes
    answers: bytes

    @classmethod
    def of(cls, name: str, made: Sequence[Any], session: Session) -> Kept:
        answers, records = packed(made)
        for record in records:
            session.refresh(record)
        session.commit()
        return cls(name, tuple(type(one) for one in made), pickle.dumps(records), answers)

    def made_again(self, session: Session, made: Sequence[Any]) -> list[Any]:
        """The answers as they were, in this session; records and objects that a test has already stay the same ones."""
        records = [in_session(session, record) for record in pickle.loads(self.records)]
        again = [*made, *(object.__new__(k) if is_dataclass(k) else None for k in self.kinds[len(made) :])]
        for place, answer in enumerate(Unpacker(io.BytesIO(self.answers), again, session, records).load()):
            if is_dataclass(again[place]):
                vars(again[place]).clear()
                vars(again[place]).update(answer)
            else:
                again[place] = answer
        session.commit()
        return again


def packed(made: Sequence[Any]) -> tuple[bytes, list[SQLModel]]:
    """What acts have answered without its records, and these."""
    file = io.BytesIO()
    packer = Packer(file, made)
    packer.dump([vars(one) if is_dataclass(one) else one for one in made])
    return file.getvalue(), packer.records


def in_session(session: Session, record: SQLModel) -> SQLModel:
    """The session's own object for this record, with its values, or where it has none this one. Nothing is read."""
    own: SQLModel | None = session.identity_map.get(inspect(record).key)
    if own is None:
        session.add(record)
        return record
    for column in inspect(record).mapper.column_attrs:
        set_committed_value(own, column.key, getattr(record, column.key))
    return own


KEPT: dict[tuple[Any, ...], Kept] = {}
USES: Counter[Engine] = Counter()


def count_uses(engine: Engine) -> None:
    """From now on USES says how often somebody took a connection of this engine."""

    @event.listens_for(engine, "checkout")
    def count(*_: Any) -> None:
        USES[engine] += 1


class Packer(pickle.Pickler):
    """Leaves the session, records and the objects of the acts out, and says where they were."""

    def __init__(self, file: io.BytesIO, made: Sequence[Any]) -> None:
        super().__init__(file)
        self.made = {id(one): place for place, one in enumerate(made) if is_dataclass(one)}
        self.records: list[SQLModel] = []

    def persistent_id(self, found: Any) -> tuple[str, int] | None:
        if isinstance(found, Session):
            return "session", 0
        if isinstance(found, SQLModel):
            if not any(found is record for record in self.records):
                self.records.append(found)
            return "record", next(place for place, record in enumerate(self.records) if record is found)
        return ("made", self.made[id(found)]) if id(found) in self.made else None


class Unpacker(pickle.Unpickler):
    """Puts a test's session, records and objects where the packer has left them out."""

    def __init__(self, file: io.BytesIO, made: Sequence[Any], session: Session, records: Sequence[SQLModel]) -> None:
        super().__init__(file)
        self.left_out: dict[str, Sequence[Any]] = {"session": [session], "record": records, "made": made}

    def persistent_load(self, place: tuple[str, int]) -> Any:
        return self.left_out[place[0]][place[1]]
