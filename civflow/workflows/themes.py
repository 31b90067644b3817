"""The themes by which challenges are grouped and found; a challenge has none, one or several."""

THEMES = {
    "children": "Children and education",
    "climate": "Climate and energy",
    "communities": "Communities and housing",
    "culture": "Culture and heritage",
    "digital": "Data and digital services",
    "economy": "Economy and work",
    "food": "Food and farming",
    "health": "Health and care",
    "justice": "Justice and safety",
    "nature": "Nature and land",
    "sea": "Seas and islands",
    "transport": "Transport",
    "water": "Water and flooding",
}
