"""What the fields of a configuration may be, and how it is said that one is not: by its path, what was found and what was wanted."""

from ipaddress import IPv4Network
from typing import Any

from simulator.machinery import quantities


class ConfigError(ValueError):
    """Says which field, what was found and what was wanted."""

    def __init__(self, path: str, found: object, wanted: str, line: int | None = None) -> None:
        where = f"{path} (line {line})" if line else path
        super().__init__(f"{where}: found {_shown(found)}, wanted {wanted}")
        self.path = path
        self.found = _shown(found)
        self.wanted = wanted
        self.line = line


def only(given: dict[str, Any], path: str, known: tuple[str, ...]) -> None:
    """Refuses a field that is not known, by its name."""
    for key in given:
        if key not in known:
            raise ConfigError(path, f"the unknown field {key!r}", f"one of {', '.join(known)}")


def mapping(given: object, path: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise ConfigError(path, given, "a mapping")
    return given


def listed(given: object, path: str) -> list[Any]:
    if not isinstance(given, list):
        raise ConfigError(path, given, "a list")
    return given


def one_of(given: object, path: str, known: tuple[str, ...]) -> str:
    if given not in known:
        raise ConfigError(path, given, f"one of {', '.join(known)}")
    return str(given)


def integer(given: object, path: str, low: int, high: int) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or not low <= given <= high:
        raise ConfigError(path, given, f"a whole number from {low} to {high}")
    return given


def text_of(given: object, path: str) -> str:
    if isinstance(given, list | dict):
        raise ConfigError(path, given, "text")
    return str(given)


def boolean(given: object, path: str) -> bool:
    if not isinstance(given, bool):
        raise ConfigError(path, given, "true or false")
    return given


def quantity(given: object, path: str, *, most: str) -> str:
    """A positive amount, as it was written."""
    text = text_of(given, path)
    try:
        amount = quantities.milli(text)
    except quantities.QuantityError as error:
        raise ConfigError(path, given, "a quantity such as 4, 500m or 8Gi") from error
    if amount <= 0:
        raise ConfigError(path, given, "more than zero")
    if amount > quantities.milli(most):
        raise ConfigError(path, given, f"at most {most}")
    return text


def dns_label(given: object, path: str) -> str:
    """What a machine or a group may be called."""
    text = given if isinstance(given, str) else ""
    legal = text and len(text) <= 63 and text[0] != "-" and text[-1] != "-"
    if not legal or not all(letter in "abcdefghijklmnopqrstuvwxyz0123456789-." for letter in text):
        raise ConfigError(path, given, "lower-case letters, digits and dashes, at most 63")
    return text


def subnet(given: object, path: str) -> str:
    try:
        return str(IPv4Network(text_of(given, path)))
    except ValueError as error:
        raise ConfigError(path, given, "an IPv4 network such as 10.244.0.0/16") from error


def _shown(value: object) -> str:
    """A value in an error message; of a large one only its outline, for aliases can make it larger than memory."""
    if isinstance(value, list | dict):
        return f"a {'list' if isinstance(value, list) else 'mapping'} of {len(value)}"
    text = repr(value) if isinstance(value, str) and " " not in value else str(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
