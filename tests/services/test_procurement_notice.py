"""The notice in a procurement portal: its address from its number, and no address that a browser should not open."""

from __future__ import annotations

import pytest

from civflow.services.challenges.procurement_notice import Notice, notice, why_no_notice

PCS = "https://www.publiccontractsscotland.gov.uk/search/show/search_view.aspx?ID=MAY414901"
FTS = "https://www.find-tender.service.gov.uk/Notice/012345-2026"


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", None),
        ("MAY414901", Notice("MAY414901", PCS, "Public Contracts Scotland")),
        ("012345-2026", Notice("012345-2026", FTS, "Find a Tender")),
        ("2026/S 000-012345", Notice("2026/S 000-012345", FTS, "Find a Tender")),
        ("Lot 3", Notice("Lot 3", "", "")),
        (f"Lot 3 {FTS}", Notice("Lot 3", FTS, "Find a Tender")),
    ],
)
def test_a_notice_leads_to_its_page(typed, found):
    assert (notice(typed), why_no_notice(typed)) == (found, "")


@pytest.mark.parametrize(
    "typed",
    [
        "javascript:alert(1)",
        "JAVASCRIPT://x.org/%0aalert(1)",
        "data:text/html,x",
        "ftp://example.org/n",
        "//example.org/n://",
        "https://",
        "https://me:secret@example.org/",
        "http://localhost",
        "https://[::1",
        "www.example.org/n",
        "https://www.example.org/n?id=3",
        "https://find-tender.service.gov.uk.example.org/",
        FTS.replace("https", "http"),
        "https://www.find-tender.service.gov.uk:8443/",
        "https://www.find-tender.service.gov.uk\\.example.org/",
    ],
)
def test_an_address_that_a_browser_should_not_open_is_refused(typed):
    sentence = (
        "Write the number of the notice, or the whole address of its page at www.publiccontractsscotland.gov.uk or "
        "www.find-tender.service.gov.uk, beginning with https://."
    )
    assert why_no_notice(typed) == sentence
    assert notice(typed).link == ""


def test_one_page_is_named():
    assert why_no_notice(f"{PCS} {FTS}") == "Name one page: there are several addresses here."
