"""What etcdctl says to command lines that it cannot use, before it asks any server.

Follows `etcdctl/ctlv3/command/*.go` of etcd 3.5 (`ExitBadArgs` is 128) and cobra's sentence about unknown commands, word for word.
"""

from collections.abc import Callable, Sequence

_BAD_ARGUMENTS = 128
#: The commands of etcdctl 3.5, whether or not they are simulated.
_COMMANDS = frozenset(
    [
        "alarm",
        "auth",
        "check",
        "compaction",
        "completion",
        "defrag",
        "del",
        "elect",
        "endpoint",
        "get",
        "lease",
        "lock",
        "make-mirror",
        "member",
        "migrate",
        "move-leader",
        "options",
        "put",
        "role",
        "snapshot",
        "txn",
        "user",
        "version",
        "watch",
    ]
)
_ONE_KEY = "command needs one argument as key and an optional argument as range_end"
_EXCLUSIVE = "`--prefix` and `--from-key` cannot be set at the same time, choose one"
_TOO_MANY = "too many arguments, only accept one argument when `--prefix` or `--from-key` is set"


def refusal(words: Sequence[str], options: dict[str, str]) -> tuple[str, int] | None:
    """(standard error, exit code); None when the command line makes sense."""
    if not words:
        return None
    if words[0] not in _COMMANDS:
        meant = "".join(f"\t{one}\n" for one in sorted(_COMMANDS) if _is_like(words[0], one))
        hint = f"\n\nDid you mean this?\n{meant}" if meant else ""
        return f'Error: unknown command "{words[0]}" for "etcdctl"{hint}\nRun \'etcdctl --help\' for usage.\n', 1
    check = _CHECKS.get(words[0])
    why = check(list(words[1:]), options) if check is not None else ""
    return (f"Error: {why}\n", _BAD_ARGUMENTS) if why else None


def whole_command(word: str) -> str:
    """A command may be shortened as long as only one begins so (`cobra.EnablePrefixMatching`)."""
    found = [one for one in _COMMANDS if one.startswith(word)] if word and word not in _COMMANDS else []
    return found[0] if len(found) == 1 else word


def _is_like(word: str, command: str) -> bool:
    """`SuggestionsFor`: at most two letters apart, or its beginning."""
    return command.startswith(word.lower()) or _distance(word.lower(), command) <= 2


def _distance(one: str, other: str) -> int:
    """How many letters have to be put in, taken out or changed (Levenshtein)."""
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, start=1):
        last, row[0] = row[0], at
        for place, wanted in enumerate(other, start=1):
            last, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, last + (letter != wanted))
    return row[-1]


def _get(words: list[str], options: dict[str, str]) -> str:
    if why := _keys("get", words, options):
        return why
    if "--keys-only" in options and "--count-only" in options:
        return "`--keys-only` and `--count-only` cannot be set at the same time, choose one"
    if "--count-only" in options and _written(options) != "fields":
        return "--count-only is only for `--write-out=fields`"
    if "--print-value-only" in options and _written(options) != "simple":
        return "print-value-only is only for `--write-out=simple`"
    return ""


def _del(words: list[str], options: dict[str, str]) -> str:
    return _keys("del", words, options)


def _keys(command: str, words: list[str], options: dict[str, str]) -> str:
    if not words or (command == "del" and len(words) > 2):
        return f"{command} {_ONE_KEY}"
    if "--prefix" in options and "--from-key" in options:
        return _EXCLUSIVE
    if len(words) > 1 and ("--prefix" in options or "--from-key" in options):
        return _TOO_MANY
    return ""


def _written(options: dict[str, str]) -> str:
    return options.get("-w", options.get("--write-out", "simple"))


def _move_leader(words: list[str], options: dict[str, str]) -> str:
    if len(words) != 1:
        return "move-leader command needs 1 argument"
    return "" if _is_hex(words[0]) else f'strconv.ParseUint: parsing "{words[0]}": invalid syntax'


def _member(words: list[str], options: dict[str, str]) -> str:
    match words:
        case ["add"]:
            return "member name not provided"
        case ["add", _, _, *_]:
            return "too many arguments"
        case ["add", _] if not options.get("--peer-urls"):
            return "member peer urls not provided"
        case ["remove"]:
            return "member ID is not provided"
        case ["remove", id] if not _is_hex(id):
            return f'bad member ID arg (strconv.ParseUint: parsing "{id}": invalid syntax), expecting ID in Hex'
    return ""


def _is_hex(text: str) -> bool:
    return bool(text) and len(text) <= 16 and all(letter in "0123456789abcdefABCDEF" for letter in text)


_CHECKS: dict[str, Callable[[list[str], dict[str, str]], str]] = {
    "get": _get,
    "del": _del,
    "move-leader": _move_leader,
    "member": _member,
}
