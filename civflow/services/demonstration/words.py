"""Invented names and sentences for the demonstration, chosen by a seeded generator."""

from __future__ import annotations

from random import Random

FIRST = [
    "Aileen",
    "Amara",
    "Angus",
    "Anwen",
    "Arjun",
    "Ailsa",
    "Beatriz",
    "Callum",
    "Catriona",
    "Chidi",
    "Craig",
    "Dana",
    "Deepa",
    "Duncan",
    "Eilidh",
    "Elif",
    "Ewan",
    "Farah",
    "Fergus",
    "Fiona",
    "Freya",
    "Gavin",
    "Grace",
    "Hamish",
    "Hana",
    "Iain",
    "Imogen",
    "Isla",
    "Jamal",
    "Jean",
    "Joanna",
    "Kenji",
    "Kirsty",
    "Leila",
    "Lewis",
    "Lorna",
    "Magnus",
    "Mairi",
    "Malik",
    "Marta",
    "Meera",
    "Moira",
    "Murdo",
    "Nadia",
    "Niall",
    "Nneka",
    "Olga",
    "Omar",
    "Paolo",
    "Priya",
    "Rachel",
    "Ravi",
    "Rhona",
    "Rory",
    "Ruth",
    "Sadia",
    "Sanjay",
    "Shona",
    "Sofia",
    "Stuart",
    "Tadeusz",
    "Tariq",
    "Una",
    "Vikram",
    "Wei",
    "Yasmin",
    "Yusuf",
    "Zofia",
]
LAST = [
    "Adeyemi",
    "Ahmed",
    "Baird",
    "Banerjee",
    "Begg",
    "Calder",
    "Campbell",
    "Chen",
    "Craig",
    "Dalgleish",
    "Drummond",
    "Dunbar",
    "Farquhar",
    "Ferreira",
    "Findlay",
    "Forsyth",
    "Galbraith",
    "Ghosh",
    "Gillespie",
    "Gunn",
    "Haddad",
    "Hay",
    "Hussain",
    "Innes",
    "Iqbal",
    "Jardine",
    "Kaminski",
    "Kerr",
    "Khan",
    "Kidd",
    "Lamont",
    "Leslie",
    "Lindsay",
    "Logan",
    "Lyall",
    "Macaulay",
    "Mackie",
    "Maclean",
    "Maitland",
    "Mehta",
    "Menzies",
    "Moffat",
    "Mukherjee",
    "Munro",
    "Nairn",
    "Nowak",
    "Ogilvie",
    "Okafor",
    "Osei",
    "Paton",
    "Petrov",
    "Rae",
    "Raeburn",
    "Rahman",
    "Ramsay",
    "Reid",
    "Rossi",
    "Salvesen",
    "Scrimgeour",
    "Sharma",
    "Sinclair",
    "Spence",
    "Sutherland",
    "Tait",
    "Tanaka",
    "Urquhart",
    "Wallace",
    "Yilmaz",
    "Younger",
]
SKILLS = (
    "data", "design", "software", "sensors", "maps", "research", "behaviour", "health", "energy", "law", "finance", "operations",
)  # fmt: skip
ADJECTIVES = [
    "Amber",
    "Bright",
    "Calm",
    "Clear",
    "Copper",
    "Distant",
    "Early",
    "Even",
    "Fair",
    "Fathom",
    "Gentle",
    "Golden",
    "Granite",
    "Heather",
    "Kind",
    "Lantern",
    "Low",
    "Lucid",
    "Marram",
    "Mellow",
    "North",
    "Open",
    "Ochre",
    "Patient",
    "Plain",
    "Quiet",
    "Rowan",
    "Salt",
    "Silver",
    "Slow",
    "Steady",
    "Stone",
    "Summer",
    "Tidal",
    "Twin",
    "Upland",
    "Velvet",
    "Warm",
    "Wide",
    "Winter",
    "Wren",
    "Yonder",
]
NOUNS = [
    "Acorn",
    "Anchor",
    "Barley",
    "Beacon",
    "Bridge",
    "Burn",
    "Cairn",
    "Compass",
    "Croft",
    "Delta",
    "Dyke",
    "Ember",
    "Feather",
    "Ferry",
    "Finch",
    "Fjord",
    "Harbour",
    "Hazel",
    "Heron",
    "Keel",
    "Kite",
    "Ladder",
    "Larch",
    "Loom",
    "Meadow",
    "Mill",
    "Moss",
    "Otter",
    "Pebble",
    "Pier",
    "Plover",
    "Quarry",
    "Reed",
    "Ridge",
    "Sail",
    "Skein",
    "Spindle",
    "Thistle",
    "Thread",
    "Tiller",
    "Weir",
    "Willow",
]
ENDINGS = ("Works", "Labs", "Studio", "Systems", "Collective", "Analytics", "Partners", "Digital")

