"""The list of features: its order and needs are those of the imports, and what is wrong with it ends a start in a sentence."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType

import grimp
import pytest

from civflow import create_app, features
from civflow.cli import main
from civflow.features import FEATURES, PARTS, Feature, FeatureError, check, load
from civflow.services.engine.effects import check_names, fixed, registered
from civflow.services.engine.facts import facts
from civflow.services.jobs.job import kinds
from civflow.services.notifications.letters import worded
from civflow.services.records.preview import previewers
from civflow.services.records.waiting import sayings, says

ROOT = Path(__file__).parents[1]
SERVICES = ROOT / "civflow" / "services"
ORDER = ["formatting", *(feature.name for feature in FEATURES)]

# Who imports a module that `features.py` loads, beside its own feature and the same part of a feature above it.
EXCEPTIONS = {
    # The outbox hides from a lead what is sealed from them: in SQL, of all messages, what the fact says of one.
    ("civflow.web.notifications", "civflow.services.notifications.facts"),
    # Whoever plays, tests or embeds the worker runs a job without waiting for its time.
    ("civflow.demonstration.run", "civflow.services.documents.jobs"),
    ("civflow.demonstration.run", "civflow.services.notifications.jobs"),
}


@cache
def imports() -> list[tuple[str, str]]:
    """(Importer, imported) of every two modules of civflow; an import for types alone is none."""
    graph = grimp.build_graph("civflow", exclude_type_checking_imports=True, cache_dir=None)
    return [(one, other) for one in sorted(graph.modules) for other in graph.find_modules_directly_imported_by(one)]


def package(module: str) -> str:
    """The package of services that a module is in, or nothing for one that is elsewhere."""
    return module.removeprefix("civflow.services.").partition(".")[0] if module.startswith("civflow.services.") else ""


def between_packages() -> list[tuple[str, str]]:
    found = ((package(one), package(other)) for one, other in imports())
    return [(one, other) for one, other in found if one and other and one != other]


# The order


def test_services_are_a_package_for_each_feature_and_at_most_three_files():
    here = [path for path in SERVICES.iterdir() if path.name != "__pycache__"]

    assert {path.name for path in here if path.is_dir()} == {feature.name for feature in FEATURES}
    assert sorted(path.name for path in here if not path.is_dir()) == ["__init__.py", "formatting.py"]


def test_no_package_of_services_imports_one_that_stands_after_it():
    upward = {(one, other) for one, other in between_packages() if ORDER.index(one) < ORDER.index(other)}

    assert upward == set()


def test_a_feature_needs_the_features_that_its_package_imports():
    used = {name: {other for one, other in between_packages() if one == name} - {"formatting"} for name in ORDER}

    assert {feature.name: set(feature.needs) for feature in FEATURES} == {
        feature.name: used[feature.name] for feature in FEATURES
    }
    for feature in FEATURES:
        assert list(feature.needs) == sorted(feature.needs, key=ORDER.index), feature.name


# What the list loads


def listed() -> dict[str, tuple[str, str]]:
    """Module -> its feature and its part, of everything that the list names in services."""
    return {
        f"{feature.root}.{where.folder}.{module}": (feature.name, part)
        for part, where in PARTS.items()
        if where.folder == "services"
        for feature in FEATURES
        for module in getattr(feature, part)
    }


def test_only_the_list_loads_what_features_declare():
    """But for a feature's own modules, and for a part that builds on the same part of a feature below."""
    known = listed()
    wrong = {
        (one, other)
        for one, other in imports()
        if other in known and package(one) != known[other][0] and known.get(one, ("", ""))[1] != known[other][1]
    }

    assert wrong == EXCEPTIONS
    assert len(known) > 30


def test_every_module_that_bears_the_name_of_a_part_is_listed():
    names = {part for part, where in PARTS.items() if where.folder == "services"}
    files = [path for path in SERVICES.glob("*/*.py") if path.stem in names]
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files}

    assert modules - {"civflow.services.engine.effects", "civflow.services.engine.facts"} <= set(listed())
    assert len(files) > 20


