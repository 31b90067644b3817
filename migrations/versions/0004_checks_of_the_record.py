"""Checks of the whole record that somebody asks for, with their reports."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import civflow.db

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "verification",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", civflow.db.UTCDateTime(), nullable=False),
        sa.Column("begun_at", civflow.db.UTCDateTime(), nullable=True),
        sa.Column("ended_at", civflow.db.UTCDateTime(), nullable=True),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("seals", sa.Integer(), nullable=False),
        sa.Column("broken", sa.String(), nullable=False),
        sa.CheckConstraint(
            "ended_at IS NULL OR begun_at IS NOT NULL", name=op.f("ck_verification_ends_after_it_began")
        ),
        sa.ForeignKeyConstraint(["asked_by_id"], ["person.id"], name=op.f("fk_verification_asked_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification")),
    )
    with op.batch_alter_table("verification", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_verification_asked_by_id"), ["asked_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_verification_ended_at"), ["ended_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("verification", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_verification_ended_at"))
        batch_op.drop_index(batch_op.f("ix_verification_asked_by_id"))
    op.drop_table("verification")
