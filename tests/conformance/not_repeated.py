"""Statements of the suite that no test of ours repeats, and why: each reason with the names that it holds for.

A name with neither a test nor a reason stands on the page as open.
"""

OPEN = "open"

#: reason: names as in `v1.33.txt`.
REASONS: dict[str, tuple[str, ...]] = {
    "needs the sample API server: a program with a store of its own that the catalogue of images does not have": (
        "[sig-api-machinery] Aggregator Should be able to support the 1.17 Sample API Server using the current Aggregator [Conformance]",
    ),
}


def reason(codename: str) -> str:
    return next((why for why, names in REASONS.items() if codename in names), OPEN)
