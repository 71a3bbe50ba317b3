"""`{a,b}` and `{1..5}`, which bash turns into several words before anything else.

https://www.gnu.org/software/bash/manual/html_node/Brace-Expansion.html. Left alone: braces that lie across quotes and parameters.
"""

import re
from itertools import pairwise

from simulator.workloads.shell_words import Word

_MOST = 1_000
_RANGE = re.compile(r"(-?\d+|[A-Za-z])\.\.(-?\d+|[A-Za-z])(?:\.\.(-?\d+))?")


def expanded(word: Word) -> list[Word]:
    """The words that one becomes; itself when there is nothing to expand."""
    for place, part in enumerate(word):
        if part[0] != "lit" or part[-1] is True:
            continue
        pieces = _literal(str(part[1]))
        if len(pieces) > 1:
            before, after = word[:place], word[place + 1 :]
            rests = expanded(after) if after else [after]
            return [(*before, ("lit", piece, False), *rest) for piece in pieces for rest in rests][:_MOST]
    return [word]


def _literal(text: str) -> list[str]:
    for begin, sign in enumerate(text):
        if sign != "{" or text[begin - 1 : begin] == "$":
            continue
        end, commas = _matching(text, begin)
        if end < 0:
            continue
        inner = text[begin + 1 : end]
        choices = _choices(inner, [at - begin - 1 for at in commas])
        if choices:
            return [
                f"{text[:begin]}{choice}{rest}"
                for one in choices
                for choice in _literal(one)
                for rest in _literal(text[end + 1 :])
            ][:_MOST]
    return [text]


def _matching(text: str, begin: int) -> tuple[int, list[int]]:
    """(the place of the closing brace, the commas between), or -1."""
    depth = 0
    commas: list[int] = []
    for place in range(begin, len(text)):
        match text[place]:
            case "{":
                depth += 1
            case "}":
                depth -= 1
                if depth == 0:
                    return place, commas
            case "," if depth == 1:
                commas.append(place)
    return -1, []


def _choices(inner: str, commas: list[int]) -> list[str]:
    if commas:
        edges = [-1, *commas, len(inner)]
        return [inner[left + 1 : right] for left, right in pairwise(edges)]
    found = _RANGE.fullmatch(inner)
    if found is None or found[1].isalpha() != found[2].isalpha():
        return []
    first, last = (ord(found[1]), ord(found[2])) if found[1].isalpha() else (int(found[1]), int(found[2]))
    step = abs(int(found[3] or 1)) or 1
    numbers = list(range(first, last + 1, step) if first <= last else range(first, last - 1, -step))[:_MOST]
    if found[1].isalpha():
        return [chr(one) for one in numbers]
    padded = any(len(one.lstrip("-")) > 1 and one.lstrip("-").startswith("0") for one in (found[1], found[2]))
    width = max(len(found[1]), len(found[2])) if padded else 0
    return [f"{one:0{width}d}" for one in numbers]