# What is wrong with the list


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ((Feature("hubs"), Feature("hubs")), "two features are called “hubs”."),
        ((Feature("hubs", needs=("people",)),), "“hubs” needs “people”, and there is no such feature."),
        (
            (Feature("hubs", needs=("people",)), Feature("people")),
            "“hubs” needs “people”, which stands after it; move it before.",
        ),
        ((Feature("hubs", needs=("hubs",)),), "“hubs” needs “hubs”, which stands after it; move it before."),
    ],
)
def test_a_list_that_contradicts_itself_is_refused_with_the_place(wrong, sentence):
    with pytest.raises(FeatureError) as refused:
        check(wrong)
    assert str(refused.value) == f"civflow/features.py: {sentence}"


def test_a_list_in_order_is_not_refused():
    check((Feature("people"), Feature("hubs", needs=("people",))))


LACKING = [
    ("facts", "hubs.facts", "civflow.services.hubs.facts among its facts, and there is no such module."),
    ("facts", "teams.fact", "civflow.services.teams.fact among its facts, and there is no such module."),
    ("facts", "teams.teams", "civflow.services.teams.teams among its facts, and that has no FACTS."),
    (
        "revoked",
        "teams.facts",
        "civflow.services.teams.facts among its revoked, and that has no function “role_taken_back”.",
    ),
    ("jobs", "jobs.queue", "civflow.services.jobs.queue among its jobs, and that has no JOBS."),
    ("words", "teams.facts", "civflow.services.teams.facts among its words, and that has no function marked @words."),
    ("names", "teams.facts", "civflow.services.teams.facts among its names, and that has no NAMES."),
    ("previews", "teams.facts", "civflow.services.teams.facts among its previews, and that has no PREVIEWS."),
    (
        "home",
        "dashboards.tasks",
        "civflow.services.dashboards.tasks among its home, and that has no function “dashboard”.",
    ),
    (
        "effects",
        "teams.facts",
        "civflow.services.teams.facts among its effects, and that has no function marked @effect.",
    ),
    (
        "audiences",
        "notifications.registry",
        "civflow.services.notifications.registry among its audiences, and that has no function marked @audience.",
    ),
    (
        "fixes",
        "audit.verify",
        "civflow.services.audit.verify among its fixes, and that has no function marked @fixed.",
    ),
    ("lines", "teams.facts", "civflow.services.teams.facts among its lines, and that has no function marked @says."),
    ("pages", "rules", "civflow.workflows.rules among its pages, and that has no Workflow."),
    ("views", "shared.htmx", "civflow.web.shared.htmx among its views, and that has no blueprint."),
]


@pytest.mark.parametrize(("part", "module", "sentence"), LACKING)
def test_a_module_that_is_missing_or_lacks_what_its_part_must_have_is_refused_with_the_place(part, module, sentence):
    with pytest.raises(FeatureError) as refused:
        list(load([Feature("hubs", **{part: (module,)})], part))
    assert str(refused.value) == f"civflow/features.py: “hubs” names {sentence}"


def test_each_part_says_what_its_modules_must_have():
    assert {part for part, _, _ in LACKING} == set(PARTS)


def test_a_module_whose_own_import_is_missing_is_no_fault_of_the_list(tmp_path, monkeypatch):
    (tmp_path / "lame.py").write_text("import a_library_that_nobody_has\n", "utf-8")
    monkeypatch.setattr("civflow.services.__path__", [str(tmp_path)])

    with pytest.raises(ModuleNotFoundError, match="a_library_that_nobody_has"):
        list(load([Feature("hubs", facts=("lame",))], "facts"))


Change = Callable[..., None]


@pytest.fixture
def the_list(monkeypatch):
    """Changes the list that civflow loads from, while a test lasts."""

    def change(*new: Feature) -> None:
        monkeypatch.setattr(features, "FEATURES", new)
        features.modules.cache_clear()

    yield change
    features.modules.cache_clear()


