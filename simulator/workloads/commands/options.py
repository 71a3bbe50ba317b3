"""The options of small programs: `-n 5`, `-n5`, `-rf`, `--name=value`."""


def read_options(words: list[str], valued: str, *, negative_numbers: bool = False) -> tuple[dict[str, str], list[str]]:
    """(letter or long name → value or "", operands). Letters in `valued` take the next word when nothing follows them."""
    flags: dict[str, str] = {}
    operands: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return flags, operands + rest
        if word.startswith("--"):
            name, _, value = word[2:].partition("=")
            flags[name] = value
        elif not word.startswith("-") or word == "-" or (negative_numbers and word[1:].isdigit()):
            operands.append(word)
        else:
            _letters(word[1:], valued, flags, rest)
    return flags, operands


def _letters(letters: str, valued: str, flags: dict[str, str], rest: list[str]) -> None:
    for place, letter in enumerate(letters):
        if letter in valued:
            flags[letter] = letters[place + 1 :] or (rest.pop(0) if rest else "")
            return
        flags[letter] = ""
