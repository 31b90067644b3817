"""Commands about people: add them, give and take roles, passwords and sign-in links."""

from __future__ import annotations

import sys

import click
from sqlmodel import Session

from civflow.cli.opening import Failed, a_session, clock
from civflow.models import Person
from civflow.models.people import ROLES
from civflow.services.formatting import with_article
from civflow.settings import read_settings
from civflow.workflows.engine import CIVFLOW


@click.group()
def user() -> None:
    """People: add them, give and take roles, passwords and sign-in links."""


@user.command("add")
@click.argument("email")
@click.argument("name")
def user_add(email: str, name: str) -> None:
    """Add a person."""
    from civflow.services import people  # noqa: PLC0415 - little is needed

    with a_session() as session:
        person = people.add_person(session, name=name, email=email, now=clock())
        session.commit()
    click.echo(f"{person.name} <{person.email}> has an account. Make a link with: civflow user link {person.email}")


@user.command("grant")
@click.argument("email")
@click.argument("role")
@click.option(
    "--scope",
    default="site",
    show_default=True,
    help="site, or a noun for whose records roles are held: round, challenge.",
)
@click.option("--id", "scope_id", type=int, help="The number of the record.")
@click.option("--limit", type=click.IntRange(0, 2**31 - 1), help="An approver's limit in whole pounds.")
def user_grant(email: str, role: str, scope: str, scope_id: int | None, limit: int | None) -> None:
    """Give a person a role in a scope."""
    from civflow.services import people  # noqa: PLC0415 - little is needed

    with a_session() as session:
        person = _found(session, email)
        people.grant(
            session, person, role, actor=CIVFLOW, now=clock(), scope=scope, scope_id=scope_id, limit_pounds=limit
        )
        session.commit()
    where = "for the site" if scope_id is None else f"of {scope} {scope_id}"
    click.echo(f"{person.name} is {_in_words(role)} {where}.")


@user.command("revoke")
@click.argument("email")
@click.argument("role")
@click.option(
    "--scope",
    default="site",
    show_default=True,
    help="site, or a noun for whose records roles are held: round, challenge.",
)
@click.option("--id", "scope_id", type=int, help="The number of the record.")
def user_revoke(email: str, role: str, scope: str, scope_id: int | None) -> None:
    """Take a role back."""
    from civflow.services import people  # noqa: PLC0415 - little is needed

    with a_session() as session:
        person = _found(session, email)
        people.revoke(session, person, role, actor=CIVFLOW, now=clock(), scope=scope, scope_id=scope_id)
        session.commit()
    where = "for the site" if scope_id is None else f"of {scope} {scope_id}"
    click.echo(f"{person.name} is no longer {_in_words(role)} {where}.")


def _in_words(role: str) -> str:
    return with_article(ROLES[role].lower())


@user.command("link")
@click.argument("email")
def user_link(email: str) -> None:
    """Make a link that signs a person in once."""
    from civflow.services import people  # noqa: PLC0415 - little is needed

    settings = read_settings()
    with a_session(settings) as session:
        token = people.make_link(session, _found(session, email), now=clock())
        session.commit()
    click.echo(f"{settings.base_url}/sign-in/{token}")


@user.command("password")
@click.argument("email")
def user_password(email: str) -> None:
    """Set a person's password, which is asked for or read from the input; every sign-in of theirs ends."""
    from civflow.services import people  # noqa: PLC0415 - little is needed

    with a_session() as session:  # over before anybody types, so that nobody waits, and refused before as well
        name = _found(session, email).name
    if sys.stdin.isatty():
        password: str = click.prompt(f"Password of {name}", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    with a_session() as session:
        people.set_password(session, _found(session, email), password, now=clock())
        session.commit()
    click.echo(f"{name} has a new password, and is signed out everywhere.")


@user.command("list")
def user_list() -> None:
    """List the people who hold a role."""
    from civflow.services import people  # noqa: PLC0415 - little is needed

    with a_session(reads=True) as session:
        for person, held in people.role_holders(session):
            click.echo(f"{person.email:<40} {person.name:<24} {held}")


def _found(session: Session, email: str) -> Person:
    from civflow.services import people  # noqa: PLC0415 - little is needed

    person = people.person_by_email(session, email)
    if person is None:
        raise Failed(f"Nobody has an account with {email}. Add one with: civflow user add {email} NAME")
    return person


COMMANDS = (user,)
