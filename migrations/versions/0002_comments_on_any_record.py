"""Comments, and who is where, are about any record and not about challenges alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001_settled"
branch_labels = None
depends_on = None

KEPT = "part, thread_id, kind, text, by_id, at, is_open"


def upgrade() -> None:
    _make_comment()
    op.execute(
        f"INSERT INTO comment (id, workflow, record_id, {KEPT}) "  # noqa: S608
        f"SELECT id, 'challenge', challenge_id, {KEPT} FROM draft_remark ORDER BY id"
    )
    _count_on("comment")
    op.drop_table("draft_remark")
    with op.batch_alter_table("presence", schema=None) as batch_op:
        batch_op.drop_constraint("uq_presence_challenge_id_person_id", type_="unique")
        batch_op.drop_constraint("fk_presence_challenge_id", type_="foreignkey")
        batch_op.alter_column("challenge_id", new_column_name="record_id", existing_type=sa.Integer(), nullable=False)
        batch_op.add_column(sa.Column("workflow", sa.String(length=40), nullable=True))
    op.execute("UPDATE presence SET workflow = 'challenge'")
    with op.batch_alter_table("presence", schema=None) as batch_op:
        batch_op.alter_column("workflow", existing_type=sa.String(length=40), nullable=False)
        batch_op.create_unique_constraint(
            batch_op.f("uq_presence_workflow_record_id_person_id"), ["workflow", "record_id", "person_id"]
        )


def downgrade() -> None:
    """What is about other records than challenges has no place before."""
    _make_draft_remark()
    op.execute(
        f"INSERT INTO draft_remark (id, challenge_id, {KEPT}) "  # noqa: S608
        f"SELECT id, record_id, {KEPT} FROM comment WHERE workflow = 'challenge' ORDER BY id"
    )
    _count_on("draft_remark")
    op.drop_table("comment")
    op.execute("DELETE FROM presence WHERE workflow <> 'challenge'")
    with op.batch_alter_table("presence", schema=None) as batch_op:
        batch_op.drop_constraint("uq_presence_workflow_record_id_person_id", type_="unique")
        batch_op.drop_column("workflow")
        batch_op.alter_column("record_id", new_column_name="challenge_id", existing_type=sa.Integer(), nullable=False)
    with op.batch_alter_table("presence", schema=None) as batch_op:
        batch_op.create_unique_constraint(
            batch_op.f("uq_presence_challenge_id_person_id"), ["challenge_id", "person_id"]
        )
        batch_op.create_foreign_key(batch_op.f("fk_presence_challenge_id"), "challenge", ["challenge_id"], ["id"])


def _count_on(table: str) -> None:
    """The next number comes after those that were copied; SQLite looks at the rows for it."""
    if op.get_bind().dialect.name == "postgresql":
        numbers = f"pg_get_serial_sequence('{table}', 'id')"
        op.execute(f"SELECT setval({numbers}, (SELECT coalesce(max(id), 0) + 1 FROM {table}), false)")  # noqa: S608


def _make_comment() -> None:
    op.create_table(
        "comment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("workflow", sa.String(length=40), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.String(length=60), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("text", sa.String(length=2000), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind <> 'comment' OR text <> ''", name=op.f("ck_comment_a_comment_has_words")),
        sa.CheckConstraint("kind IN ('comment', 'resolved', 'reopened')", name=op.f("ck_comment_kind")),
        sa.CheckConstraint(
            "thread_id IS NOT NULL OR kind = 'comment'", name=op.f("ck_comment_a_thread_begins_with_a_comment")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_comment_by_id")),
        sa.ForeignKeyConstraint(["thread_id"], ["comment.id"], name=op.f("fk_comment_thread_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comment")),
    )
    with op.batch_alter_table("comment", schema=None) as batch_op:
        batch_op.create_index("ix_comment_part", ["workflow", "record_id", "part"], unique=False)
        batch_op.create_index(batch_op.f("ix_comment_thread_id"), ["thread_id"], unique=False)


def _make_draft_remark() -> None:
    op.create_table(
        "draft_remark",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("challenge_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.String(length=60), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("text", sa.String(length=2000), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind <> 'comment' OR text <> ''", name=op.f("ck_draft_remark_a_comment_has_words")),
        sa.CheckConstraint("kind IN ('comment', 'resolved', 'reopened')", name=op.f("ck_draft_remark_kind")),
        sa.CheckConstraint(
            "thread_id IS NOT NULL OR kind = 'comment'", name=op.f("ck_draft_remark_a_thread_begins_with_a_comment")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_draft_remark_by_id")),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenge.id"], name=op.f("fk_draft_remark_challenge_id")),
        sa.ForeignKeyConstraint(["thread_id"], ["draft_remark.id"], name=op.f("fk_draft_remark_thread_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_remark")),
    )
    with op.batch_alter_table("draft_remark", schema=None) as batch_op:
        batch_op.create_index("ix_draft_remark_part", ["challenge_id", "part"], unique=False)
        batch_op.create_index(batch_op.f("ix_draft_remark_thread_id"), ["thread_id"], unique=False)
