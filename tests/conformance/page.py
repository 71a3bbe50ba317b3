"""Writes the table of `docs/conformance.md` from the marks of the tests (`scripts/conformance`)."""

from tests.conformance.test_claims import PAGE, marked


def main() -> None:
    head, _, _ = PAGE.read_text().partition("| statement |")
    rows = [f"| `{codename}` | `{test}` |" for codename, test in sorted(marked().items())]
    PAGE.write_text("\n".join([f"{head}| statement | our test |", "| --- | --- |", *rows, ""]))


if __name__ == "__main__":
    main()
