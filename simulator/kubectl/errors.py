"""The ways in which a command of the workstation can fail, and the words in which kubectl reports each.

Promises: every refusal of the API server becomes the text a real kubectl prints, word for word; a failed
command has an exit code; nobody above `workstation.py` needs to know these classes.

Leaves to others: which texts the server itself says (the API server) and where they are printed.
"""

from __future__ import annotations

from simulator.engine.plain import Obj
from simulator.machinery.go_text import quoted


class CommandError(Exception):
    """The command cannot go on; `text` is what stands on standard error, `exit_code` what the shell sees."""

    def __init__(self, text: str, *, exit_code: int = 1, prefixed: bool = True, written: str = "") -> None:
        super().__init__(text)
        self.written = written
        """What stands on standard output by then."""
        self.text = text
        self.exit_code = exit_code
        self.prefixed = prefixed
        """Whether kubectl puts `error: ` in front (it does unless the text is already a full report)."""

    def report(self) -> str:
        """The text as printed, always ending in one line break."""
        plain = not self.prefixed or self.text.startswith("error: ")
        text = self.text if plain else f"error: {self.text}"
        return text if text.endswith("\n") else text + "\n"

    def line(self) -> str:
        """The text as one of several in a list of errors, where kubectl leaves `error: ` out."""
        return self.text


class UsageError(CommandError):
    """The command line itself is wrong: kubectl adds where to read about the right one."""

    def __init__(self, text: str, path: str) -> None:
        super().__init__(f"{text}\nSee '{path} -h' for help and examples")


class FlagError(CommandError):
    """A flag is unknown or has a value of the wrong form."""

    def __init__(self, text: str, path: str) -> None:
        super().__init__(f"{text}\nSee '{path} --help' for usage.")


class Unreachable(CommandError):
    """The API server did not answer at all: nobody listens there, or the workstation knows no host of that name."""

    def __init__(self, host: str, *, is_nobody: bool = False, is_known: bool = False) -> None:
        """`is_known`: there is such a machine, only its API server is away."""
        self.is_nobody = is_nobody
        """Nothing ever listened there."""
        name = host.partition("/")[0].rpartition(":")[0] or host
        is_known = is_known or name == "localhost" or name.startswith("[") or name.replace(".", "").isdecimal()
        refused = f"The connection to the server {host} was refused - did you specify the right host or port?"
        unknown = f"Unable to connect to the server: dial tcp: lookup {name}: no such host"
        self.is_unknown = not is_known
        super().__init__(refused if is_known else unknown, prefixed=False)


class Unverified(CommandError):
    """The API server's certificate is worth nothing (any more)."""

    def __init__(self, why: str) -> None:
        super().__init__(f"Unable to connect to the server: {why}", prefixed=False)


class ApiRefusal(CommandError):
    """The API server answered with a `Status` of failure."""

    def __init__(self, status: Obj, *, code: int) -> None:
        self.status = status
        self.code = code
        self.reason: str = status.get("reason") or ""
        self.message: str = status.get("message") or ""
        super().__init__(refusal_text(status), prefixed=False)

    def line(self) -> str:
        """One of several is told as any other refusal, also when it is about fields."""
        if self.reason == "Invalid":
            return f"Error from server (Invalid): {self.message}"
        return self.text

    def with_context(self, context: str) -> ApiRefusal:
        """The same refusal where kubectl says during which step it came: `error when creating "x.yaml": …`."""
        return ApiRefusal({**self.status, "message": f"{context}: {self.message}"}, code=self.code)


class SeveralErrors(CommandError):
    """More than one object failed: kubectl prints each on a line of its own."""

    def __init__(self, errors: list[CommandError]) -> None:
        super().__init__("\n".join(error.line().rstrip("\n") for error in errors), prefixed=False)
        self.errors = errors


def raise_all(errors: list[CommandError]) -> None:
    """Raise what was collected while going through several objects: nothing, the one error, or all of them."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise SeveralErrors(errors)


def refusal_text(status: Obj) -> str:
    """How kubectl prints a `Status`."""
    reason = status.get("reason") or ""
    message = status.get("message") or ""
    if reason == "Invalid":
        return _invalid_text(status)
    if reason == "Unauthorized":
        return f"error: You must be logged in to the server ({message})"
    if reason:
        return f"Error from server ({reason}): {message}"
    return f"Error from server: {message}"


def _invalid_text(status: Obj) -> str:
    details = status.get("details")
    if details is None:
        return "The request is invalid"
    text = "The request is invalid"
    if details.get("kind") or details.get("name"):
        text = f"The {details.get('kind', '')} {quoted(details.get('name', ''))} is invalid"
    causes = list(dict.fromkeys(f"{c.get('field', '')}: {c.get('message', '')}" for c in details.get("causes") or ()))
    if not causes:
        return text
    if len(causes) == 1:
        return f"{text}: {causes[0]}"
    return "\n".join([f"{text}: ", *(f"* {cause}" for cause in causes)])
