"""Documents: valid PDF/UA, the same bytes for the same data, closed to the outside, and made once."""

from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import page
import pypdf
import pytest
from sqlmodel import Session

from civflow.models import Document
from civflow.services.documents import filters
from civflow.services.documents import render as rendering
from civflow.services.documents import store as documents
from civflow.services.documents.pool import Order, Printer, PrintRoom
from civflow.services.documents.printed import KEPT, forget, print_once
from civflow.services.documents.render import CannotRender, render
from civflow.settings import Settings
from tests.services.documents_data import EXAMPLES, LETTER, RECEIPT

KINDS = sorted(EXAMPLES)
DATES = {
    "closes_at",
    "debrief_until",
    "due_at",
    "ends_at",
    "opens_at",
    "released_at",
    "sealed_until",
    "standstill_ends_at",
}
CHOSEN = DATES | {"dates_as_on", "decision", "kind", "own", "starts_at", "submitted_at", "winner", "zone"}
HTML = (
    '<img src="file:///etc/passwd"><img src="http://127.0.0.1:9/x.png"><script>1</script></style>'
    "<style>body{background:url(http://127.0.0.1:9/)}</style> ![x](http://127.0.0.1:9/x.png)\n\n"
    "# A heading\n\n### Another\n\n1. one\n2. two\n\n> said\n\n    code"
)
SCRIPTS = "مرحبا שלום 🚀 👩\u200d💻 中村さん हिन्दी Z\u0337\u0322a \x00\x07\u202eback\u202c \ue000 Ǻ"
FONTS = rendering.STATIC.as_uri() + "/fonts/"


def text_of(pdf: bytes) -> str:
    """The words of a PDF with single spaces between them."""
    pages = (page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    return " ".join(" ".join(pages).split())


def failures_of(pdf: bytes) -> list[str]:
    report = page.validate_pdf_bytes(pdf, profile="ua1")
    return [f"{failure.rule_id}: {failure.message}" for failure in report.failures]


def filled(value: Any, words: str) -> Any:
    """The same data with other words wherever people write them."""
    if isinstance(value, dict):
        return {key: inner if key in CHOSEN else filled(inner, words) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, words) for inner in value]
    return words if isinstance(value, str) else value


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_is_valid_pdf_ua(kind: str) -> None:
    assert failures_of(render(kind, EXAMPLES[kind])) == []


@pytest.mark.parametrize("kind", KINDS)
def test_equal_data_make_equal_bytes_in_another_process_too(kind: str) -> None:
    printer = Printer()
    try:
        assert (
            printer.print(Order(kind, EXAMPLES[kind])) == render(kind, EXAMPLES[kind]) == render(kind, EXAMPLES[kind])
        )
    finally:
        printer.close()


