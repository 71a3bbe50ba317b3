"""Semantic versions: `apiserver/pkg/cel/library/semverlib.go` (1.33); the reasons for refusals are those of blang/semver."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from simulator.machinery.cel.declarations import Overload, function, method
from simulator.machinery.cel.errors import CelError
from simulator.machinery.cel.types import BOOL, INT, STRING, object_type

SEMVER = object_type("kubernetes.Semver")
_WORD = re.compile(r"[0-9A-Za-z-]+")


@dataclass(frozen=True, slots=True)
class Semver:
    type_name: ClassVar[str] = SEMVER.name
    numbers: tuple[int, int, int]
    pre: tuple[str, ...] = ()

    def compare(self, other: Semver) -> int:
        """Semantic precedence; a version before its release is the smaller one."""
        if self.numbers != other.numbers:
            return 1 if self.numbers > other.numbers else -1
        if not self.pre or not other.pre:
            return (not self.pre) - (not other.pre)
        mine, theirs = [_rank(one) for one in self.pre], [_rank(one) for one in other.pre]
        return (mine > theirs) - (mine < theirs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Semver) and self.compare(other) == 0

    def __hash__(self) -> int:
        return hash((self.numbers, self.pre))


def _rank(word: str) -> tuple[int, int, str]:
    return (0, int(word), "") if word.isdigit() else (1, 0, word)


def _semver(text: str, normalize: bool = False) -> Semver:
    text = _normalized(text) if normalize else text
    if not text:
        raise CelError("Version string empty")
    parts = text.split(".", 2)
    if len(parts) != 3:
        raise CelError("No Major.Minor.Patch elements found")
    patch, plus, build = parts[2].partition("+")
    patch, dash, pre = patch.partition("-")
    numbers = tuple(
        _number(part, name) for part, name in zip((*parts[:2], patch), ("major", "minor", "patch"), strict=True)
    )
    words = tuple(pre.split(".")) if dash else ()
    for word in words:
        _checked(word, "Prerelease")
        if word.isdigit() and len(word) > 1 and word[0] == "0":
            raise CelError(f'Numeric PreRelease version must not contain leading zeroes "{word}"')
    for word in build.split(".") if plus else ():
        _checked(word, "Build meta data")
    return Semver((numbers[0], numbers[1], numbers[2]), words)


def _number(part: str, name: str) -> int:
    if not part.isdigit():
        raise CelError(f'Invalid character(s) found in {name} number "{part}"')
    if len(part) > 1 and part[0] == "0":
        raise CelError(f'{name.capitalize()} number must not contain leading zeroes "{part}"')
    return int(part)


def _checked(word: str, what: str) -> None:
    if not word:
        raise CelError(f"{what} is empty")
    if not _WORD.fullmatch(word):
        raise CelError(f'Invalid character(s) found in {what.lower()} "{word}"')


def _normalized(text: str) -> str:
    parts = text.removeprefix("v").split(".", 2)
    for index, part in enumerate(parts):
        if len(part) > 1:
            bare = part.lstrip("0")
            parts[index] = bare if bare[:1].isdigit() else "0" + bare
    if len(parts) < 3:
        if any(sign in parts[-1] for sign in "+-"):
            raise CelError("short version cannot contain PreRelease/Build meta data")
        parts += ["0"] * (3 - len(parts))
    return ".".join(parts)


def _is_semver(text: str, normalize: bool = False) -> bool:
    try:
        _semver(text, normalize)
    except CelError:
        return False
    return True


OVERLOADS: list[Overload] = [
    function("semver", "string_to_semver", [STRING], SEMVER, _semver),
    function("semver", "string_bool_to_semver", [STRING, BOOL], SEMVER, _semver),
    function("isSemver", "is_semver_string", [STRING], BOOL, _is_semver),
    function("isSemver", "is_semver_string_bool", [STRING, BOOL], BOOL, _is_semver),
    method("isGreaterThan", "semver_is_greater_than", [SEMVER, SEMVER], BOOL, lambda a, b: a.compare(b) > 0),
    method("isLessThan", "semver_is_less_than", [SEMVER, SEMVER], BOOL, lambda a, b: a.compare(b) < 0),
    method("compareTo", "semver_compare_to", [SEMVER, SEMVER], INT, lambda a, b: a.compare(b)),
    method("major", "semver_major", [SEMVER], INT, lambda one: one.numbers[0]),
    method("minor", "semver_minor", [SEMVER], INT, lambda one: one.numbers[1]),
    method("patch", "semver_patch", [SEMVER], INT, lambda one: one.numbers[2]),
]
