"""Statements of the suite that no test of ours repeats, and why: each reason with the names that it holds for.

A name with neither a test nor a reason stands on the page as open.
"""

OPEN = "open"

#: reason: names as in `v1.33.txt`. At present there is none.
REASONS: dict[str, tuple[str, ...]] = {}


def reason(codename: str) -> str:
    return next((why for why, names in REASONS.items() if codename in names), OPEN)
