"""Writes the tables of `docs/conformance.md` from the marks of the tests and the reasons (`scripts/conformance`)."""

from tests.conformance.not_repeated import reason
from tests.conformance.test_claims import PAGE, marked, whole_suite


def main() -> None:
    head, _, _ = PAGE.read_text().partition("## Repeated")
    repeated = marked()
    missing = [name for name in whole_suite() if name not in repeated]
    PAGE.write_text(
        "\n".join(
            [
                f"{head}## Repeated",
                "",
                f"{len(repeated)} of {len(whole_suite())} statements.",
                "",
                "| statement | our test |",
                "| --- | --- |",
                *(f"| `{codename}` | `{test}` |" for codename, test in sorted(repeated.items())),
                "",
                "## Not repeated",
                "",
                "| statement | why |",
                "| --- | --- |",
                *(f"| `{codename}` | {reason(codename)} |" for codename in missing),
                "",
            ]
        )
    )


if __name__ == "__main__":
    main()
