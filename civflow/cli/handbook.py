"""Commands about the rules: prove and draw the handbook, check and list programmes."""

from __future__ import annotations

from pathlib import Path

import click

from civflow.cli.opening import Failed, a_session, read_text
from civflow.workflows.programme import ProgrammeError, read_new_programme


@click.group()
def handbook() -> None:
    """The workflows: prove them, draw them."""


@handbook.command("check")
def handbook_check() -> None:
    """Prove every page and every shipped programme; exit 1 if something is wrong."""
    from civflow.services.engine.effects import registered  # noqa: PLC0415 - little is needed
    from civflow.services.engine.facts import facts  # noqa: PLC0415 - little is needed
    from civflow.services.health.declared import check_features  # noqa: PLC0415 - little is needed
    from civflow.services.notifications.declared import check_tellings  # noqa: PLC0415 - little is needed
    from civflow.workflows import HANDBOOK  # noqa: PLC0415 - little is needed
    from civflow.workflows.challenges.page import compile_challenge  # noqa: PLC0415 - little is needed
    from civflow.workflows.engine.check import findings, idle_facts  # noqa: PLC0415 - little is needed
    from civflow.workflows.engine.endings import check_endings  # noqa: PLC0415 - little is needed
    from civflow.workflows.programme import shipped_programmes  # noqa: PLC0415 - little is needed

    check_features()
    wrong, pages = [], list(HANDBOOK.values())
    for page in HANDBOOK.values():
        wrong += findings(page, effects=registered().effects, facts=facts())
        click.echo(f"{page.name:<12} {len(page.states):>2} states  {len(page.steps):>2} steps  {page.sentence}")
    for name, loaded in shipped_programmes().items():
        page = compile_challenge(loaded.programme)
        pages.append(page)
        check_tellings([page])
        wrong += findings(page, effects=registered().effects, facts=facts())
        check_endings(HANDBOOK, [page])
        click.echo(f"programme {name}: {len(loaded.programme.stages)} stages, {len(page.states)} states of a challenge")
    wrong += idle_facts(pages)
    used = set().union(*(page.effects for page in HANDBOOK.values()))
    wrong += [f"No page names the effect “{name}”." for name in sorted(set(registered().effects) - used)]
    if wrong:
        raise Failed("\n".join(dict.fromkeys(wrong)))
    click.echo(
        f"{len(HANDBOOK)} workflows hold: every state is reached and left, every step can be taken, every name exists."
    )


@handbook.command("draw")
@click.argument("name")
def handbook_draw(name: str) -> None:
    """Print a page as a Mermaid diagram."""
    from civflow.workflows import HANDBOOK  # noqa: PLC0415 - little is needed
    from civflow.workflows.engine.draw import mermaid  # noqa: PLC0415 - little is needed

    if name not in HANDBOOK:
        raise Failed(f"The handbook has no page “{name}”. Its pages are {', '.join(HANDBOOK)}.")
    click.echo(mermaid(HANDBOOK[name]), nl=False)


@click.group()
def programme() -> None:
    """Programme files: check one, list those that are stored."""


@programme.command("check")
@click.argument("file", type=click.Path(path_type=Path))
def programme_check(file: Path) -> None:
    """List every error of a programme file with its line; exit 1 if there is one."""
    try:
        loaded = read_new_programme(read_text(file))
    except ProgrammeError as error:
        raise Failed(error.in_file(file)) from None
    click.echo(f"{file}: {loaded.programme.title} holds, with {len(loaded.programme.stages)} stages.")


@programme.command("list")
def programme_list() -> None:
    """List the stored versions."""
    from civflow.services.programmes.store import stored_programmes  # noqa: PLC0415 - little is needed

    with a_session(reads=True) as session:
        for stored in stored_programmes(session):
            version, day = f"version {stored.version}", f"{stored.stored_at:%Y-%m-%d}"
            click.echo(f"{stored.name:<16} {version:<16} {stored.content_hash[:12]}  stored {day}")


COMMANDS = (handbook, programme)