@pytest.mark.parametrize("kind", KINDS)
def test_fonts_are_embedded_and_title_and_language_are_set(kind: str) -> None:
    reader = pypdf.PdfReader(io.BytesIO(render(kind, EXAMPLES[kind])))
    fonts = {
        descendant.get_object()["/FontDescriptor"].get_object().get("/FontFile3") is not None
        or descendant.get_object()["/FontDescriptor"].get_object().get("/FontFile2") is not None
        for sheet in reader.pages
        for font in sheet["/Resources"]["/Font"].values()
        for descendant in font.get_object()["/DescendantFonts"]
    }
    assert fonts == {True}
    assert reader.trailer["/Root"]["/Lang"] == "en-GB"
    assert reader.metadata is not None
    assert EXAMPLES[kind]["reference"] in (reader.metadata.title or "")
    assert reader.metadata.creation_date is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "words",
    ["", "   ", "Donaudampfschifffahrtsgesellschaft" * 4, HTML, SCRIPTS],
    ids=["empty", "blank", "long", "html", "scripts"],
)
def test_hostile_words_make_a_valid_document(kind: str, words: str, opened: list[str]) -> None:
    pdf = render(kind, filled(EXAMPLES[kind], words))
    assert failures_of(pdf) == []
    assert [url for url in opened if not url.startswith(("data:image/svg+xml", FONTS))] == []


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every address that the fetcher really opens."""
    from weasyprint.urls import URLFetcher  # noqa: PLC0415 - heavy

    seen: list[str] = []
    really = URLFetcher.fetch

    def watch(self: Any, url: str, headers: Any = None) -> Any:
        seen.append(url)
        return really(self, url, headers)

    monkeypatch.setattr(URLFetcher, "fetch", watch)
    return seen


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "FILE:///etc/passwd",
        "http://127.0.0.1:9/",
        "https://127.0.0.1:9/",
        "ftp://a/b",
        f"file://{rendering.STATIC}/../settings.py",
        f"file://{rendering.STATIC}/%2e%2e/settings.py",
    ],
)
def test_the_fetcher_opens_nothing_outside(url: str) -> None:
    with pytest.raises(ValueError, match=r"may not open|disallowed protocol"):
        rendering.closed_fetcher(rendering.STATIC).fetch(url)


def test_the_fetcher_opens_our_own_files_and_data() -> None:
    fetcher = rendering.closed_fetcher(rendering.STATIC)
    assert fetcher.fetch((rendering.STATIC / "documents.css").as_uri()).read().startswith(b"/*")
    assert fetcher.fetch("data:text/plain,words").read() == b"words"


def test_a_receipt_gives_back_what_was_sent_word_for_word() -> None:
    text = text_of(render("receipt", RECEIPT))
    for answer in RECEIPT["answers"]:
        assert f"{answer['title']} {' '.join(answer['words'].split()) or 'No answer.'}" in text
    assert "It reached us on Tuesday 10 September 2024, 11:41am (UK time)." in text
    assert RECEIPT["content_hash"] in text.replace(" ", "")


def test_what_people_type_is_printed_and_not_obeyed() -> None:
    words = '<b>bold</b> & "quoted" {{ 7*7 }} *stars*'
    text = text_of(render("receipt", {**RECEIPT, "answers": [{"title": "Idea", "words": words}]}))
    assert text.partition("word for word Idea ")[2].startswith(words)


def test_a_letter_gives_what_section_32_asks_for() -> None:
    text = text_of(render("outcome_letter", LETTER))
    for criterion, own in (
        ("Solves the challenge", "2.7"),
        ("Innovation", "3.3"),
        ("Commercial potential", "1.7"),
    ):
        weight = next(c["weight"] for c in LETTER["criteria"] if c["title"] == criterion)
        assert f"{criterion} {weight} {own} " in text
    assert "Corncrake Labs Hedgerow Data Field Notes Solves the challenge 40 2.7 3.7 3.3 3.3" in text
    assert "Total 68.4 84.1 80.9 77.5" in text
    assert "It came 4th of 6 applications, with 68.4 points out of 100; 3 applications go on." in text
    assert "Until Wednesday 13 November 2024 you may ask in writing" in text
    for reason in LETTER["reasons"]:
        assert reason["words"] in text


@pytest.mark.parametrize(
    ("decision", "headline"),
    [
        ("selected", "Your team has been selected"),
        ("goes_on", "Your team goes on"),
        ("reserve", "Your team is in reserve"),
        ("not_selected", "Your team does not go on"),
    ],
)
def test_a_letter_says_the_decision_first(decision: str, headline: str) -> None:
    ahead = decision in ("selected", "goes_on")
    winners = [{**LETTER["winners"][0], "team": "Meadowlark"}] if ahead else LETTER["winners"]
    data = {
        **LETTER,
        "decision": decision,
        "winners": winners,
        "debrief_until": None if ahead else LETTER["debrief_until"],
        "ahead": ["“Exploration” runs from Monday to Friday."] if ahead else [],
    }
    pdf = render("outcome_letter", data)
    assert failures_of(pdf) == []
    assert f"For NatureScot Ailsa MacLeod Meadowlark {headline} Dear Ailsa MacLeod," in text_of(pdf)
    parts = re.findall("What comes next|What you can do next", text_of(pdf))
    assert parts == (["What comes next"] if ahead else ["What you can do next"] if decision == "not_selected" else [])


def test_a_letter_with_many_winners_lists_each_with_its_scores() -> None:
    winners = [{**LETTER["winners"][0], "team": f"Team {n}", "total": f"{90 - n}.0"} for n in range(6)]
    pdf = render("outcome_letter", {**LETTER, "winners": winners, "going_on": 6})
    assert failures_of(pdf) == []
    for winner in winners:
        assert f"{winner['team']} 3.7 3.3 2.7 4.0 {winner['total']}" in text_of(pdf)


def test_an_agreement_names_who_signed_and_when() -> None:
    unsigned = text_of(render("agreement", EXAMPLES["agreement"]))
    assert "The team Not signed yet, for Corncrake Laboratories Ltd" in unsigned
    assert "Price £5,000 excluding VAT" in unsigned
    assert "Read this before you sign." in unsigned
    signatures = [
        {"side": "team", "name": "Morag Sinclair", "signed_at": "2024-11-08T16:20:00+00:00"},
        {"side": "sponsor", "name": "Iain Ross", "signed_at": "2024-11-11T10:00:00+00:00"},
    ]
    signed = text_of(render("agreement", {**EXAMPLES["agreement"], "signatures": signatures, "text_hash": "4f" * 32}))
    assert "The team Morag Sinclair, for Corncrake Laboratories Ltd Friday 8 November 2024, 4:20pm (UK time)" in signed
    assert "The sponsor Iain Ross, for NatureScot Monday 11 November 2024, 10am (UK time)" in signed
    assert "4f" * 32 in signed.replace(" ", "")
    assert "Begins Monday 11 November 2024 Ends At the end of Friday 29 November 2024" in signed
    assert [words for words in ("before you sign", "lawyers", "Not signed yet") if words in signed] == []


@pytest.mark.parametrize(
    ("stage", "purpose"),
    [
        (
            {"kind": "work", "sprint_weeks": None},
            "It is not a promise of a further stage, of a contract, or of any purchase.",
        ),
        ({"kind": "work", "sprint_weeks": 2}, "It is not a promise of a contract or of any purchase."),
        ({"kind": "award", "sprint_weeks": None}, "It is not a promise that anything more is bought when it ends."),
    ],
)
def test_the_terms_fit_the_kind_of_stage(stage, purpose) -> None:
    assert purpose in text_of(render("agreement", {**EXAMPLES["agreement"], **stage}))


def test_the_terms_speak_of_deliverables_only_where_some_are_listed() -> None:
    listed = text_of(render("agreement", EXAMPLES["agreement"]))
    bare = text_of(render("agreement", {**EXAMPLES["agreement"], "deliverables": []}))
    sentences = (
        "It delivers what is listed above",
        "once its deliverables have been accepted",
        "looks at each deliverable",
    )
    assert [sentence for sentence in sentences if sentence not in listed] == []
    assert [sentence for sentence in sentences if sentence in bare] == []


def test_a_brief_gives_dates_money_criteria_and_the_address_to_apply_at() -> None:
    pdf = render("challenge_brief", EXAMPLES["challenge_brief"], base_url="https://civflow.example.scot")
    text = text_of(pdf)
    assert "Worth up to £650,000 excluding VAT" in text
    assert "Closes Tuesday 10 September 2024, 12 noon (UK time)" in text
    assert "version 2 of the text, dates as on Wednesday 14 August 2024" in text
    assert "Sift 10 Sep 2024 to 24 Sep 2024 up to 6" in text
    assert "0 (not answered), 1 (weak), 2 (fair), 3 (good), 4 (very good)" in text
    assert "Solves the challenge 40 The idea would change what the challenge describes." in text
    links = {
        note.get_object()["/A"]["/URI"]
        for sheet in pypdf.PdfReader(io.BytesIO(pdf)).pages
        for note in sheet.get("/Annots", [])
    }
    assert links == {
        "https://civflow.example.scot/challenges/biodiversity-on-the-farm/apply",
        "https://example.org/challenges/10.1",
    }


def test_only_web_addresses_become_links() -> None:
    data = {**EXAMPLES["challenge_brief"], "source_url": "javascript:alert(1)"}
    assert 'href="javascript' not in rendering.html("challenge_brief", data)
    assert "javascript:alert(1)" in text_of(render("challenge_brief", data))


def test_a_character_that_no_font_has_is_named() -> None:
    text = text_of(render("receipt", {**RECEIPT, "team": "Team 🚀 中"}))
    assert "Team Team [rocket] [U+4E2D]" in text


def test_missing_data_are_a_sentence() -> None:
    with pytest.raises(CannotRender, match=r"^The data of this document is not complete: 'reference' is undefined\.$"):
        render("receipt", {})


def test_without_pango_a_sentence_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "weasyprint.py").write_text('raise OSError("cannot load library libpango-1.0-0")')
    code = (
        "from tests.services.documents_data import RECEIPT\n"
        "from civflow.services.documents.render import render, CannotRender\n"
        "try: render('receipt', RECEIPT)\n"
        "except CannotRender as failed: print(failed)"
    )
    path = f"{tmp_path}:{Path(__file__).parents[2]}"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == rendering.NO_PANGO


def test_people_may_write_commonmark_in_a_section_and_nothing_more() -> None:
    written = filters.prose("# Big\n\n**bold** [link](http://a/b) ![p](http://a/p.png)\n\n- one\n\n<b>raw</b>")
    assert written == (
        '<p class="heading">Big</p>\n<p><strong>bold</strong> [link](http://a/b) ![p](http://a/p.png)</p>\n'
        "<ul>\n<li>one</li>\n</ul>\n<p>&lt;b&gt;raw&lt;/b&gt;</p>\n"
    )


def ask(session: Session, now: datetime, key: str = "receipt-1", **data: Any) -> Document:
    return documents.ask(
        session,
        kind="receipt",
        key=key,
        title="Receipt 10.1-017",
        workflow="application",
        record_id=17,
        data={**RECEIPT, **data},
        now=now,
    )


def test_asking_twice_is_one_document(session: Session, now: datetime) -> None:
    first, second = ask(session, now), ask(session, now + timedelta(hours=1), team="Another")
    assert (first.id, first.data["team"]) == (second.id, "Meadowlark")
    assert (first.made_at, first.path, first.asked_at) == (None, "", now)


def test_an_unknown_kind_cannot_be_asked_for(session: Session, now: datetime) -> None:
    with pytest.raises(ValueError, match="There is no kind of document called poster"):
        documents.ask(session, kind="poster", key="p", title="P", workflow="round", record_id=1, data={}, now=now)


def test_a_document_is_made_once_and_kept_by_its_hash(session: Session, settings: Settings, now: datetime) -> None:
    document = ask(session, now)
    made = documents.make(session, document.id or 0, files=settings.files, now=now)
    pdf = documents.read(made, files=settings.files)
    assert pdf == render("receipt", RECEIPT)
    assert (made.size, made.content_hash) == (len(pdf), hashlib.sha256(pdf).hexdigest())
    assert re.fullmatch(r"documents/[0-9a-f]{2}/[0-9a-f]{64}\.pdf", made.path)
    later = now + timedelta(days=1)
    assert documents.make(session, document.id or 0, files=settings.files, now=later).made_at == now
    assert documents.keep(session, document, b"another", files=settings.files, now=later) is False
    assert document.made_at == now


def test_documents_wait_in_the_order_in_which_they_were_asked_for(session: Session, now: datetime) -> None:
    assert not documents.are_waiting(session)
    first, second, third = (ask(session, now, key=f"receipt-{n}") for n in range(3))
    assert documents.are_waiting(session)
    assert documents.waiting(session, limit=2) == [first, second]
    assert documents.waiting(session, limit=5, leave_out=[first.id or 0]) == [second, third]
    assert documents.waiting(session, only=[first.id or 0, third.id or 0]) == [first, third]
    assert documents.waiting(session, only=[]) == []


def test_as_many_come_first_as_were_asked_for_before_and_are_not_made(
    session: Session, settings: Settings, now: datetime
) -> None:
    first, second, third = (ask(session, now, key=f"receipt-{n}") for n in range(3))
    assert [documents.ahead_of(session, document) for document in (first, second, third)] == [0, 1, 2]
    documents.keep(session, second, b"%PDF", files=settings.files, now=now)
    assert documents.ahead_of(session, third) == 1


def test_a_changed_file_is_noticed(session: Session, settings: Settings, now: datetime) -> None:
    made = documents.make(session, ask(session, now).id or 0, files=settings.files, now=now)
    (settings.files / made.path).write_bytes(b"%PDF-1.7 something else")
    with pytest.raises(ValueError, match=f"The file of document {made.id} is not the one that was made"):
        documents.read(made, files=settings.files)


# Printed once


def known(files: Path) -> list[Path]:
    return sorted((files / "printed").iterdir())


def test_what_was_printed_before_is_not_printed_again(tmp_path: Path) -> None:
    pdf = print_once("receipt", RECEIPT, base_url="", files=tmp_path)
    assert pdf == render("receipt", RECEIPT)
    [mark] = known(tmp_path)
    assert mark.read_text() == hashlib.sha256(pdf).hexdigest()

    mark.write_text(kept := hashlib.sha256(b"%PDF as it was printed").hexdigest())
    documents.store(b"%PDF as it was printed", kept, tmp_path)
    printer = Printer()
    try:
        order = Order("receipt", RECEIPT, "", str(tmp_path))
        assert printer.print(order) == b"%PDF as it was printed"
        assert printer.print(order._replace(data={**RECEIPT, "team": "Another"})) != pdf
        assert printer.print(order._replace(files="")) == pdf
    finally:
        printer.close()
    assert len(known(tmp_path)) == 2


@pytest.mark.parametrize("harm", ["lost", "changed"])
def test_a_kept_pdf_that_is_lost_or_changed_is_printed_again(tmp_path: Path, harm: str) -> None:
    pdf = print_once("receipt", RECEIPT, base_url="", files=tmp_path)
    path = tmp_path / documents.store(pdf, hashlib.sha256(pdf).hexdigest(), tmp_path)
    path.unlink() if harm == "lost" else path.write_bytes(pdf + b"!")
    assert print_once("receipt", RECEIPT, base_url="", files=tmp_path) == pdf


def test_what_nobody_has_printed_for_a_month_is_forgotten_and_its_pdf_stays(tmp_path: Path, now: datetime) -> None:
    pdf = print_once("receipt", RECEIPT, base_url="", files=tmp_path)
    path = tmp_path / documents.store(pdf, hashlib.sha256(pdf).hexdigest(), tmp_path)
    [mark] = known(tmp_path)
    os.utime(mark, ((now - KEPT).timestamp(),) * 2)
    assert (forget(tmp_path, now=now), forget(tmp_path, now=now + timedelta(seconds=1))) == (0, 1)
    assert (known(tmp_path), path.read_bytes()) == ([], pdf)
    assert forget(tmp_path / "nothing", now=now) == 0


def test_printers_answer_in_order_and_one_failure_stops_nobody() -> None:
    room = PrintRoom(2)
    try:
        orders = Order("receipt", RECEIPT), Order("receipt", {}), Order("outcome_letter", LETTER)
        answers = [printed.result() for printed in [room.begin(order) for order in orders]]
    finally:
        room.close()
    assert answers[0] == render("receipt", RECEIPT)
    assert str(answers[1]) == "The data of this document is not complete: 'reference' is undefined."
    assert answers[2] == render("outcome_letter", LETTER)


def test_a_killed_printer_is_replaced() -> None:
    printer = Printer()
    try:
        first = printer.print(Order("receipt", RECEIPT))
        assert printer._child is not None
        printer._child.kill()
        printer._child.wait()
        assert printer.print(Order("receipt", RECEIPT)) == first
    finally:
        printer.close()
