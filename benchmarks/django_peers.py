"""The two Django peers: django-fsm-2 and viewflow.fsm, on models that map the same tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings
from sqlalchemy import JSON, Boolean, Column, Integer, Table

from benchmarks.contenders import RING, NewClient, Take, may
from benchmarks.ground import NOW, STAGE
from civflow.db import UTCDateTime
from civflow.models import Application, History
from civflow.models import Sprint as SprintRow
from civflow.workflows.engine import CLOCK, Actor

HISTORY: Table = History.__table__  # type: ignore[attr-defined]
SPRINT: Table = SprintRow.__table__  # type: ignore[attr-defined]
APPLICATION: Table = Application.__table__  # type: ignore[attr-defined]


def configure(url: str) -> None:
    """Django's settings for one database, as its documentation advises: kept connections, IMMEDIATE on SQLite."""
    if url.startswith("sqlite"):
        pragmas = ("journal_mode=WAL", "synchronous=FULL", "cache_size=-65536")
        database: dict[str, Any] = {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": url.removeprefix("sqlite:///"),
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                "init_command": "".join(f"PRAGMA {pragma};" for pragma in pragmas),
            },
        }
    else:
        parts = urlsplit(url)
        database = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path[1:],
            "USER": parts.username,
            "HOST": parts.hostname,
            "PORT": parts.port,
            "CONN_MAX_AGE": None,
            "OPTIONS": {"prepare_threshold": 5},
        }
    settings.configure(
        DATABASES={"default": database},
        USE_TZ=True,
        INSTALLED_APPS=[],
        DEBUG=False,
        SECRET_KEY="x",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()


def base(table: Table, *without: str) -> Any:
    """An abstract model with the columns of one of civflow's tables."""
    from django.db import models

    def field(column: Column[Any]) -> Any:
        if column.primary_key:
            return models.AutoField(primary_key=True)
        kinds = {
            Integer: models.IntegerField,
            Boolean: models.BooleanField,
            UTCDateTime: models.DateTimeField,
            JSON: models.JSONField,
        }
        kind = next((kind for ours, kind in kinds.items() if isinstance(column.type, ours)), None)
        return kind(null=column.nullable) if kind else models.CharField(max_length=4000, null=column.nullable)

    meta = type("Meta", (), {"abstract": True, "app_label": "bench"})
    fields = {column.name: field(column) for column in table.c if column.name not in without}
    return type(f"Base{table.name}", (models.Model,), {**fields, "Meta": meta, "__module__": __name__})


def history() -> Any:
    """The history as a model."""
    meta = type("Meta", (), {"managed": False, "db_table": "history", "app_label": "bench"})
    return type("History", (base(HISTORY),), {"Meta": meta, "__module__": __name__})


def in_time(deadline: str) -> Callable[[Any], bool]:
    """A condition in the peers' form: the moment in a column has come."""
    return lambda record: bool(getattr(getattr(record, "record", record), deadline) <= NOW)


def _taker(sprints: Any, entries: Any, fire: Callable[[Any, str, Actor], None]) -> NewClient:
    """One step: read, let `fire` check and change the state, save, add to the history, commit."""
    from django.db import transaction

    def take(record_id: int, place: int) -> None:
        trigger, actor, reason = RING[place]
        with transaction.atomic():
            sprint = sprints.objects.get(pk=record_id)
            old = sprint.state
            fire(sprint, trigger, actor)
            sprint.revision, sprint.head, sprint.since = sprint.revision + 1, "0" * 64, NOW
            sprint.save(update_fields=["state", "revision", "head", "since"])
            entries.objects.create(
                workflow="sprint",
                record_id=record_id,
                number=sprint.revision,
                at=NOW,
                actor_id=actor.id,
                actor_name=actor.name,
                step=trigger,
                from_state=old,
                to_state=sprint.state,
                reason=reason,
                inputs="",
                previous="0" * 64,
                hash="0" * 64,
            )

    def client() -> Take:
        return take

    return client


def is_(role: str) -> Callable[[Any, Actor], bool]:
    """A permission in the peers' form."""
    return lambda _, actor: may(actor, role)


def django_fsm(url: str) -> NewClient:
    """django-fsm-2: transitions are methods of the model."""
    configure(url)
    from django_fsm import FSMField, has_transition_perm, transition

    class Sprint(base(SPRINT, "state")):  # type: ignore[misc]
        state = FSMField(max_length=40)

        class Meta:
            managed, db_table, app_label = False, "sprint", "bench"

        @transition(state, "active", "in_review", conditions=[in_time("ends_at")], permission=is_("clock"))
        def review(self) -> None: ...

        @transition(state, "in_review", "done", conditions=[in_time("ends_at")], permission=is_("programme_manager"))
        def finish(self) -> None: ...

        @transition(state, "done", "in_review", conditions=[in_time("ends_at")], permission=is_("programme_manager"))
        def reopen(self) -> None: ...

        @transition(state, "in_review", "active", conditions=[in_time("ends_at")], permission=is_("team_member"))
        def work_on(self) -> None: ...

    def fire(sprint: Any, trigger: str, actor: Actor) -> None:
        method = getattr(sprint, trigger)
        assert has_transition_perm(method, actor)
        method()

    return _taker(Sprint, history(), fire)


def viewflow(url: str) -> NewClient:
    """viewflow.fsm: transitions are methods of a flow around the model."""
    configure(url)
    from django.db import models
    from viewflow import fsm

    class Sprint(base(SPRINT)):  # type: ignore[misc]
        class Meta:
            managed, db_table, app_label = False, "sprint", "bench"

    class State(models.TextChoices):
        ACTIVE = "active"
        IN_REVIEW = "in_review"
        DONE = "done"

    class Flow:
        state = fsm.State(State)

        def __init__(self, record: Any) -> None:
            self.record = record

        @state.getter()
        def _state(self) -> Any:
            return self.record.state

        @state.setter()
        def _set_state(self, value: Any) -> None:
            self.record.state = value

        @state.transition(State.ACTIVE, State.IN_REVIEW, conditions=[in_time("ends_at")], permission=is_("clock"))
        def review(self) -> None: ...

        @state.transition(
            State.IN_REVIEW, State.DONE, conditions=[in_time("ends_at")], permission=is_("programme_manager")
        )
        def finish(self) -> None: ...

        @state.transition(
            State.DONE, State.IN_REVIEW, conditions=[in_time("ends_at")], permission=is_("programme_manager")
        )
        def reopen(self) -> None: ...

        @state.transition(State.IN_REVIEW, State.ACTIVE, conditions=[in_time("ends_at")], permission=is_("team_member"))
        def work_on(self) -> None: ...

    def fire(sprint: Any, trigger: str, actor: Actor) -> None:
        method = getattr(Flow(sprint), trigger)
        assert method.has_perm(actor)
        method()
        sprint.state = str(sprint.state.value) if isinstance(sprint.state, State) else sprint.state

    return _taker(Sprint, history(), fire)


# One deadline for many applications ----------------------------------------------------------------------------------


def django_fsm_deadline(url: str) -> NewClient:
    """django-fsm-2, for deadline.py."""
    configure(url)
    from django_fsm import FSMField, has_transition_perm, transition

    class Application(base(APPLICATION, "state")):  # type: ignore[misc]
        state = FSMField(max_length=40)

        class Meta:
            managed, db_table, app_label = False, "application", "bench"

        @transition(state, "submitted", "in_progress", conditions=[in_time("closes_at")], permission=is_("clock"))
        def take_in(self) -> None: ...

    def fire(application: Any) -> None:
        assert has_transition_perm(application.take_in, CLOCK)
        application.take_in()

    return _all_at_once(Application, history(), fire)


def viewflow_deadline(url: str) -> NewClient:
    """viewflow.fsm, for deadline.py."""
    configure(url)
    from django.db import models
    from viewflow import fsm

    class Application(base(APPLICATION)):  # type: ignore[misc]
        class Meta:
            managed, db_table, app_label = False, "application", "bench"

    class State(models.TextChoices):
        SUBMITTED = "submitted"
        IN_PROGRESS = "in_progress"

    class Flow:
        state = fsm.State(State)

        def __init__(self, record: Any) -> None:
            self.record = record

        @state.getter()
        def _state(self) -> Any:
            return self.record.state

        @state.setter()
        def _set_state(self, value: Any) -> None:
            self.record.state = value

        @state.transition(
            State.SUBMITTED, State.IN_PROGRESS, conditions=[in_time("closes_at")], permission=is_("clock")
        )
        def take_in(self) -> None: ...

    def fire(application: Any) -> None:
        flow = Flow(application)
        assert flow.take_in.has_perm(CLOCK)
        flow.take_in()

    return _all_at_once(Application, history(), fire)


def _all_at_once(applications: Any, entries: Any, fire: Callable[[Any], None]) -> NewClient:
    """Load what is due, let `fire` check and change each, then one UPDATE, INSERTs of a thousand rows, and a commit."""
    from django.db import transaction
    from django.db.models import F

    def take(_record: int, _place: int) -> None:
        with transaction.atomic():
            due = applications.objects.filter(state="submitted", closes_at__lte=NOW)
            records = list(due.defer("answers"))
            for record in records:
                fire(record)
            rows = [
                entries(
                    workflow="application",
                    record_id=record.id,
                    number=record.revision + 1,
                    at=NOW,
                    actor_id=None,
                    actor_name=CLOCK.name,
                    step="take_in",
                    from_state="submitted",
                    to_state="in_progress",
                    reason="",
                    inputs="",
                    previous="0" * 64,
                    hash="0" * 64,
                )
                for record in records
            ]
            moved = due.update(state="in_progress", revision=F("revision") + 1, head="0" * 64, since=NOW, stage=STAGE)
            assert moved == len(records)
            entries.objects.bulk_create(rows, batch_size=1000)

    return lambda: take
