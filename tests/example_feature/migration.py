"""The tables of sheds and loans, as a migration of civflow makes them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from civflow.db import UTCDateTime


def upgrade() -> None:
    op.create_table(
        "shed",
        *_of_every_record("shed"),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("keeper_id", sa.Integer(), sa.ForeignKey("person.id"), nullable=False),
        sa.Column("closes_at", UTCDateTime(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'closed')", name="ck_shed_state"),
    )
    op.create_index("ix_shed_keeper_id", "shed", ["keeper_id"])
    op.create_index("ix_shed_state", "shed", ["state"])
    op.create_table(
        "loan",
        *_of_every_record("loan"),
        sa.Column("shed_id", sa.Integer(), sa.ForeignKey("shed.id"), nullable=False),
        sa.Column("tool", sa.String(80), nullable=False),
        sa.Column("borrower_id", sa.Integer(), sa.ForeignKey("person.id"), nullable=False),
        sa.CheckConstraint("state IN ('out', 'back')", name="ck_loan_state"),
    )
    for name in ("shed_id", "borrower_id", "state"):
        op.create_index(f"ix_loan_{name}", "loan", [name])


def _of_every_record(name: str) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(64), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
    ]
