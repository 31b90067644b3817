"""The `civflow` command: it parses, opens a session, calls a service, commits in sight, and prints sentences."""

from __future__ import annotations

import sys

import click
from sqlalchemy.exc import DBAPIError

import civflow
from civflow.cli import handbook, people, records, running
from civflow.cli.opening import database_sentence
from civflow.features import FeatureError
from civflow.settings import SettingsError
from civflow.workflows.engine import HandbookError, Refusal
from civflow.workflows.programme import ProgrammeError, WrongFiles

# Slow imports (DBOS, Flask, OR-tools) stand in the commands that need them: `civflow --help` answers at once.


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(civflow.__version__, message="civflow %(version)s")
def commands() -> None:
    """Run public challenge programmes."""


for feature in (running, handbook, records, people):
    for command in feature.COMMANDS:
        commands.add_command(command)


def main() -> None:
    """Run a command; what goes wrong is a sentence, never a trace."""
    try:
        commands.main(prog_name="civflow", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except SettingsError as error:
        _end(2, str(error))
    except Refusal as refusal:
        _end(1, "\n".join(refusal.sentences))
    except (ProgrammeError, WrongFiles, HandbookError, FeatureError) as error:
        _end(1, str(error))
    except DBAPIError as error:
        _end(1, database_sentence(error))
    except BrokenPipeError:
        sys.stderr.close()  # whoever read us has gone, and Python would complain when it flushes
        sys.exit(0)


def _end(code: int, sentences: str) -> None:
    click.echo(sentences, err=True)
    sys.exit(code)
