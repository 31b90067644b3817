"""People follow any record, news are about any record, and roles are held in the scope of any noun."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NAME, NUMBER = sa.String(length=40), sa.Integer()


def upgrade() -> None:
    with op.batch_alter_table("follow", schema=None) as batch_op:
        batch_op.drop_index("ix_follow_challenge_id")
        batch_op.drop_constraint("uq_follow_person_id_challenge_id", type_="unique")
        batch_op.drop_constraint(op.f("ck_follow_one_or_the_other"), type_="check")
        batch_op.drop_constraint("fk_follow_challenge_id", type_="foreignkey")
        batch_op.alter_column("challenge_id", new_column_name="record_id", existing_type=NUMBER, nullable=True)
        batch_op.add_column(sa.Column("workflow", NAME, nullable=True))
    op.execute("UPDATE follow SET workflow = 'challenge' WHERE record_id IS NOT NULL")
    with op.batch_alter_table("follow", schema=None) as batch_op:
        batch_op.create_unique_constraint(
            "uq_follow_person_id_workflow_record_id", ["person_id", "workflow", "record_id"]
        )
        batch_op.create_check_constraint(op.f("ck_follow_one_or_the_other"), "(record_id IS NULL) <> (search IS NULL)")
        batch_op.create_check_constraint(
            op.f("ck_follow_a_record_has_a_noun"), "(workflow IS NULL) = (record_id IS NULL)"
        )
        batch_op.create_index("ix_follow_record", ["workflow", "record_id"], unique=False)
    with op.batch_alter_table("news", schema=None) as batch_op:
        batch_op.drop_index("ix_news_challenge_id")
        batch_op.drop_constraint("fk_news_challenge_id", type_="foreignkey")
        batch_op.alter_column("challenge_id", new_column_name="record_id", existing_type=NUMBER, nullable=False)
        batch_op.add_column(sa.Column("workflow", NAME, nullable=True))
    op.execute("UPDATE news SET workflow = 'challenge'")
    with op.batch_alter_table("news", schema=None) as batch_op:
        batch_op.alter_column("workflow", existing_type=NAME, nullable=False)
        batch_op.create_index("ix_news_record", ["workflow", "record_id"], unique=False)
    with op.batch_alter_table("role_grant", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_role_grant_scope"), type_="check")
        batch_op.alter_column("scope", existing_type=sa.String(length=20), type_=NAME, existing_nullable=False)


def downgrade() -> None:
    """What is about other records than challenges, and roles in other scopes, have no place before."""
    op.execute("DELETE FROM role_grant WHERE scope NOT IN ('site', 'round', 'challenge', 'team')")
    with op.batch_alter_table("role_grant", schema=None) as batch_op:
        batch_op.alter_column("scope", existing_type=NAME, type_=sa.String(length=20), existing_nullable=False)
        batch_op.create_check_constraint(op.f("ck_role_grant_scope"), "scope IN ('site', 'round', 'challenge', 'team')")
    others = "workflow <> 'challenge'"
    gone = f"(SELECT id FROM news WHERE {others})", f"(SELECT id FROM follow WHERE {others})"  # noqa: S608
    op.execute(f"DELETE FROM alert WHERE news_id IN {gone[0]} OR follow_id IN {gone[1]}")  # noqa: S608
    for table in ("news", "follow"):
        op.execute(f"DELETE FROM {table} WHERE {others}")  # noqa: S608
    with op.batch_alter_table("news", schema=None) as batch_op:
        batch_op.drop_index("ix_news_record")
        batch_op.drop_column("workflow")
        batch_op.alter_column("record_id", new_column_name="challenge_id", existing_type=NUMBER, nullable=False)
    with op.batch_alter_table("news", schema=None) as batch_op:
        batch_op.create_foreign_key("fk_news_challenge_id", "challenge", ["challenge_id"], ["id"])
        batch_op.create_index("ix_news_challenge_id", ["challenge_id"], unique=False)
    with op.batch_alter_table("follow", schema=None) as batch_op:
        batch_op.drop_index("ix_follow_record")
        batch_op.drop_constraint("uq_follow_person_id_workflow_record_id", type_="unique")
        batch_op.drop_constraint(op.f("ck_follow_one_or_the_other"), type_="check")
        batch_op.drop_constraint(op.f("ck_follow_a_record_has_a_noun"), type_="check")
        batch_op.drop_column("workflow")
        batch_op.alter_column("record_id", new_column_name="challenge_id", existing_type=NUMBER, nullable=True)
    with op.batch_alter_table("follow", schema=None) as batch_op:
        batch_op.create_unique_constraint("uq_follow_person_id_challenge_id", ["person_id", "challenge_id"])
        batch_op.create_check_constraint(
            op.f("ck_follow_one_or_the_other"), "(challenge_id IS NULL) <> (search IS NULL)"
        )
        batch_op.create_foreign_key("fk_follow_challenge_id", "challenge", ["challenge_id"], ["id"])
        batch_op.create_index("ix_follow_challenge_id", ["challenge_id"], unique=False)