@pytest.mark.parametrize(
    ("again", "collect", "sentence"),
    [
        (
            {"effects": ("teams.effects",)},
            registered,
            r"civflow\.services\.teams\.effects: “\w+” stands twice among the effects\.",
        ),
        (
            {"facts": ("teams.facts",)},
            facts,
            r"civflow\.services\.teams\.facts: the fact “\w+” of \w+ is named twice\.",
        ),
        (
            {"audiences": ("teams.audiences",)},
            registered,
            r"civflow\.services\.teams\.audiences: “\w+” stands twice among the audiences\.",
        ),
        (
            {"fixes": ("audit.fixed",)},
            registered,
            r"civflow\.services\.audit\.fixed: “\w+” stands twice among the fixes\.",
        ),
        (
            {"words": ("questions.words",)},
            worded,
            r"civflow\.services\.questions\.words: “\w+” stands twice among the words\.",
        ),
        (
            {"previews": ("challenges.previews",)},
            previewers,
            r"civflow\.services\.challenges\.previews: “challenge”, “\w+” stands twice among the previews\.",
        ),
        (
            {"lines": ("questions.lines",)},
            sayings,
            r"civflow\.services\.questions\.lines: “\w+” stands twice among the lines\.",
        ),
        ({"jobs": ("people.jobs",)}, kinds, r"civflow\.services\.people\.jobs: “purge” stands twice among the jobs\."),
    ],
)
def test_two_of_one_name_are_refused_with_the_place(the_list: Change, again, collect, sentence):
    the_list(*FEATURES, Feature("again", **again))
    with pytest.raises(FeatureError) as refused:
        collect.__wrapped__()
    assert re.fullmatch(sentence, str(refused.value)), refused.value


@pytest.mark.parametrize(
    ("part", "collect", "declares", "sentence"),
    [
        (
            "previews",
            previewers,
            {"PREVIEWS": {("gate", "relaese"): None}},
            "previews: the handbook has no step “relaese” of a gate.",
        ),
        (
            "previews",
            previewers,
            {"PREVIEWS": {("gat", "release"): None}},
            "previews: the handbook has no step “release” of a gat.",
        ),
        (
            "previews",
            previewers,
            {"PREVIEWS": {("gate", "leave_*"): None}},
            "previews: the handbook has no step “leave_*” of a gate.",
        ),
    ],
)
def test_previews_of_a_step_that_there_is_not_are_refused(monkeypatch, part, collect, declares, sentence):
    module = ModuleType("here")
    vars(module).update(declares)
    monkeypatch.setattr(features, "modules", lambda asked: (module,) if asked == part else ())

    with pytest.raises(FeatureError) as refused:
        collect.__wrapped__()

    assert str(refused.value) == sentence


def test_a_line_of_which_nobody_says_what_its_page_names_is_refused(monkeypatch):
    monkeypatch.setattr(features, "modules", lambda part: ())

    with pytest.raises(FeatureError) as refused:
        sayings.__wrapped__()

    assert str(refused.value) == "challenge, state 'draft': no service says “why_it_is_to_be_sent”."


def test_a_line_that_is_told_with_a_fact_that_its_page_has_not_is_refused(monkeypatch):
    module = ModuleType("here")

    @says(needs=("moon",))
    def why_it_is_to_be_sent(session, cases, now):
        return None

    why_it_is_to_be_sent.__module__, module.why = "here", why_it_is_to_be_sent
    monkeypatch.setattr(features, "modules", lambda part: (module,) if part == "lines" else ())

    with pytest.raises(FeatureError) as refused:
        sayings.__wrapped__()

    sentence = "challenge, state 'draft': “why_it_is_to_be_sent” needs the fact “moon”, and the page has none."
    assert str(refused.value) == sentence


@fixed
def the_moon(session, rows):
    return []


@pytest.mark.parametrize(
    ("more", "less", "sentence"),
    [
        ({"the_moon": the_moon}, (), "tests.test_features: no step of the handbook fixes “the_moon”."),
        ({}, ("the_agreement",), "agreement.issue: it fixes “the_agreement”, and no service declares that."),
    ],
)
def test_what_the_history_keeps_is_declared_and_named_on_both_sides(more, less, sentence):
    known = {name: function for name, function in registered().fixed.items() if name not in less}

    with pytest.raises(FeatureError) as refused:
        check_names("fixes", {**known, **more}, lambda step: step.fixes)

    assert str(refused.value) == sentence


