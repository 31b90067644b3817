"""A challenge in the words of schema.org, for search engines: what a public body wants, until when, for how much."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from civflow.services.challenges.public_page import Publication
from civflow.web.shared.current import settings


def structured(found: Publication) -> dict[str, Any]:
    """The challenge as schema.org's Demand: a public body says publicly what it wants, until when, for how much."""
    challenge, page = found.challenge, f"{settings().base_url}/challenges/{found.challenge.slug}"
    offered = {
        "@type": "PriceSpecification",
        "maxPrice": challenge.money_pounds,
        "priceCurrency": "GBP",
        "valueAddedTaxIncluded": not found.programme.money_excludes_vat,
    }
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Demand",
        "@id": page,
        "url": page,
        "name": challenge.title,
        "description": challenge.question,
        "identifier": challenge.reference,
        "areaServed": challenge.place,
        "validFrom": _iso(challenge.opens_at),
        "validThrough": _iso(challenge.closes_at),
        "seller": {"@type": "GovernmentOrganization", "name": found.sponsor} if found.sponsor else None,
        "priceSpecification": offered if challenge.money_pounds else None,
    }
    return {name: value for name, value in data.items() if value}


def _iso(value: datetime | None) -> str:
    return value.isoformat() if value else ""
