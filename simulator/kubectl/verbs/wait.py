"""`kubectl wait`: go on until a condition holds, an object is gone, or a field has a value."""

from __future__ import annotations

from simulator.engine.plain import Obj
from simulator.kubectl.api_client import ApiClient
from simulator.kubectl.call import Call, Token
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import ApiRefusal, CommandError, raise_all
from simulator.kubectl.following import Followed, finished
from simulator.kubectl.manifests import read_manifests
from simulator.kubectl.printers import object_text, typed_name
from simulator.kubectl.selection import NOTHING_NAMED, Selection, Target, select, targets
from simulator.kubectl.shared_flags import ALL, ALL_NAMESPACES, FIELD_SELECTOR, FILE_FLAGS, PRINT_FLAGS, SELECTOR
from simulator.machinery import go_text
from simulator.machinery.jsonpath import JsonPath, JsonPathError, relaxed
from simulator.machinery.resources import Resource

_WEEK_US = 7 * 24 * 3600 * 1_000_000


def wait(call: Call) -> None:
    condition = call.text("for")
    _check(condition)
    if _is_create(condition):
        _wait_for_creation(call)
        return
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
    _begin(call, token)


def _begin(call: Call, token: Token) -> None:
    met, complaints, token = _look(call.api, token, call.now_us)
    call.out(met)
    call.err(complaints)
    call.exit_code = 1 if complaints else 0
    if token["left"]:
        call.follow = token


def _wait_for_creation(call: Call) -> None:
    """Until everything that is meant is there: one object may be absent, or all that a selector means."""
    missing = _missing(call)
    raise_all(
        [problem for problem in missing if not (isinstance(problem, ApiRefusal) and problem.reason == "NotFound")]
    )
    if len(missing) > 1:
        raise_all(missing)
    timeout = call.number("timeout")
    _begin(
        call,
        {
            "kind": "wait",
            "for": "create",
            "left": [[t.resource.name, t.namespace, t.name, ""] for t in _meant(call)],
            "query": _query(call),
            "deadline": call.now_us + (timeout if timeout >= 0 else _WEEK_US),
            "once": timeout == 0,
            "problems": [],
            "output": call.text("output"),
        },
    )


def _missing(call: Call) -> list[CommandError]:
    if not call.rest and not call.names_files:
        raise CommandError(NOTHING_NAMED)
    return select(call, call.rest).problems


def _meant(call: Call) -> list[Target]:
    if call.names_files:
        return [Target(one.resource, one.namespace, one.name) for one in read_manifests(call)]
    whole = call.on("all") or bool(_query(call))
    return targets(call, call.rest, everything=whole, any_namespace=call.on("all-namespaces"))


def _query(call: Call) -> dict[str, str]:
    query = {"labelSelector": call.text("selector"), "fieldSelector": call.text("field-selector")}
    return {name: text for name, text in query.items() if text}


def _selected(call: Call, condition: str) -> Selection:
    if not call.rest and not call.names_files:
        raise CommandError(NOTHING_NAMED)
    selection = select(call, call.rest)
    missing: list[CommandError] = [
        p for p in selection.problems if isinstance(p, ApiRefusal) and p.reason == "NotFound"
    ]
    if _is_delete(condition):
        selection.problems = [problem for problem in selection.problems if problem not in missing]
    if not selection.found:
        selection.done()
    return selection


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
    if _is_create(token["for"]):
        return _look_for_created(api, token, now_us)
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


def _look_for_created(api: ApiClient, token: Token, now_us: int) -> tuple[str, str, Token]:
    """Nothing is said before all of them are there."""
    there: list[tuple[Resource, Obj]] = []
    for name, namespace, wanted, _ in token["left"]:
        resource = api.kinds.by_name(name)
        assert resource is not None
        found = (
            _of_name(api, resource, namespace, wanted)
            if wanted
            else api.items(resource, namespace, query=token["query"])
        )
        if not found:
            late = now_us >= token["deadline"]
            return (
                "",
                "error: timed out waiting for the condition\n" if late else "",
                {**token, "left": [] if late else token["left"]},
            )
        there += [(resource, obj) for obj in found]
    output = str(token["output"])
    met = "".join(
        object_text({"kind": resource.kind, "apiVersion": resource.api_version, **obj}, output)
        if output
        else f"{typed_name(resource, obj['metadata']['name'])} condition met\n"
        for resource, obj in there
    )
    return met, "", {**token, "left": []}


def _of_name(api: ApiClient, resource: Resource, namespace: str, name: str) -> list[Obj]:
    try:
        return [api.get(resource, namespace, name)]
    except ApiRefusal as refusal:
        if refusal.reason != "NotFound":
            raise
        return []


_REFUSED: Obj = {}


def _found(api: ApiClient, resource: Resource, wanted: list[str], problems: list[str], condition: str) -> Obj | None:
    """The object; None when it is not there and that is no mistake."""
    try:
        return api.get(resource, wanted[1], wanted[2])
    except ApiRefusal as refusal:
        if refusal.reason != "NotFound":
            raise
        if not _is_delete(condition):
            problems.append(refusal.report().rstrip("\n"))
            return _REFUSED
        return None


def _too_late(token: Token, name: str, now_us: int) -> str:
    if token["once"]:
        return f"condition not met for {name}"
    if now_us < token["deadline"]:
        return ""
    return f"timed out waiting for the condition on {name}"


def _complaints(problems: list[str]) -> str:
    if len(problems) == 1:
        return problems[0] + "\n" if problems[0].startswith("Error from server") else f"error: {problems[0]}\n"
    return "".join(f"{problem}\n" for problem in problems)


def _holds(condition: str, obj: Obj | None, uid: str) -> bool:
    if _is_delete(condition):
        return obj is None or obj["metadata"].get("uid") != uid
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