FAULTS = {
    "two features with one name": (
        (*FEATURES, Feature("health")),
        "civflow/features.py: two features are called “health”.",
    ),
    "one that needs a later one": (
        (replace(FEATURES[0], needs=("engine",)), *FEATURES[1:]),
        "civflow/features.py: “jobs” needs “engine”, which stands after it; move it before.",
    ),
    "a module that is missing": (
        (*FEATURES, Feature("hubs", jobs=("hubs.jobs",))),
        "civflow/features.py: “hubs” names civflow.services.hubs.jobs among its jobs, and there is no such module.",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("command", ["serve", "worker", "tick", "demo", "demo --once", "handbook check"])
def test_no_command_begins_its_work_with_a_wrong_list(the_list: Change, monkeypatch, tmp_path, capsys, command, fault):
    new, sentence = FAULTS[fault]
    the_list(*new)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CIVFLOW_DEMONSTRATION", "1")
    monkeypatch.setattr(sys, "argv", ["civflow", *command.split()])

    with pytest.raises(SystemExit) as ended:
        main()

    assert (ended.value.code, capsys.readouterr()) == (1, ("", f"{sentence}\n"))
    assert list(tmp_path.rglob("*.db")) == []


@pytest.mark.parametrize("command", ["serve", "demo", "handbook check"])
def test_no_command_that_serves_pages_begins_with_a_view_that_is_none(
    the_list: Change, monkeypatch, tmp_path, capsys, command
):
    the_list(*FEATURES, Feature("hubs", views=("shared.htmx",)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CIVFLOW_DEMONSTRATION", "1")
    monkeypatch.setattr(sys, "argv", ["civflow", *command.split()])

    with pytest.raises(SystemExit) as ended:
        main()

    named = "civflow/features.py: “hubs” names civflow.web.shared.htmx among its views"
    assert (ended.value.code, capsys.readouterr()) == (1, ("", f"{named}, and that has no blueprint.\n"))


BROKEN_PAGE = """
from civflow.models import Round
from civflow.workflows.engine import State, Step, Workflow
from civflow.workflows.rules import anyone_signed_in

hub = Workflow(
    "hub", Round, checks_states=False, states=[State("planned", "A sentence.")],
    steps=[Step("open", "planned", "opened", by=anyone_signed_in, label="Open", says="It opens.")],
)
"""


@pytest.mark.parametrize(
    ("file", "part", "text", "sentence"),
    [
        ("workflows", "pages", BROKEN_PAGE, "hub.open: there is no state 'opened'."),
        (
            "services",
            "facts",
            "",
            "civflow/features.py: “hubs” names civflow.services.hubs among its facts, and that has no FACTS.",
        ),
    ],
)
def test_a_process_that_starts_with_a_wrong_feature_ends_in_one_sentence(tmp_path, file, part, text, sentence):
    (tmp_path / "hubs.py").write_text(text, "utf-8")
    start = (
        "import civflow.services, civflow.workflows\n"
        "from civflow import features\n"
        f"civflow.{file}.__path__.append({str(tmp_path)!r})\n"
        f"features.FEATURES += (features.Feature('hubs', {part}=('hubs',)),)\n"
        "from civflow.cli import main\n"
        "main()\n"
    )
    said = python(start, "handbook", "check")

    assert (said.returncode, said.stdout, said.stderr) == (1, "", f"{sentence}\n")


def python(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    """A new process that runs this code, as `civflow WORDS` would be called."""
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


# What a command does not load


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_a_command_that_needs_no_feature_loads_none(option):
    code = (
        "import sys\n"
        "from civflow.cli import main\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    print(*sys.modules, file=sys.stderr)\n"
    )
    said = python(code, option)
    heavy = re.compile(
        r"civflow\.services\.\w+(\..*)?|civflow\.web.*|civflow\.worker|civflow\.workflows\.handbook"
        r"|flask|dbos|weasyprint|ortools|numpy|alembic"
    )
    loaded = said.stderr.split()

    assert said.returncode == 0
    assert "civflow.cli.running" in loaded
    assert [name for name in loaded if heavy.fullmatch(name)] == ["civflow.services.formatting"]


def test_a_web_server_that_makes_the_app_itself_ends_with_the_sentence(the_list: Change, engine, settings):
    the_list(*FEATURES, Feature("hubs", views=("hub",)))
    with pytest.raises(SystemExit) as ended:
        create_app(settings, engine=engine)
    assert (
        str(ended.value)
        == "civflow/features.py: “hubs” names civflow.web.hub among its views, and there is no such module."
    )
