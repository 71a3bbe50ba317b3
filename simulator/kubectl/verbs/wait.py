"""`kubectl wait`: go on until a condition holds, an object is gone, or a field has a value."""

from __future__ import annotations

from simulator.engine.plain import Obj
from simulator.kubectl.api_client import ApiClient
from simulator.kubectl.call import Call, Token
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import ApiRefusal, CommandError
from simulator.kubectl.following import Followed, finished
from simulator.kubectl.printers import object_text, typed_name
from simulator.kubectl.selection import NOTHING_NAMED, Found, Selection, select, targets
from simulator.kubectl.shared_flags import ALL, ALL_NAMESPACES, FIELD_SELECTOR, FILE_FLAGS, PRINT_FLAGS, SELECTOR
from simulator.machinery import go_text
from simulator.machinery.jsonpath import JsonPath, JsonPathError, relaxed
from simulator.machinery.resources import Resource

_WEEK_US = 7 * 24 * 3600 * 1_000_000


def wait(call: Call) -> None:
    condition = call.text("for")
    _check(condition)
    selection = _selected(call, condition)
    if not selection.found and not _is_delete(condition):
        selection.done()
        raise CommandError("no matching resources found")
    timeout = call.number("timeout")
    token: Token = {
        "kind": "wait",
        "for": condition,
        "left": [[f.resource.name, f.namespace, f.name, f.obj["metadata"].get("uid", "")] for f in selection],
        "deadline": call.now_us + (timeout if timeout >= 0 else _WEEK_US),
        "once": timeout == 0,
        "problems": [problem.report().rstrip("\n") for problem in selection.problems],
        "output": call.text("output"),
    }
    met, complaints, token = _look(call.api, token, call.now_us)
    call.out(met)
    call.err(complaints)
    call.exit_code = 1 if complaints else 0
    if token["left"]:
        call.follow = token


def _selected(call: Call, condition: str) -> Selection:
    if not call.rest and not call.names_files:
        raise CommandError(NOTHING_NAMED)
    selection = select(call, call.rest)
    missing: list[CommandError] = [
        p for p in selection.problems if isinstance(p, ApiRefusal) and p.reason == "NotFound"
    ]
    if _is_create(condition):
        selection.found = [*selection.found, *_named(call, missing_only=bool(missing) or not selection.found)]
    if _is_delete(condition) or _is_create(condition):
        selection.problems = [problem for problem in selection.problems if problem not in missing]
    if not selection.found:
        selection.done()
    return selection


def _named(call: Call, *, missing_only: bool) -> list[Found]:
    """Objects that are waited for by their names alone."""
    if not missing_only or call.names_files:
        return []
    wanted = targets(call, call.rest, everything=False, any_namespace=False)
    return [Found(target.resource, target.namespace, target.name, {"metadata": {}}) for target in wanted]


def _is_create(condition: str) -> bool:
    return condition.lower() == "create"


def _is_delete(condition: str) -> bool:
    return condition.lower() == "delete"


def _check(condition: str) -> None:
    if condition.startswith("jsonpath="):
        _jsonpath_of(condition)
    elif not (_is_delete(condition) or _is_create(condition) or condition.startswith("condition=")):
        raise CommandError(f"unrecognized condition: {go_text.quoted(condition)}")


def _jsonpath_of(condition: str) -> tuple[JsonPath, str]:
    expression, brace, value = condition.removeprefix("jsonpath=").rpartition("}")
    expression, value = (expression + brace, value) if brace else _split_plain(value)
    if expression.count("{") != expression.count("}"):
        raise CommandError(
            "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'"
        )
    if not expression.strip("'\"{}"):
        raise CommandError("jsonpath expression cannot be empty")
    try:
        path = JsonPath(relaxed(expression.strip("'\"")))
    except JsonPathError as error:
        raise CommandError(str(error)) from error
    wanted = value.strip("'\"").removeprefix("=").strip("'\"")
    if "=" in value and not wanted:
        raise CommandError(
            "jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3"
        )
    return path, wanted


def _split_plain(text: str) -> tuple[str, str]:
    expression, equals, value = text.partition("=")
    return expression, equals + value