OPENINGS = (
    "We start from the people who meet this problem every day, not from a product.",
    "Our idea is small enough to try in three weeks and honest about what it cannot do.",
    "We have watched how the work is done today and drawn every step of it.",
    "Two of us have done this job before we built software for it.",
    "What exists today answers another question; we looked for the missing part.",
)
MIDDLES = (
    "The first version uses {skill} and {other} that the sponsor already has, so nothing has to be bought to begin.",
    "We combine {skill} with {other}, and show every figure with where it comes from.",
    "Staff see one list of what to do next; behind it, {skill} and {other} do the sorting.",
    "Because {skill} alone has been tried, we add {other} and measure whether that makes the difference.",
    "We keep people in charge: {skill} proposes, {other} explains, and somebody decides.",
)
CLOSINGS = (
    "After each sprint we say in writing what we would stop doing.",
    "We have agreed who keeps it running when the accelerator ends.",
    "Three other public bodies have told us that they have the same problem.",
    "We will publish what we learn, also where it did not work.",
    "Everybody named here has the days of this challenge in the diary.",
)
REASONS = {
    0: ("The question is not answered.",),
    1: ("The answer stays general and names no evidence.", "It repeats the challenge and adds little of its own."),
    2: ("A fair answer with gaps; the risks are not named.", "Plausible, but the first steps are missing."),
    3: ("A good answer with concrete steps and named people.", "Well argued; one open point about the data."),
    4: ("Very convincing: tested with users, and honest about limits.", "Clear, specific and easy to check later."),
}
QUESTIONS = (
    ("May a team apply without a company?", "Yes. A person may apply, and a company can be founded later."),
    (
        "Can the data be seen before applying?",
        "A sample is described in the brief; the full data is shared in exploration.",
    ),
    ("Is a partner from another country allowed?", "Yes, as long as the team can take part in every stage."),
    (
        "Will there be a follow-on contract for sure?",
        "No. It depends on what the accelerator shows, and is up to the ceiling.",
    ),
)
SAME_AGAIN = "We have not founded a firm yet. Can we take part all the same?"  # as the first of QUESTIONS
NOT_ANSWERED = (
    "How many teams have applied so far?",
    "Applications are sealed until the deadline, and so is their number.",
)
BRIEF = {
    "problem": "{question} Staff, citizens and partners meet this problem every week, and nobody has found a way that lasts.",
    "background": "The facts of this challenge are real and come from the source named on its page. These words are written "
    "for the demonstration. Several approaches have been tried by hand; they helped for a while and did not spread.",
    "why_now": "Budgets for the coming year are being set, and the people who know the work best are ready to give it time.",
    "who_benefits": "People who use the service, the staff who run it, and other public bodies with the same problem.",
    "constraints": "Personal data stays with the sponsor. The product must meet the accessibility regulations of 2018.",
    "on_offer": "A service lead for one day a week, two users for interviews in every sprint, and a sample of anonymised data.",
}


def person_name(random: Random) -> str:
    return f"{random.choice(FIRST)} {random.choice(LAST)}"


def address(name: str, taken: set[str], domain: str = "example.org") -> str:
    """An e-mail address that nobody else has; example.org is reserved and belongs to nobody."""
    stem = name.lower().replace(" ", ".").replace("'", "")
    n, candidate = 1, f"{stem}@{domain}"
    while candidate in taken:
        n += 1
        candidate = f"{stem}{n}@{domain}"
    taken.add(candidate)
    return candidate


def team_names(random: Random, number: int) -> list[str]:
    """Different invented names of teams."""
    pairs = [f"{a} {n}" for a in ADJECTIVES for n in NOUNS]
    random.shuffle(pairs)
    return [f"{name} {random.choice(ENDINGS)}" for name in pairs[:number]]


def paragraph(random: Random, skills: list[str]) -> str:
    """Three sentences of an answer, about the team's skills."""
    skill, other = [*skills, "research", "design"][:2]
    middle = random.choice(MIDDLES).format(skill=skill, other=other)
    return " ".join((random.choice(OPENINGS), middle, random.choice(CLOSINGS)))
