"""Walk the site along its links, without a browser, and find one address of every kind of page."""

from __future__ import annotations

import html
import re
from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import select
from werkzeug.exceptions import NotFound
from werkzeug.test import Client

from civflow.models import Agreement, Application, Assignment, Challenge, Gate, Place, Question, Slot, Team
from tests.browser.conftest import Site

LINK = re.compile(r'<a\b[^>]*?\bhref="(/[^"]*)"')
TOKEN = re.compile(r'name="csrf_token" value="[^"]*"')
FILES = re.compile(r"\.(pdf|csv|xlsx|json|ics|atom|png)$")
RECORDS = (Agreement, Application, Assignment, Challenge, Gate, Place, Question, Slot, Team)
EACH = 2  # pages of a kind that are opened to look for links

Kind = tuple[str, ...]


@dataclass
class Walk:
    """What somebody can reach: an address of every kind of page, and the links that lead nowhere."""

    found: dict[Kind, str] = field(default_factory=dict)
    inside: dict[str, str] = field(default_factory=dict)  # path -> what stands in <main>, but for the form's token
    dead: list[tuple[str, str]] = field(default_factory=list)


class Kinds:
    """What makes a page another kind of page: its route; a record's own page its state; a generic page the step."""

    def __init__(self, site: Site) -> None:
        self.routes = site.app.url_map.bind("")
        with site.session() as session:
            self.states = {
                (model.__tablename__, getattr(row, "slug", row.id)): row.state
                for model in RECORDS
                for row in session.scalars(select(model))
            }

    def of(self, path: str) -> Kind:
        """The kind of page at a path. Raises NotFound where no route leads."""
        rule, named = self.routes.match(path.split("?", maxsplit=1)[0], return_rule=True)
        generic = [str(named[name]) for name in ("workflow", "trigger") if name in named]
        if "trigger" in named or not rule.rule.endswith(">"):
            return (rule.endpoint, *generic)
        if "record_id" in named:
            key = (named["workflow"], named["record_id"])
        else:
            name, value = next(iter(named.items()), ("", ""))
            key = ({"slug": "challenge"}.get(name, name.removesuffix("_id")), value)
        return (rule.endpoint, *generic, self.states.get(key, ""))


def walk(client: Client, site: Site, kinds: Kinds) -> Walk:
    """Walk from the home page, breadth first. Links to files are left to those who test files."""
    walked, opened = Walk(), Counter[Kind]()
    waiting, known = [("/", "")], {"/"}
    while waiting:
        path, origin = waiting.pop(0)
        try:
            kind = kinds.of(path)
        except NotFound:
            walked.dead.append((path, f"linked from {origin}, leads nowhere"))
            continue
        if opened[kind] == EACH:
            continue
        opened[kind] += 1
        answer = client.get(path, follow_redirects=True)
        if answer.status_code != 200:
            walked.dead.append((path, f"linked from {origin}, answers {answer.status_code}"))
            continue
        if answer.mimetype != "text/html":
            continue
        page = answer.text
        walked.found.setdefault(kind, path)
        walked.inside[path] = TOKEN.sub("", page.partition("<main")[2].partition("</main>")[0])
        if kind[0] == "outbox.show":
            continue  # what it links to is for whoever it was written to
        for link in LINK.findall(page):
            path_of_link = html.unescape(link).split("#")[0]
            if path_of_link not in known and not FILES.search(path_of_link.split("?")[0]):
                known.add(path_of_link)
                waiting.append((path_of_link, path))
    return walked
