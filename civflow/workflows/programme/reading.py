"""Reading a programme file: YAML to plain values, and every error with its line and a sentence."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError

from civflow.workflows.programme.disagreements import Path, disagreements
from civflow.workflows.programme.idle import idle_keys
from civflow.workflows.programme.schema import Programme


class Problem(NamedTuple):
    """One error of a programme file."""

    line: int
    key: str
    sentence: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.key}: {self.sentence}"


class ProgrammeError(Exception):
    """A programme file that cannot be used, with every problem in the order of the lines."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(str(p) for p in self.problems))

    def in_file(self, file: object) -> str:
        """A line for each problem, which names the file and the line as compilers do."""
        return "\n".join(f"{file}:{p.line}: {p.key}: {p.sentence}" for p in self.problems)


class WrongFiles(Exception):
    """Programme files in civflow's own folder that cannot be used; the text has a line for each problem of each file."""


@dataclass(frozen=True)
class Loaded:
    """A programme with the text it was read from and the hash that rounds pin."""

    programme: Programme
    source: str

    @property
    def content_hash(self) -> str:
        return hashlib.sha256(self.source.encode()).hexdigest()


def shipped_programmes() -> dict[str, Loaded]:
    """Every programme file that comes with civflow, by name. Raises WrongFiles with the problems of all of them."""
    folder = files("civflow.workflows") / "programmes"
    found: dict[str, Loaded] = {}
    wrong: list[str] = []
    for file in sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name):
        try:
            loaded = read_new_programme(file.read_text("utf-8"))
            name = loaded.programme.programme
            if name != file.name.removesuffix(".yaml"):
                wrong.append(f"{file}: It says `programme: {name}`. Give both one name: rounds pin a programme by it.")
            found[name] = loaded
        except ProgrammeError as error:
            wrong.append(error.in_file(file))
        except (OSError, UnicodeDecodeError) as error:
            wrong.append(f"{file}: It cannot be read as a text in UTF-8: {error}.")
    if wrong:
        raise WrongFiles("\n".join(wrong))
    return found


@cache
def read_programme(source: str) -> Loaded:
    """Read the text of a programme file, once per text and process. Raises ProgrammeError with every problem it has."""
    root = _compose(source)
    lines = dict(_lines(root))
    twice = list(_said_twice(root))
    if twice:
        raise ProgrammeError(twice)
    try:
        programme = Programme.model_validate(yaml.SafeLoader("").construct_document(root))
    except ValidationError as error:
        raise ProgrammeError([_problem(e, lines) for e in error.errors()]) from None
    except ValueError as error:  # PyYAML makes dates itself, and does not say where
        raise ProgrammeError([Problem(_line_of_a_bad_date(root), "file", f"A date is wrong: {error}.")]) from None
    problems = [Problem(_line(lines, where), _key(where), sentence) for where, sentence in disagreements(programme)]
    if problems:
        raise ProgrammeError(problems)
    return Loaded(programme, source)


def read_new_programme(source: str) -> Loaded:
    """Read a file that is not stored yet. Raises ProgrammeError also for keys that decide nothing.

    A stored text may have them: a round keeps the text that it pinned, and what such a key says is left alone.
    """
    loaded = read_programme(source)
    lines = dict(_lines(_compose(source)))
    idle = [Problem(_line(lines, where), _key(where), sentence) for where, sentence in idle_keys(loaded.programme)]
    if idle:
        raise ProgrammeError(idle)
    return loaded


def _compose(source: str) -> yaml.MappingNode:
    """The file as YAML's nodes, which know their lines."""
    try:
        for event in yaml.parse(source, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                sentence = f"Write '{event.anchor}' out: a programme file has no references (*) to other parts."
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise ProgrammeError([Problem(line, "file", sentence)])
        root = yaml.compose(source, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ProgrammeError([_not_yaml(source, error)]) from None
    if not isinstance(root, yaml.MappingNode):
        sentence = "The file has no keys; it needs at least programme, version, title and stages."
        raise ProgrammeError([Problem(1, "file", sentence)])
    return root


def _not_yaml(source: str, error: yaml.YAMLError) -> Problem:
    if isinstance(error, yaml.reader.ReaderError):
        line = source.count("\n", 0, error.position) + 1
        return Problem(line, "file", "The file has a character that YAML does not allow.")
    mark = getattr(error, "problem_mark", None)
    return Problem(mark.line + 1 if mark else 1, "file", f"This is not YAML: {getattr(error, 'problem', error)}.")


def _lines(node: yaml.Node, path: Path = ()) -> Iterator[tuple[Path, int]]:
    """Each key's path and the line on which it stands, counted from 1."""
    yield path, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*path, str(key.value))
            yield from _lines(value, here)
            yield here, key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            yield from _lines(value, (*path, position))


def _said_twice(node: yaml.Node, path: Path = ()) -> Iterator[Problem]:
    """Keys that stand twice in one place: YAML keeps the last and says nothing."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            here = (*path, str(key.value))
            if here[-1] in seen:
                yield Problem(key.start_mark.line + 1, _key(here), "This key stands twice.")
            seen.add(str(here[-1]))
            yield from _said_twice(value, here)
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            yield from _said_twice(value, (*path, position))


def _line_of_a_bad_date(node: yaml.Node) -> int:
    if isinstance(node, yaml.ScalarNode):
        try:
            yaml.SafeLoader("").construct_document(node)
        except ValueError:
            return node.start_mark.line + 1
        return 0
    children = [child for pair in node.value for child in (pair if isinstance(pair, tuple) else (pair,))]
    return max((_line_of_a_bad_date(child) for child in children), default=0)


def _line(lines: Mapping[Path, int], where: Path) -> int:
    while where and where not in lines:
        where = where[:-1]
    return lines.get(where, 1)


def _key(where: Path) -> str:
    return ".".join(map(str, where)) or "file"


SENTENCES = {
    "missing": "This key is missing.",
    "extra_forbidden": "This key is not known; look for a slip of the pen.",
    "invalid_key": "This key is not known; look for a slip of the pen.",
    "string_pattern_mismatch": "{input!r} must be small letters, figures and underscores, and begin with a letter.",
    "string_type": "Write words here; a number, a time, yes and no need quotation marks around them.",
    "literal_error": "{input!r} is not one of {expected}.",
    "too_short": "It needs at least {min_length}.",
    "greater_than": "It must be more than {gt}.",
    "greater_than_equal": "It must be at least {ge}.",
    "less_than_equal": "It must be at most {le}.",
    "tuple_type": "Write a list here: lines that begin with a dash, or [one, two].",
    "value_error": "{reason}.",
}
KINDS_OF_VALUES = {
    "int": "Write a whole number.",
    "bool": "Write true or false.",
    "date": "Write a date such as 2026-09-10.",
    "dict": "Write keys with their values here.",
    "model": "Write keys with their values here.",
}


def _problem(error: Any, lines: Mapping[Path, int]) -> Problem:
    """A sentence for one of pydantic's errors."""
    kind, context = error["type"], error.get("ctx", {})
    where = tuple(part for part in error["loc"] if part != "[key]")
    if kind == "invalid_key":
        where = (*where[:-1], str(where[-1]))
    sentence = SENTENCES.get(kind) or KINDS_OF_VALUES.get(kind.split("_")[0]) or f"{error['msg']}."
    values = {**context, "input": error.get("input"), "reason": str(context.get("error", "")).capitalize()}
    return Problem(_line(lines, where), _key(where), sentence.format(**values))
