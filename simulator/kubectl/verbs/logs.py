"""`kubectl logs`: what containers wrote.

Following asks with timestamps for what came since the last line; a line is recognised by its time and its number among
lines of that time, so nothing is printed twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.engine.plain import Obj
from simulator.kubectl.api_client import ApiClient
from simulator.kubectl.call import Call
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import ApiRefusal, CommandError
from simulator.kubectl.following import Followed, finished
from simulator.kubectl.pod_choice import container_of, named_target, pods_of, pods_resource
from simulator.kubectl.shared_flags import SELECTOR
from simulator.machinery.go_text import parse_time_us

_NOTHING_NAMED = "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command"


@dataclass(frozen=True, slots=True)
class _Source:
    """One container whose log is wanted."""

    namespace: str
    pod: str
    container: str


def logs(call: Call) -> None:
    _check(call)
    sources = _sources(call)
    if call.on("follow") and len(sources) > call.number("max-log-requests"):
        raise CommandError(
            f"you are attempting to follow {len(sources)} log streams, but maximum allowed concurrency is "
            f"{call.number('max-log-requests')}, use --max-log-requests to increase the limit"
        )
    followed: list[dict[str, Any]] = []
    for source in sources:
        text, state = _first(call, source)
        call.out(text)
        followed.append(state)
    if call.on("follow"):
        call.follow = {
            "kind": "logs",
            "sources": followed,
            "prefix": _prefixed(call),
            "timestamps": call.on("timestamps"),
        }


def _check(call: Call) -> None:
    if not call.rest and not call.text("selector"):
        raise call.wrong_usage(_NOTHING_NAMED)
    if call.rest and call.text("selector"):
        raise call.wrong_usage("only a selector (-l) or a POD name is allowed")
    if len(call.rest) > 2:
        raise call.wrong_usage(_NOTHING_NAMED)
    if call.given("since") and call.text("since-time"):
        raise CommandError("at most one of `sinceTime` or `sinceSeconds` may be specified")
    if call.on("all-containers") and call.text("container"):
        raise CommandError(
            "--all-containers=true should not be specified with container name " + call.text("container")
        )
    if call.text("since-time") and parse_time_us(call.text("since-time")) is None:
        raise CommandError(f'parsing time "{call.text("since-time")}" as "2006-01-02T15:04:05Z07:00": cannot parse it')


def _sources(call: Call) -> list[_Source]:
    if call.text("selector"):
        pods = call.api.items(pods_resource(), call.namespace, query={"labelSelector": call.text("selector")})
        if not pods:
            call.err(f"No resources found in {call.namespace} namespace.\n")
    else:
        pods = _named_pods(call)
    return [source for pod in pods for source in _containers(call, pod)]


def _named_pods(call: Call) -> list[Obj]:
    words = call.rest
    if len(words) == 2 and not call.text("container"):
        call.arguments.values["container"] = words[1]
        words = words[:1]
    target = named_target(call, words)
    try:
        if target.resource.kind == "Pod":
            return [call.api.get(target.resource, target.namespace, target.name)]
        pods = pods_of(call, target, doing="get the logs from")
    except ApiRefusal as refusal:
        if refusal.reason != "NotFound":
            raise
        raise CommandError(
            f'error from server (NotFound): {refusal.message} in namespace "{call.namespace}"'
        ) from refusal
    if not pods:
        raise CommandError("timed out waiting for the condition")
    if call.on("all-pods"):
        return pods
    if len(pods) > 1:
        call.err(f"Found {len(pods)} pods, using pod/{pods[0]['metadata']['name']}\n")
    return pods[:1]


def _containers(call: Call, pod: Obj) -> list[_Source]:
    namespace, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    if call.on("all-containers"):
        fields = ("initContainers", "containers", "ephemeralContainers")
        names = [c["name"] for field in fields for c in pod["spec"].get(field) or ()]
    else:
        names = [container_of(call, pod, call.text("container"))]
    return [_Source(namespace, name, container) for container in names]


def _prefixed(call: Call) -> bool:
    return call.on("prefix") or call.on("all-pods")


def _query(call: Call, source: _Source) -> dict[str, str]:
    query = {"container": source.container, "timestamps": "true"}
    tail = call.number("tail")
    if not call.given("tail") and call.text("selector"):
        tail = 10
    if tail >= 0:
        query["tailLines"] = str(tail)
    if call.on("previous"):
        query["previous"] = "true"
    if call.number("since") > 0:
        query["sinceSeconds"] = str(-(-call.number("since") // 1_000_000))
    if call.text("since-time"):
        query["sinceTime"] = call.text("since-time")
    return query


def _first(call: Call, source: _Source) -> tuple[str, dict[str, Any]]:
    lines = _lines(call.api.log(source.namespace, source.pod, query=_query(call, source)))
    last = lines[-1][0] if lines else ""
    state = {
        "namespace": source.namespace,
        "pod": source.pod,
        "container": source.container,
        "last": last,
        "count": sum(stamp == last for stamp, _ in lines),
    }
    text = "".join(_line_text(stamp, line, source, _prefixed(call), call.on("timestamps")) for stamp, line in lines)
    limit = call.number("limit-bytes")
    return (text.encode()[:limit].decode(errors="ignore") if limit else text), state


def _lines(text: str) -> list[tuple[str, str]]:
    """Lines with their time in front, as the server writes them."""
    split = [line.partition(" ") for line in text.splitlines()]
    return [(stamp, line) for stamp, _, line in split]


def _line_text(stamp: str, line: str, source: _Source, prefixed: bool, stamped: bool) -> str:
    head = f"[pod/{source.pod}/{source.container}] " if prefixed else ""
    return f"{head}{stamp + ' ' if stamped else ''}{line}\n"


def follow_logs(api: ApiClient, token: dict[str, Any], now_us: int) -> Followed:
    """Lines written since the last look; ends when every container has ended."""
    text, states, left = "", [], False
    for state in token["sources"]:
        source = _Source(state["namespace"], state["pod"], state["container"])
        query = {"container": source.container, "timestamps": "true"}
        if state["last"]:
            query["sinceTime"] = state["last"]
        try:
            lines = _lines(api.log(source.namespace, source.pod, query=query))
            left = _is_running(api, source) or left
        except ApiRefusal as refusal:
            if refusal.reason in ("Forbidden", "Unauthorized"):
                raise
            states.append(state)
            continue
        fresh = _fresh(lines, state)
        text += "".join(_line_text(s, line, source, token["prefix"], token["timestamps"]) for s, line in fresh)
        states.append(_advanced(state, lines, fresh))
    moved = {**token, "sources": states}
    return Followed(text, moved) if left else finished(moved, text)


def _fresh(lines: list[tuple[str, str]], state: dict[str, Any]) -> list[tuple[str, str]]:
    older = [line for line in lines if line[0] == state["last"]]
    return older[state["count"] :] + [line for line in lines if line[0] > state["last"]]


def _advanced(state: dict[str, Any], lines: list[tuple[str, str]], fresh: list[tuple[str, str]]) -> dict[str, Any]:
    if not fresh:
        return state
    last = fresh[-1][0]
    return {**state, "last": last, "count": sum(stamp == last for stamp, _ in lines)}


def _is_running(api: ApiClient, source: _Source) -> bool:
    pod = api.get(pods_resource(), source.namespace, source.pod)
    status = pod.get("status") or {}
    fields = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
    states = [c.get("state") or {} for f in fields for c in status.get(f) or () if c["name"] == source.container]
    return any("running" in state for state in states)


FOLLOWERS = {"logs": follow_logs}

COMMANDS = (
    Command(
        "logs",
        "Print what a container wrote",
        logs,
        usage="[-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]",
        flags=(
            SELECTOR,
            Flag("container", "c", help="This container"),
            Flag("all-containers", kind="bool", help="Every container of the pod"),
            Flag("all-pods", kind="bool", help="Every pod of the workload"),
            Flag("follow", "f", kind="bool", help="Go on and print new lines"),
            Flag("previous", "p", kind="bool", help="The container's previous instance"),
            Flag("tail", kind="int", default=-1, help="Only so many last lines"),
            Flag("since", kind="duration", help="Only lines newer than this, for example 5m"),
            Flag("since-time", help="Only lines after this time (RFC 3339)"),
            Flag("timestamps", kind="bool", help="Put the time in front of each line"),
            Flag("prefix", kind="bool", help="Put pod and container in front of each line"),
            Flag("limit-bytes", kind="int"),
            Flag("max-log-requests", kind="int", default=5),
            Flag("ignore-errors", kind="bool"),
            Flag("insecure-skip-tls-verify-backend", kind="bool"),
            Flag("pod-running-timeout", kind="duration", default=20_000_000),
        ),
    ),
)
