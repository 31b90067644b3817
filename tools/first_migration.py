"""Write the first migration anew from the tables; only until civflow 0.1.0 is released.

Run `.venv/bin/python tools/first_migration.py` after a change of civflow/models or of the states of a page. From
the release on, every change is a migration of its own:
`.venv/bin/alembic revision --autogenerate --rev-id 0002 -m "What changes"`.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

from civflow.db import make_engine
from civflow.models.words import INDEXES
from civflow.settings import read_settings

MIGRATIONS = Path(__file__).parents[1] / "migrations"
# What Alembic does not know how to write: each database's own index of words.
DROP = {
    "sqlite": ("DROP TABLE challenge_index", "DROP VIEW challenge_index_words"),
    "postgresql": (),  # its columns and its index go with the table
}


def main() -> None:
    """Replace versions/0001_*.py by what the tables are now."""
    for old in (MIGRATIONS / "versions").glob("0001_*.py"):
        old.unlink()
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    with tempfile.TemporaryDirectory() as folder:
        engine = make_engine(read_settings({}, database_url=f"sqlite:///{folder}/new.db"))
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.revision(config, "The tables of the first release", autogenerate=True, rev_id="0001")
        engine.dispose()
    for path in (MIGRATIONS / "versions").glob("0001_*.py"):
        path.write_text(with_the_indexes(path.read_text("utf-8")), "utf-8")
    ruff = str(Path(sys.executable).parent / "ruff")
    written = [str(path) for path in (MIGRATIONS / "versions").glob("0001_*.py")]
    subprocess.run([ruff, "check", "--quiet", "--fix", *written], check=False)
    subprocess.run([ruff, "format", "--quiet", *written], check=True)


def with_the_indexes(text: str) -> str:
    """The migration with the indexes of words: made after the tables, and gone before them."""
    run = "    for statement in {name}[op.get_bind().dialect.name]:\n        op.execute(statement)\n"
    head, up, down = re.split(r"(?=^def (?:up|down)grade)", text, flags=re.MULTILINE)
    first, rest = down.split("\n", 1)
    words = f"INDEXES = {INDEXES!r}\nDROP_INDEXES = {DROP!r}\n\n\n"
    return (
        head
        + words
        + up.rstrip()
        + "\n"
        + run.format(name="INDEXES")
        + "\n\n"
        + first
        + "\n"
        + (run.format(name="DROP_INDEXES") + rest)
    )


if __name__ == "__main__":
    main()
