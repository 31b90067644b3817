"""The command: what each part of it prints, how it exits, and that bad input gets a sentence and never a trace."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError
from sqlmodel import col

from civflow.cli import commands, main, opening, records
from civflow.db import make_engine, new_session
from civflow.demonstration import begun_at
from civflow.models import Challenge, Grant, History, Person, Seal
from civflow.services.jobs import database
from civflow.services.jobs import queue as jobs
from civflow.services.programmes.store import store_shipped
from civflow.workflows import HANDBOOK
from civflow.workflows.engine.draw import mermaid
from civflow.workflows.programme import shipped_programmes
from tests.databases import settings_for
from tests.scenes.open_call import open_call
from tests.test_migrations import one_migration_more

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
SHIPPED = Path(__file__).parents[1] / "civflow" / "workflows" / "programmes"


class Said(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def civflow(monkeypatch, capsys, tmp_path):
    """Runs the command in this process, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str, typed: str = "", **environment: str) -> Said:
        for name, value in environment.items():
            monkeypatch.setenv(f"CIVFLOW_{name.upper()}", value)
        monkeypatch.setattr(sys, "argv", ["civflow", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        return Said(code, *capsys.readouterr())

    return run


@pytest.fixture
def prepared(civflow, database_url, engine, now, monkeypatch):
    """The command on a prepared database."""
    monkeypatch.setenv("CIVFLOW_DATABASE_URL", database_url)
    with new_session(engine) as session:
        store_shipped(session, now=now)
        session.commit()
    return civflow


def tables_made(url: str) -> bool:
    engine = make_engine(settings_for(url))
    try:
        return database.is_current(engine)
    finally:
        engine.dispose()


# Preparing


STORED = f"Stored the programme civtech version 2 ({shipped_programmes()['civtech'].content_hash[:12]}).\n"


def test_init_makes_the_database_the_programmes_and_the_folder_and_does_no_harm_twice(civflow, tmp_path):
    url = f"sqlite:///{tmp_path}/here/civflow.db"
    ready = f"The database is ready: {url}\n"
    assert [civflow("init", database_url=url) for _ in range(2)] == [(0, ready + STORED, ""), (0, ready, "")]
    assert tables_made(url)
    assert (tmp_path / "var" / "files").is_dir()
    listed = civflow("programme", "list")
    assert re.fullmatch(r"civtech +version 2 +[0-9a-f]{12}  stored \d{4}-\d\d-\d\d\n", listed.out), listed


def test_init_needs_no_more_than_its_defaults(civflow, tmp_path):
    assert civflow("init") == (0, "The database is ready: sqlite:///var/civflow.db\n" + STORED, "")
    assert (tmp_path / "var" / "civflow.db").is_file()


def test_two_people_may_initialise_at_once(database_url, engine, tmp_path):
    with engine.connect() as connection:
        config = database._config()
        config.attributes["connection"] = connection
        database.command.downgrade(config, "base")
    engine.dispose()
    environment = {"CIVFLOW_DATABASE_URL": database_url, "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    command = [sys.executable, "-W", "ignore", "-m", "civflow", "init"]
    root = Path(__file__).parents[1]
    both = [
        subprocess.Popen(
            command,
            cwd=root,
            env={**environment, "CIVFLOW_FILES": str(tmp_path / "f")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    ends = [(process.communicate(timeout=120)[1], process.returncode) for process in both]

    assert ends == [("", 0), ("", 0)]
    assert tables_made(database_url)


# Bad input of every command


def test_the_demonstration_invents_nobody_among_real_people(prepared):
    prepared("user", "add", "ann@example.org", "Ann Abbot")

    said = prepared("demo", "--once")

    assert (said.code, said.out) == (1, "")
    assert re.fullmatch(
        r"The database \S+ is in use, and the demonstration invents people\. Name another database, such as "
        r"CIVFLOW_DATABASE_URL=sqlite:///var/demonstration\.db, and another folder for files with CIVFLOW_FILES\.\n",
        said.err,
    )
    assert prepared("user", "list").out == ""


@SQLITE
def test_nobody_works_for_real_among_the_people_of_the_demonstration(prepared, engine, database_url, now):
    """What only reads looks at it; what is said to be for the demonstration goes on with it."""
    with new_session(engine) as session:
        begun_at(session, end=now)
        session.commit()
    real = {"secret_key": "x" * 32, "smtp_url": "smtp://localhost:25"}
    writes = (
        "init",
        "serve",
        "worker",
        "tick",
        "user add ann@example.org Ann",
        "user link ann@example.org",
        "audit seal",
    )

    assert {words: prepared(*words.split(), **real) for words in writes} == dict.fromkeys(
        writes,
        (
            1,
            "",
            (
                f"The database {database_url} holds the demonstration: its people are invented, and whoever has one of their "
                "links can sign in. For real work name another database, such as CIVFLOW_DATABASE_URL=sqlite:///var/real.db, "
                "another folder for files with CIVFLOW_FILES, and run: civflow init. To go on with the demonstration run: "
                "make demo\n"
            ),
        ),
    )
    assert [prepared(*words.split()).code for words in ("audit verify", "user list", "export history")] == [0, 0, 0]
    assert prepared("user", "add", "ann@example.org", "Ann", demonstration="1").code == 0


@pytest.mark.parametrize("words", ["audit verify", "programme list", "user list", "tick", "export history"])
def test_a_database_that_was_not_prepared_gets_a_sentence(civflow, words):
    assert civflow(*words.split()) == (1, "", "The database has not been prepared. Run: civflow init\n")


@SQLITE
def test_a_database_of_an_older_version_gets_a_sentence(prepared, tmp_path, monkeypatch):
    folder = one_migration_more(tmp_path, "pass")
    monkeypatch.setattr(database, "migrations", lambda: folder)

    sentence = "The database is older than this version of civflow. Make a copy of it, then run: civflow init\n"
    assert prepared("audit", "verify") == (1, "", sentence)


@pytest.mark.parametrize("words", ["audit verify", "init"])
def test_a_database_of_another_version_is_left_alone(prepared, engine, words):
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    sentence = (
        "Another civflow has prepared this database: a newer one, or one from before the first release. Install that "
        "version, or name another database in CIVFLOW_DATABASE_URL.\n"
    )
    assert prepared(*words.split()) == (2, "", sentence)


ADDRESSES = {
    "mysql://localhost/civflow": (2, "CIVFLOW_DATABASE_URL must begin with sqlite:/// or postgresql://; for example "),
    "sqlite:var.db": (2, "CIVFLOW_DATABASE_URL cannot be read: Could not parse SQLAlchemy URL from given URL string"),
    "postgresql://somebody@localhost:port/civflow": (2, "CIVFLOW_DATABASE_URL cannot be read: "),
    "postgresql://somebody@127.0.0.1:9/civflow": (1, "The database says: "),
    "sqlite:////proc/civflow/civflow.db": (2, "The folder of the database cannot be made ("),
    "sqlite:////": (1, "The database / cannot be written (unable to open database file). Make it and its folder"),
    "sqlite:///words.txt": (1, "The file that CIVFLOW_DATABASE_URL names is not a database. Name another one."),
}


@pytest.mark.parametrize(("url", "expected"), list(ADDRESSES.items()), ids=list(ADDRESSES))
@pytest.mark.parametrize("words", ["audit verify", "init"])
def test_an_address_of_no_use_gets_a_sentence(civflow, url, expected, words):
    Path("words.txt").write_text("This is no database. " * 100, "utf-8")

    said = civflow(*words.split(), database_url=url)

    assert (said.code, said.out, said.err[: len(expected[1])]) == (expected[0], "", expected[1])
    assert said.err.count("\n") <= 2


@SQLITE
def test_a_database_that_only_can_be_read_is_said_before_anything_else(prepared, engine, database_url, now):
    file = database_url.replace("sqlite:///", "file:")
    real = {
        "database_url": f"sqlite:///{file}?mode=ro&uri=true",
        "secret_key": "x" * 32,
        "smtp_url": "smtp://localhost:25",
    }
    with new_session(engine) as session:
        open_call(session, now)
        session.commit()
    writes = "init", "serve", "worker", "tick", "demo", "user add ann@example.org Ann"

    assert {words: prepared(*words.split(), **real) for words in writes} == dict.fromkeys(
        writes,
        (
            1,
            "",
            (
                f"The database {file} cannot be written (attempt to write a readonly database). "
                "Make it and its folder writable, or set CIVFLOW_DATABASE_URL.\n"
            ),
        ),
    )
    assert prepared("audit", "verify").code == 0
    assert prepared("doctor").out.startswith(f"MISS  Database: {file} cannot be opened to write (")


def test_a_locked_database_gets_a_sentence():
    locked = OperationalError("UPDATE", {}, sqlite3.OperationalError("database is locked"))

    assert opening.database_sentence(locked) == (
        "Another process writes to the database. Wait until it has finished, then try again."
    )


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("session_hours", "soon", "CIVFLOW_SESSION_HOURS must be a whole number of hours, such as 12."),
        ("log", "LOUD", "CIVFLOW_LOG must be DEBUG, INFO, WARNING or ERROR."),
        ("sqlite_synchronous", "OFF", "CIVFLOW_SQLITE_SYNCHRONOUS must be FULL or NORMAL."),
    ],
)
def test_a_setting_of_no_use_gets_a_sentence(civflow, name, value, sentence):
    assert civflow("init", **{name: value}) == (2, "", f"{sentence}\n")


@pytest.mark.parametrize("words", ["fly", "user", "user fly", "export", "export secrets", "demo --port 99999"])
def test_a_command_that_there_is_not_is_answered_with_the_usage(civflow, words):
    said = civflow(*words.split())

    assert (said.code, "Usage: civflow" in said.out + said.err, "Traceback" in said.err) == (2, True, False)


@pytest.mark.parametrize("words", ["serve", "worker"])
def test_the_public_is_not_served_with_unsafe_defaults(prepared, words):
    said = prepared(words)

    assert (said.code, said.out) == (2, "")
    assert [line.split()[0] for line in said.err.splitlines()] == ["CIVFLOW_SECRET_KEY", "CIVFLOW_SMTP_URL"]


@pytest.mark.parametrize("words", ["serve", "worker"])
def test_nothing_runs_on_a_database_that_was_not_prepared(civflow, words):
    said = civflow(words, secret_key="x" * 32, smtp_url="smtp://localhost:25")

    assert said == (1, "", "The database has not been prepared. Run: civflow init\n")


@pytest.fixture
def start(database_url, tmp_path):
    """Starts the command as a process of its own in a prepared demonstration; what is left at the end is ended."""
    environment = {
        "CIVFLOW_DATABASE_URL": database_url,
        "CIVFLOW_FILES": str(tmp_path / "files"),
        "CIVFLOW_DEMONSTRATION": "1",
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
    }
    started = []

    def run(*words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "civflow", *words]
        root = Path(__file__).parents[1]
        started.append(subprocess.Popen(command, cwd=root, env=environment, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answer(port: int) -> int:
    """The status of the site's health page, once it answers."""
    for _ in range(600):
        try:
            with urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as response:
                return int(response.status)
        except URLError:
            time.sleep(0.1)
    raise AssertionError("The site does not answer.")


@SQLITE
@pytest.mark.slow
def test_a_site_is_served_and_says_when_its_port_is_taken(prepared, start):
    port = free_port()
    server = start("serve", "--port", str(port))

    assert answer(port) == 200
    second = prepared("serve", "--port", str(port), "--without-worker", demonstration="1")
    assert second == (
        1,
        "",
        (
            "Let `civflow worker` run beside it. Without a worker no mail goes out, no document is made and no deadline is kept.\n"
            f"Port {port} is in use, perhaps by a civflow that you started before. End that, or choose another port: "
            f'--port {port + 1}, or with make: ARGS="--port {port + 1}"\n'
        ),
    )
    server.send_signal(signal.SIGINT)
    assert server.wait(30) == 0


@pytest.mark.slow
def test_a_worker_works_until_it_is_told_to_stop(prepared, engine, start):
    jobs.prepare(engine)
    worker = start("worker")
    assert worker.stderr.readline() == "The worker has started. Stop it with Ctrl-C.\n"
    for _ in range(600):
        with new_session(engine) as session:
            if session.connection().execute(text(TICKS[engine.dialect.name])).scalar():
                break
        time.sleep(0.1)
    else:
        raise AssertionError("The worker does not tick.")

    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 0


TICKS = {
    "sqlite": "SELECT count(*) FROM workflow_status WHERE name = 'tick' AND status = 'SUCCESS'",
    "postgresql": "SELECT count(*) FROM dbos.workflow_status WHERE name = 'tick' AND status = 'SUCCESS'",
}


# The handbook and programmes


def test_the_handbook_holds_and_is_counted(civflow):
    said = civflow("handbook", "check")

    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    counts = {line.split()[0]: (int(line.split()[1]), int(line.split()[3])) for line in lines[: len(HANDBOOK)]}
    assert counts == {name: (len(page.states), len(page.steps)) for name, page in HANDBOOK.items()}
    assert len(counts) >= 14
    assert lines[-1].startswith(f"{len(HANDBOOK)} workflows hold: ")


def test_a_page_is_drawn(civflow):
    assert civflow("handbook", "draw", "gate") == (0, mermaid(HANDBOOK["gate"]), "")


def test_an_unknown_page_is_answered_with_those_that_there_are(civflow):
    sentence = f"The handbook has no page “moon”. Its pages are {', '.join(HANDBOOK)}.\n"

    assert civflow("handbook", "draw", "moon") == (1, "", sentence)


def test_a_good_programme_file_holds(civflow):
    file = SHIPPED / "civtech.yaml"

    assert civflow("programme", "check", str(file)) == (0, f"{file}: CivTech holds, with 9 stages.\n", "")


def test_every_error_of_a_programme_file_is_listed_with_its_line(civflow, tmp_path):
    lines = (SHIPPED / "civtech.yaml").read_text("utf-8").splitlines()
    cap = next(number for number, line in enumerate(lines) if line == "    cap: 1")
    lines[cap] = "    cap: 4"
    zone = next(number for number, line in enumerate(lines) if line.startswith("timezone:"))
    lines[zone] = "timezone: Scotland"
    file = tmp_path / "mine.yaml"
    file.write_text("\n".join(lines), "utf-8")

    said = civflow("programme", "check", str(file))

    assert (said.code, said.out) == (1, "")
    assert [line.split(": ")[:2] for line in said.err.splitlines()] == [
        [f"{file}:{zone + 1}", "timezone"],
        [f"{file}:{cap + 1}", "stages.4.cap"],
    ]
    assert said.err.splitlines()[1].endswith("The cap grows from 3 at 'interview' to 4: a funnel only narrows.")


@pytest.mark.parametrize("words", ["audit verify", "programme check {file}"])
def test_a_wrong_programme_file_among_those_that_come_with_civflow_gets_a_sentence(tmp_path, words):
    """A new process each, since the handbook is put together from these files once."""
    file = tmp_path / "programmes" / "civtech.yaml"
    file.parent.mkdir()
    lines = (SHIPPED / "civtech.yaml").read_text("utf-8").splitlines()
    wrong = next(number for number, line in enumerate(lines) if "form: application" in line)
    lines[wrong] = lines[wrong].replace("form: application", "form: propozal")
    file.write_text("\n".join(lines), "utf-8")
    script = f"""
import pathlib
from civflow.workflows.programme import reading
reading.files = lambda _: pathlib.Path({str(tmp_path)!r})
from civflow.cli import main
main()
"""
    environment = {"CIVFLOW_DATABASE_URL": f"sqlite:///{tmp_path}/c.db", "PATH": os.environ["PATH"]}

    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, *words.format(file=file).split()],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
        env=environment,
    )

    assert (said.returncode, said.stdout, said.stderr.splitlines()) == (
        1,
        "",
        [f"{file}:{wrong + 1}: stages.0.form: There is no form 'propozal' in this file."],
    )


@pytest.mark.parametrize("words", [("programme", "check"), ("import", "challenges")])
def test_a_file_that_cannot_be_read_gets_a_sentence(civflow, tmp_path, words):
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "folder").mkdir()

    assert [civflow(*words, name) for name in ("missing", "binary", "folder")] == [
        (1, "", "There is no file missing.\n"),
        (1, "", "binary is not a text in UTF-8. Save it as one, then try again.\n"),
        (1, "", "folder cannot be read: Is a directory.\n"),
    ]


# The record


def test_an_untouched_record_is_whole_and_a_changed_byte_is_found(prepared, engine, now):
    with new_session(engine) as session:
        open_call(session, now)
        session.commit()
    assert prepared("audit", "seal").code == 0
    good = prepared("audit", "verify")
    assert (good.code, good.err) == (0, "")
    assert re.fullmatch(r"The record is whole: \d+ entries of \d+ records, 1 sealed day\.\n", good.out)

    with new_session(engine) as session:
        entry = session.scalars(select(History).where(col(History.step) == "approve")).one()
        entry.actor_name = entry.actor_name.replace("Morag", "Moray")
        number, record = entry.id, entry.record_id
        session.commit()

    bad = prepared("audit", "verify")
    assert (bad.code, bad.out) == (1, "")
    assert bad.err.startswith(f"History entry {number} (challenge {record}, entry ")
    assert bad.err.endswith("has been changed: its content does not fit its hash.\n")


def test_sealing_again_seals_nothing(prepared, engine, now):
    with new_session(engine) as session:
        open_call(session, now)
        session.commit()

    assert [prepared("audit", "seal").out for _ in range(2)] == ["1 day sealed.\n", "0 days sealed.\n"]
    with new_session(engine) as session:
        assert [seal.day for seal in session.scalars(select(Seal))] == [now.date()]


def test_the_tick_takes_what_is_due_and_says_so(prepared, engine):
    past = datetime.now(UTC) - timedelta(days=40)
    with new_session(engine) as session:
        challenge = open_call(session, past).challenge.id
        session.commit()

    assert prepared("tick") == (0, "1 step taken.\n", "")
    assert prepared("tick") == (0, "0 steps taken.\n", "")
    with new_session(engine) as session:
        assert session.get_one(Challenge, challenge).state == "closed"


# People


def test_a_person_is_added_given_roles_and_let_in(prepared, engine):
    assert prepared("user", "add", " Ann@Example.org ", "Ann  Abbot") == (
        0,
        "Ann Abbot <ann@example.org> has an account. Make a link with: civflow user link ann@example.org\n",
        "",
    )
    granted = prepared("user", "grant", "ann@example.org", "approver", "--limit", "5000")
    assert granted == (0, "Ann Abbot is an approver for the site.\n", "")
    assert prepared("user", "list").out == f"{'ann@example.org':<40} {'Ann Abbot':<24} approver, up to £5,000\n"
    link = prepared("user", "link", "ann@example.org", base_url="https://civflow.example.org/")
    assert re.fullmatch(r"https://civflow\.example\.org/sign-in/[\w-]{32}\n", link.out)
    revoked = prepared("user", "revoke", "ann@example.org", "approver")
    assert revoked == (0, "Ann Abbot is no longer an approver for the site.\n", "")
    assert prepared("user", "list") == (0, "", "")
    with new_session(engine) as session:
        assert session.scalars(select(Grant)).one().revoked_at is not None


def test_a_password_is_read_from_the_input_and_must_be_long(prepared, engine):
    prepared("user", "add", "ann@example.org", "Ann")

    short = prepared("user", "password", "ann@example.org", typed="short\n")
    long = prepared("user", "password", "ann@example.org", typed="a long enough password\n")

    assert short == (1, "", "Choose a password with at least 12 characters, and at most 200.\n")
    assert long == (0, "Ann has a new password, and is signed out everywhere.\n", "")
    with new_session(engine) as session:
        assert str(session.scalars(select(Person.password_hash)).one()).startswith("$argon2id$")


def test_what_is_wrong_about_people_gets_a_sentence(prepared):
    prepared("user", "add", "ann@example.org", "Ann")
    nobody = "Nobody has an account with bob@example.org. Add one with: civflow user add bob@example.org NAME\n"
    roles = (
        "programme_manager, challenge_owner, challenge_writer, assessor, approver, finance_officer, auditor, "
        "administrator"
    )
    wrong = {
        ("add", "ann@example.org", "Ann"): "There is an account with this address already. Sign in instead.\n",
        ("add", "ann", "Ann"): "Write an e-mail address such as name@example.org.\n",
        ("link", "bob@example.org"): nobody,
        ("password", "bob@example.org"): nobody,
        ("grant", "bob@example.org", "auditor"): nobody,
        ("revoke", "bob@example.org", "auditor"): nobody,
        ("grant", "ann@example.org", "king"): f"There is no role 'king'; the roles are {roles}.\n",
        ("revoke", "ann@example.org", "auditor"): "Ann does not hold this role.\n",
        ("grant", "ann@example.org", "auditor", "--scope", "moon", "--id", "1"): (
            "There is no scope 'moon'; the scopes are site, round, challenge, team.\n"
        ),
        ("grant", "ann@example.org", "auditor", "--scope", "round"): (
            "A role for the site has no number; every other scope needs the number of its record.\n"
        ),
        ("grant", "ann@example.org", "auditor", "--scope", "round", "--id", "77"): "There is no round 77.\n",
    }

    assert {words: prepared("user", *words) for words in wrong} == {
        words: (1, "", sentence) for words, sentence in wrong.items()
    }


# In and out

HEADER = "round,challenge_number,title,question_short,sponsor,company_selected,stage_reached,source_url\n"


def test_earlier_challenges_are_imported_once(prepared, engine, tmp_path):
    file = tmp_path / "earlier.csv"
    row = '1,2,"Cycling, mapped",How might we?,Invented Council,Maps Ltd,contract,https://example.org/1\n'
    file.write_text(HEADER + row + row.replace("Cycling", "Walking"), "utf-8")

    first, second = (prepared("import", "challenges", str(file)) for _ in range(2))

    assert first == (0, "2 challenges imported; 0 of the file's rows were there already.\n", "")
    assert second == (0, "0 challenges imported; 2 of the file's rows were there already.\n", "")
    with new_session(engine) as session:
        titles = session.scalars(select(Challenge.title).order_by(col(Challenge.id))).all()
        assert titles == ["Cycling, mapped", "Walking, mapped"]


def test_a_table_that_cannot_be_used_gets_a_sentence(prepared, tmp_path):
    columns = HEADER.strip().replace(",", ", ")
    tables = {
        "": f"The file has no column {columns}. Its first line must name {columns}.\n",
        "title,source_url\n": (
            "The file has no column round, challenge_number, question_short, sponsor, company_selected, stage_reached. "
            f"Its first line must name {columns}.\n"
        ),
        HEADER + '1,1,"A title\nin two lines",,,,,https://example.org\n1,2,,,,,,\n': (
            "Line 4: a challenge needs a title and a source.\n"
        ),
        HEADER + "1,1,T\n": "Line 2: a challenge needs a title and a source.\n",
        HEADER + f"1,1,{'long ' * 50},,,,,https://example.org\n": ("Line 2: a title of 249 characters; 200 fit.\n"),
        HEADER + f'1,1,"{"x" * 200_000}",,,,,\n': "The file is no table: field larger than field limit (131072).\n",
    }
    file = tmp_path / "table.csv"
    for table, sentence in tables.items():
        file.write_text(table, "utf-8")
        assert prepared("import", "challenges", str(file)) == (1, "", sentence)


def test_an_unknown_programme_for_the_archive_gets_a_sentence(prepared, tmp_path):
    (tmp_path / "table.csv").write_text(HEADER, "utf-8")

    said = prepared("import", "challenges", "table.csv", "--programme", "moonshot")

    assert said == (1, "", "There is no programme 'moonshot'. Stored are: civtech.\n")


def test_exports_are_tables_that_no_spreadsheet_takes_for_formulas(prepared, engine, now):
    with new_session(engine) as session:
        call = open_call(session, now)
        lead = call.person("Ann Abbot")
        call.application(call.team("=HYPERLINK(1)", lead))
        session.commit()

    table = list(csv.reader(io.StringIO(prepared("export", "applications").out)))
    plain = json.loads(prepared("export", "applications", "--json").out)

    assert len(table) == 2
    named = dict(zip(*table, strict=True))
    assert (named["team"], plain[0]["team"]) == ("'=HYPERLINK(1)", "=HYPERLINK(1)")
    assert named["closes_at"] == plain[0]["closes_at"] == (now + timedelta(days=28)).isoformat()
    assert named["submitted_at"] == ""
    assert plain[0]["submitted_at"] is None


@pytest.mark.parametrize("what", ["challenges", "applications", "history", "team"])
def test_an_export_goes_to_a_file_with_its_columns_even_when_it_is_empty(prepared, tmp_path, what):
    assert prepared("export", what, "--output", "table.csv") == (0, "", "")
    assert len((tmp_path / "table.csv").read_text("utf-8").splitlines()) == 1
    assert json.loads(prepared("export", what, "--json").out) == []


def test_an_export_to_nowhere_gets_a_sentence(prepared):
    said = prepared("export", "history", "--output", "no/where.csv")

    assert (said.code, said.out, "Traceback" in said.err) == (1, "", False)
    assert said.err == "Error: Could not open file 'no/where.csv': No such file or directory\n"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, ""),
        (5, "5"),
        (-5, "-5"),
        (True, "True"),
        ("plain", "plain"),
        ("a=b", "a=b"),
        ("=1+1", "'=1+1"),
        ("+44 131", "'+44 131"),
        ("-2", "'-2"),
        ("@sum", "'@sum"),
        (" =1", "' =1"),
        ("\t=1", "'\t=1"),
        ("\n=1", "'\n=1"),
        (datetime(2026, 1, 5, tzinfo=UTC), "2026-01-05T00:00:00+00:00"),
    ],
)
def test_a_value_is_written_so_that_it_does_nothing(value, written):
    assert records.cell(value) == written


