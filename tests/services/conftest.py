"""What tests of services may ask for beside the scenes: who acts for the call, and a mail server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from civflow.workflows.engine import Actor
from tests.a_mail_server import Mailbox, a_mail_server
from tests.scenes.open_call import Call


@pytest.fixture
def owner(call: Call) -> Actor:
    return call.actor(call.owner)


@pytest.fixture
def manager(call: Call) -> Actor:
    return call.actor(call.manager)


@pytest.fixture
def server() -> Iterator[Mailbox]:
    with a_mail_server() as mailbox:
        yield mailbox
