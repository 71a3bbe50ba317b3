"""Writes the tables of `docs/proof.md` from the marks of the tests (`scripts/proof`)."""

from tests.proof.test_proof import PAGE, tables_of_the_page


def main() -> None:
    head, _, _ = PAGE.read_text().partition("\n## ")
    PAGE.write_text(f"{head}\n{tables_of_the_page()}")


if __name__ == "__main__":
    main()