# The machine


def test_the_doctor_names_what_is_missing_and_how_to_get_it(civflow, tmp_path):
    said = civflow("doctor", files="/proc/civflow", smtp_url="smtp://127.0.0.1:9")

    assert (said.code, said.err) == (1, "Something is missing; see above.\n")
    found = dict(line.strip().split(": ", 1) for line in said.out.splitlines())
    assert {name.split()[1]: name.split()[0] for name in found} == {
        "Database": "MISS",
        "Files": "MISS",
        "PDFs": "ok",
        "Settings": "MISS",
        "Mail": "MISS",
        "Worker": "ok",
        "Browser": "ok",
    }
    assert found["MISS  Database"].endswith("Run: civflow init")
    assert found["MISS  Files"].endswith("Make it, or set CIVFLOW_FILES.")
    assert found["MISS  Settings"].endswith(" This matters for real operation only, not for make demo.")


def test_the_doctor_is_content_with_a_prepared_demonstration(prepared):
    said = prepared("doctor", demonstration="1")

    assert (said.code, said.err) == (0, "")
    assert {line.split()[0] for line in said.out.splitlines()} == {"ok"}


@SQLITE
def test_the_doctor_says_since_when_what_is_due_waits_for_a_worker(prepared, engine, now):
    with new_session(engine) as session:
        open_call(session, now)
        session.commit()

    said = prepared("doctor", demonstration="1")

    assert (said.code, said.err) == (1, "Something is missing; see above.\n")
    assert "\n".join(line for line in said.out.splitlines() if line.startswith("MISS")) == (
        "MISS  Worker: A message has waited since Monday 5 January 2026, 12 noon (UK time); a document has waited since "
        "Monday 5 January 2026, 12 noon (UK time); a deadline has waited since "
        "Monday 2 February 2026, 12 noon (UK time). Without a worker no mail goes out, no document is made and no deadline "
        "is kept. Run `civflow worker`, or `civflow serve` without --without-worker."
    )


def test_every_command_says_what_it_does(civflow):
    def walk(group, words=()):
        for name, command in group.commands.items():
            assert command.help, (*words, name)
            if hasattr(command, "commands"):
                walk(command, (*words, name))

    walk(commands)
    assert civflow("--help").out.startswith("Usage: civflow [OPTIONS] COMMAND [ARGS]...\n")
    assert civflow("--version").out == "civflow 0.1.0\n"
