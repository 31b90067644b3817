"""The words by which challenges are found, and each database's own index of them."""

from sqlalchemy import DDL, event
from sqlmodel import Field, SQLModel


class ChallengeWords(SQLModel, table=True):
    """The words of one challenge, as services/search/index.py writes them: small letters and single spaces.

    A challenge has up to two rows: with twice its number as id what everybody may read, and with one more what only
    those may who read it before it opens: so FTS5, which knows nothing but this number, knows whose words it has found.
    """

    __tablename__ = "challenge_words"
    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    challenge_id: int = Field(foreign_key="challenge.id", index=True)
    inside: bool = False  # only those read it who read the challenge before it opens
    title: str
    lead: str  # reference, sponsor and question
    body: str  # the sections of the text


# Each database keeps its index in step with the table by itself: PostgreSQL in columns that it computes, SQLite in a
# table of FTS5 with triggers. Both know words by their stems (flooding and floods) and as they are written, so that
# the beginning of a word finds it too. On SQLite a word as it is written ends with a letter that no rule for English
# endings knows, and the porter stemmer leaves it alone. Where in a text a word stands is not kept: nothing asks for it.
INDEXES = {
    "sqlite": (
        """CREATE VIEW challenge_index_words AS SELECT id,
title || ' ' || replace(title, ' ', 'ǃ ') || 'ǃ' AS title,
lead || ' ' || replace(lead, ' ', 'ǃ ') || 'ǃ' AS lead,
body || ' ' || replace(body, ' ', 'ǃ ') || 'ǃ' AS body FROM challenge_words""",
        """CREATE VIRTUAL TABLE challenge_index USING fts5 (title, lead, body, content='challenge_index_words',
content_rowid='id', tokenize='porter unicode61', detail='column', prefix='2 3')""",
        """CREATE TRIGGER challenge_words_new AFTER INSERT ON challenge_words BEGIN
INSERT INTO challenge_index (rowid, title, lead, body) SELECT * FROM challenge_index_words WHERE id = new.id; END""",
        """CREATE TRIGGER challenge_words_gone BEFORE DELETE ON challenge_words BEGIN
INSERT INTO challenge_index (challenge_index, rowid, title, lead, body)
SELECT 'delete', * FROM challenge_index_words WHERE id = old.id; END""",
        """CREATE TRIGGER challenge_words_old BEFORE UPDATE ON challenge_words BEGIN
INSERT INTO challenge_index (challenge_index, rowid, title, lead, body)
SELECT 'delete', * FROM challenge_index_words WHERE id = old.id; END""",
        """CREATE TRIGGER challenge_words_changed AFTER UPDATE ON challenge_words BEGIN
INSERT INTO challenge_index (rowid, title, lead, body) SELECT * FROM challenge_index_words WHERE id = new.id; END""",
    ),
    "postgresql": (
        # Long values lie elsewhere: a row is short, and many rows are looked at in a few blocks.
        "ALTER TABLE challenge_words SET (toast_tuple_target = 256)",
        """ALTER TABLE challenge_words
ADD COLUMN in_title tsvector GENERATED ALWAYS AS (
to_tsvector('english', title) || to_tsvector('simple', title)) STORED,
ADD COLUMN in_lead tsvector GENERATED ALWAYS AS (
to_tsvector('english', title || ' ' || lead) || to_tsvector('simple', title || ' ' || lead)) STORED,
ADD COLUMN anywhere tsvector GENERATED ALWAYS AS (
to_tsvector('english', title || ' ' || lead || ' ' || body) ||
to_tsvector('simple', title || ' ' || lead || ' ' || body)) STORED""",
        "CREATE INDEX ix_challenge_words_in_title ON challenge_words USING gin (in_title)",
        "CREATE INDEX ix_challenge_words_in_lead ON challenge_words USING gin (in_lead)",
        "CREATE INDEX ix_challenge_words_anywhere ON challenge_words USING gin (anywhere)",
    ),
}
# What stands in a database for the index's sake: Alembic does not compare it with the models.
INDEX_TABLES = {"challenge_index", *(f"challenge_index_{part}" for part in ("config", "data", "docsize", "idx"))}
INDEX_COLUMNS = {"in_title", "in_lead", "anywhere"}

for _dialect, _statements in INDEXES.items():
    for _statement in _statements:
        _make: DDL = DDL(_statement).execute_if(dialect=_dialect)  # type: ignore[no-untyped-call]
        event.listen(ChallengeWords.__table__, "after_create", _make)  # type: ignore[attr-defined]