def follow_wait(api: ApiClient, token: Token, now_us: int) -> Followed:
    met, complaints, fresh = _look(api, token, now_us)
    if not fresh["left"]:
        return finished(fresh, met + complaints, exit_code=1 if complaints else 0)
    return Followed(met, fresh)


def _look(api: ApiClient, token: Token, now_us: int) -> tuple[str, str, Token]:
    """One object after the other, as the real command: the next is looked at when the one before is done or too late."""
    met, left, problems = "", list(token["left"]), list(token.get("problems") or ())
    while left:
        resource = api.kinds.by_name(left[0][0])
        assert resource is not None
        obj = _found(api, resource, left[0], problems, token["for"])
        if obj is not None and obj is not _REFUSED and _holds(token["for"], obj, left[0][3]):
            output = str(token.get("output") or "")
            met += object_text(obj, output) if output else f"{typed_name(resource, left[0][2])} condition met\n"
        elif obj is None and _is_delete(token["for"]):
            met += f"{typed_name(resource, left[0][2])} condition met\n"
        elif obj is not _REFUSED:
            late = _too_late(token, f"{resource.plural}/{left[0][2]}", now_us)
            if not late:
                break
            problems.append(late)
        left = left[1:]
    fresh = {**token, "left": left, "problems": problems}
    return met, "" if left else _complaints(problems), fresh


_REFUSED: Obj = {}


def _found(api: ApiClient, resource: Resource, wanted: list[str], problems: list[str], condition: str) -> Obj | None:
    """The object; None when it is not there and that is no mistake."""
    try:
        return api.get(resource, wanted[1], wanted[2])
    except ApiRefusal as refusal:
        if refusal.reason != "NotFound":
            raise
        if not _is_delete(condition) and not _is_create(condition):
            problems.append(refusal.report().rstrip("\n"))
            return _REFUSED
        return None


def _too_late(token: Token, name: str, now_us: int) -> str:
    if token["once"] and not _is_create(token["for"]):
        return f"condition not met for {name}"
    if now_us < token["deadline"]:
        return ""
    return "timed out waiting for the condition" + ("" if _is_create(token["for"]) else f" on {name}")


def _complaints(problems: list[str]) -> str:
    if len(problems) == 1:
        return problems[0] + "\n" if problems[0].startswith("Error from server") else f"error: {problems[0]}\n"
    return "".join(f"{problem}\n" for problem in problems)


def _holds(condition: str, obj: Obj | None, uid: str) -> bool:
    if _is_delete(condition):
        return obj is None or obj["metadata"].get("uid") != uid
    if _is_create(condition):
        return True
    assert obj is not None
    if condition.startswith("condition="):
        return _has_condition(obj, condition.removeprefix("condition="))
    path, wanted = _jsonpath_of(condition)
    try:
        found = path.values(obj)
    except JsonPathError:
        return False
    if not found or isinstance(found[0], (dict, list)):
        return bool(found) and not wanted
    return not wanted or go_text.value(found[0]) == wanted


def _has_condition(obj: Obj, text: str) -> bool:
    name, _, wanted = text.partition("=")
    for condition in (obj.get("status") or {}).get("conditions") or ():
        if condition.get("type", "").lower() == name.lower():
            observed = condition.get("observedGeneration", obj.get("status", {}).get("observedGeneration"))
            if observed is not None and observed < obj["metadata"].get("generation", 0):
                return False
            return str(condition.get("status", "")).lower() == (wanted or "true").lower()
    return False


FOLLOWERS = {"wait": follow_wait}

COMMANDS = (
    Command(
        "wait",
        "Wait until objects meet a condition",
        wait,
        usage="(TYPE NAME | TYPE/NAME | TYPE (-l label | --all)) --for=delete|condition=NAME[=VALUE]|jsonpath='{...}'[=VALUE]",
        flags=(
            *PRINT_FLAGS,
            *FILE_FLAGS,
            ALL,
            ALL_NAMESPACES,
            SELECTOR,
            FIELD_SELECTOR,
            Flag("for", help="delete, condition=NAME[=VALUE] or jsonpath='{PATH}'[=VALUE]"),
            Flag("local", kind="bool"),
            Flag("timeout", kind="duration", default=30_000_000, help="Give up after this time; 0 looks once"),
        ),
    ),
)
