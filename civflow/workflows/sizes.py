"""How large a company is, as public procurement in Scotland counts.

Annex D of the statutory guidance under the Procurement Reform (Scotland) Act 2014 (gov.scot, "Procurement Reform
(Scotland) Act 2014: statutory guidance"): micro 1 to 9, small 10 to 49, medium 50 to 250, large more than 250
employees. Section 9 of the Act asks authorities to involve small and medium enterprises.
"""

SIZES = {
    "micro": "Up to 9 people",
    "small": "10 to 49 people",
    "medium": "50 to 250 people",
    "large": "More than 250 people",
}
SMALL = ("micro", "small", "medium")  # what statistics count as a small or medium-sized company
DEFINITION = (
    "A small or medium-sized company is one with not more than 250 employees, as the statutory guidance under the "
    "Procurement Reform (Scotland) Act 2014 defines it (Annex D)."
)
