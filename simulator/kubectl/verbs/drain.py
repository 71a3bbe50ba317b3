"""`kubectl drain`: one node after the other, every pod by an eviction that is tried again until its budget allows it.

`kubectl/pkg/drain/drain.go` and `cmd/drain/drain.go` of v1.33: a refused eviction is tried again after five seconds, a pod that was sent away is looked
for every second, `--timeout` is one deadline for all pods of a node. Real kubectl goes on with all pods side by side; here they
come in the order of the list.
"""

from __future__ import annotations

from typing import Any

from simulator.engine.plain import Obj
from simulator.kubectl.acting import Acted
from simulator.kubectl.api_client import ApiClient
from simulator.kubectl.call import Call, Token
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import ApiRefusal
from simulator.kubectl.pod_choice import pods_resource
from simulator.kubectl.shared_flags import DRY_RUN, GRACE_PERIOD, SELECTOR, TIMEOUT, done_suffix, dry_run
from simulator.kubectl.verbs.nodes import chosen_nodes, set_schedulable
from simulator.machinery.go_text import parse_time_us, quoted
from simulator.node.durations import go_duration

_MIRROR = "kubernetes.io/config.mirror"
_RETRY_US, _LOOK_US = 5_000_000, 1_000_000
_TERMINATING = "NamespaceTerminating"


def drain(call: Call) -> None:
    selection = chosen_nodes(call)
    selection.done()
    set_schedulable(call, selection, wanted=False)
    token: Token = {
        "kind": "drain",
        "acts": True,
        "nodes": [[found.typed_name, found.name] for found in selection],
        "drained": [],
        "current": None,
        "errors": [],
        "timeout": call.number("timeout"),
        "grace": call.number("grace-period"),
        "dry_run": dry_run(call),
        "suffix": done_suffix(call),
        "by_deletion": call.on("disable-eviction"),
        "skip_us": call.number("skip-wait-for-delete-timeout") * 1_000_000,
        "pod_selector": call.text("pod-selector"),
        "allowed": [flag for flag in ("force", "ignore-daemonsets", "delete-emptydir-data") if call.on(flag)],
    }
    call.goes_on(act_drain(call.api, token, call.now_us))


def act_drain(api: ApiClient, token: Token, now_us: int) -> Acted:
    """Everything that is due now, on one node after the other."""
    acted = Acted({**token, "drained": [*token["drained"]], "errors": [*token["errors"]]})
    drainer = _Drainer(api, acted, now_us)
    for typed, name in acted.token["nodes"][_begun(acted.token) :]:
        if acted.token["current"] is None:
            drainer.begin(name)
        if not drainer.go_on(typed, name):
            return acted
    acted.done, acted.due = True, None
    _report(acted)
    return acted


def _begun(token: Token) -> int:
    """How many nodes are done with, one way or the other."""
    return len(token["drained"]) + len(token["errors"])


def _report(acted: Acted) -> None:
    errors = acted.token["errors"]
    acted.exit = 1 if errors else 0
    # One aggregate of one is opened, as `checkErr` does; several are shown a line each.
    lines = errors[0] if len(errors) == 1 else [_aggregate(each) for each in errors]
    for line in lines:
        acted.err(f"{line}\n")


def _aggregate(errors: list[str]) -> str:
    return errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]"


class _Drainer:
    """One moment of a drain. What has to outlast it is in `acted.token`."""

    def __init__(self, api: ApiClient, acted: Acted, now_us: int) -> None:
        self._api, self._acted, self._token, self._now_us = api, acted, acted.token, now_us

    def begin(self, node: str) -> None:
        timeout = self._token["timeout"]
        current: dict[str, Any] = {"pods": [], "errors": [], "deadline": self._now_us + timeout if timeout else 0}
        self._token["current"] = current
        pods, warned, blocked = self._sorted_out(node)
        if blocked:
            current["errors"] = blocked
            return
        if warned:
            self._acted.err(f"Warning: {warned}\n")
        try:
            for pod in pods:
                self._send(pod, current)
        except ApiRefusal as refusal:
            current["pods"], current["errors"], current["pending"] = [], [refusal.line()], node

    def _send(self, pod: Obj, current: dict[str, Any]) -> None:
        """Deletes a pod, or leaves it to be evicted."""
        metadata, by_deletion = pod["metadata"], self._token["by_deletion"]
        namespace, name = metadata["namespace"], metadata["name"]
        if self._token["dry_run"] != "none":
            if not by_deletion or self._token["dry_run"] == "client":
                self._acted.out(f"evicting pod {namespace}/{name}{self._token['suffix']}\n")
            return
        if by_deletion:
            try:
                self._api.delete(pods_resource(), namespace, name, options=self._options())
            except ApiRefusal as refusal:
                if refusal.reason != "NotFound":
                    raise
        step = "wait" if by_deletion else "evict"
        current["pods"].append([namespace, name, metadata.get("uid", ""), step, self._now_us])

    def go_on(self, typed: str, node: str) -> bool:
        """False while pods of this node are still to be seen to."""
        current = self._token["current"]
        left, errors = [], [*current["errors"]]
        for entry in current["pods"]:
            kept = self._seen_to([*entry], current["deadline"], errors)
            if kept is not None:
                left.append(kept)
        self._token["current"] = {**current, "pods": left, "errors": errors}
        if left:
            self._acted.due = min(entry[4] for entry in left)
            return False
        self._token["current"] = None
        if not errors:
            self._token["drained"].append(node)
            self._acted.out(f"{typed} drained{self._token['suffix']}\n")
            return True
        self._failed(node, errors, listed="pending" in current or bool(current["pods"]))
        return True

    def _failed(self, node: str, errors: list[str], *, listed: bool) -> None:
        why = _aggregate(errors)
        if listed and (pending := self._sorted_out(node)[0]):
            self._acted.err(f"There are pending pods in node {quoted(node)} when an error occurred: {why}\n")
            for pod in pending:
                self._acted.err(f"pod/{pod['metadata']['name']}\n")
        self._acted.err(f"error: unable to drain node {quoted(node)} due to error: {why}, continuing command...\n")
        left = [name for _, name in self._token["nodes"] if name not in self._token["drained"]]
        self._acted.err("There are pending nodes to be drained:\n" + "".join(f" {name}\n" for name in left))
        self._token["errors"].append(errors)

    # One pod

    def _seen_to(self, entry: list[Any], deadline: int, errors: list[str]) -> list[Any] | None:
        """What is still to do for a pod; None when that is nothing."""
        if entry[4] > self._now_us:
            return entry
        if entry[3] == "evict" and not self._evicted(entry, deadline, errors):
            return None
        if entry[3] == "wait" and self._is_gone(entry, deadline, errors):
            return None
        return entry

    def _evicted(self, entry: list[Any], deadline: int, errors: list[str]) -> bool:
        """Whether there is more to do."""
        namespace, name = entry[0], entry[1]
        pod = f"pods/{quoted(name)} -n {quoted(namespace)}"
        self._acted.out(f"evicting pod {namespace}/{name}\n")
        if self._is_late(deadline):
            errors.append(f"error when evicting {pod}: global timeout reached: {self._timeout()}")
            return False
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": name, "namespace": namespace},
            "deleteOptions": self._options(),
        }
        try:
            self._api.post(f"/api/v1/namespaces/{namespace}/pods/{name}/eviction", body)
        except ApiRefusal as refusal:
            return self._refused(refusal, entry, pod, errors)
        entry[3] = "wait"
        return True

    def _refused(self, refusal: ApiRefusal, entry: list[Any], pod: str, errors: list[str]) -> bool:
        if refusal.reason == "NotFound":
            return False
        if refusal.code == 429:
            self._acted.err(f"error when evicting {pod} (will retry after 5s): {refusal.message}\n")
        elif refusal.code == 403 and _is_terminating(refusal):
            if self._is_deleted(entry):
                entry[3] = "wait"
                return True
            where = f"pod {quoted(entry[1])} from terminating namespace {quoted(entry[0])}"
            self._acted.err(f"error when evicting {where} (will retry after 5s): {refusal.message}\n")
        else:
            errors.append(f"error when evicting {pod}: {refusal.message}")
            return False
        entry[4] = self._now_us + _RETRY_US
        return True

    def _is_gone(self, entry: list[Any], deadline: int, errors: list[str]) -> bool:
        """Whether a pod that was sent away need not be waited for any more; if so, it is said why."""
        namespace, name, uid = entry[:3]
        pod = self._pod(namespace, name)
        if pod is None or pod["metadata"].get("uid") != uid:
            self._acted.out(f"pod/{name} {'deleted' if self._token['by_deletion'] else 'evicted'}\n")
            return True
        deleted = parse_time_us(pod["metadata"].get("deletionTimestamp"))
        skip_us = self._token["skip_us"]
        if skip_us and deleted is not None and self._now_us - deleted > skip_us:
            seconds = skip_us // 1_000_000
            self._acted.out(f"pod {quoted(name)} has DeletionTimestamp older than {seconds} seconds, skipping\n")
            return True
        if self._is_late(deadline):
            late = f"global timeout reached: {self._timeout()}"
            by_eviction = (
                f"error when waiting for pod {quoted(name)} in namespace {quoted(namespace)} to terminate: {late}"
            )
            errors.append(late if self._token["by_deletion"] else by_eviction)
            return True
        entry[4] = self._now_us + _LOOK_US
        return False

    def _pod(self, namespace: str, name: str) -> Obj | None:
        try:
            return self._api.get(pods_resource(), namespace, name)
        except ApiRefusal as refusal:
            if refusal.reason != "NotFound":
                raise
            return None

    def _is_deleted(self, entry: list[Any]) -> bool:
        pod = self._pod(entry[0], entry[1])
        return pod is not None and bool(pod["metadata"].get("deletionTimestamp"))

    def _is_late(self, deadline: int) -> bool:
        return bool(deadline) and self._now_us >= deadline

    def _timeout(self) -> str:
        return go_duration(self._token["timeout"])

    def _options(self) -> Obj:
        return {"gracePeriodSeconds": self._token["grace"]} if self._token["grace"] >= 0 else {}

    # Which pods

    def _sorted_out(self, node: str) -> tuple[list[Obj], str, list[str]]:
        """Which pods go, what to warn of, and what stands in the way."""
        query = {"fieldSelector": f"spec.nodeName={node}"}
        if self._token["pod_selector"]:
            query["labelSelector"] = self._token["pod_selector"]
        chosen: list[Obj] = []
        noted: dict[str, list[str]] = {}
        blocked: dict[str, list[str]] = {}
        for pod in self._api.items(pods_resource(), "", query=query):
            why, note, goes = _judged(pod, self._token["allowed"])
            name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
            if why:
                blocked.setdefault(why, []).append(name)
            if note:
                noted.setdefault(note, []).append(name)
            if goes:
                chosen.append(pod)
        warned = "; ".join(f"{text}: {', '.join(names)}" for text, names in sorted(noted.items()))
        return chosen, warned, [f"{text}: {', '.join(names)}" for text, names in sorted(blocked.items())]


def _judged(pod: Obj, allowed: list[str]) -> tuple[str, str, bool]:
    """Why a pod stands in the way, what is noted of it, and whether it goes."""
    metadata = pod["metadata"]
    owner = next((r for r in metadata.get("ownerReferences") or () if r.get("controller")), None)
    is_finished = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
    if _MIRROR in (metadata.get("annotations") or {}):
        return "", "", False
    if owner and owner["kind"] == "DaemonSet" and not is_finished:
        if "ignore-daemonsets" in allowed:
            return "", "ignoring DaemonSet-managed Pods", False
        return "cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)", "", False
    if is_finished:
        return "", "", True
    if (
        any("emptyDir" in volume for volume in pod["spec"].get("volumes") or ())
        and "delete-emptydir-data" not in allowed
    ):
        return "cannot delete Pods with local storage (use --delete-emptydir-data to override)", "", False
    if owner is None and "force" not in allowed:
        return "cannot delete cannot delete Pods that declare no controller (use --force to override)", "", False
    return "", "" if owner else "deleting Pods that declare no controller", True


def _is_terminating(refusal: ApiRefusal) -> bool:
    causes = (refusal.status.get("details") or {}).get("causes") or ()
    return any(cause.get("reason") == _TERMINATING for cause in causes)


ACTORS = {"drain": act_drain}

COMMANDS = (
    Command(
        "drain",
        "Empty a node for maintenance",
        drain,
        usage="NODE",
        flags=(
            DRY_RUN,
            SELECTOR,
            GRACE_PERIOD,
            TIMEOUT,
            Flag("chunk-size", kind="int", default=500),
            Flag("delete-emptydir-data", kind="bool", help="Also pods that would lose emptyDir data"),
            Flag("disable-eviction", kind="bool", help="Delete pods, past every budget"),
            Flag("force", kind="bool", help="Also pods that nothing will recreate"),
            Flag("ignore-daemonsets", kind="bool", help="Leave pods of DaemonSets where they are"),
            Flag("pod-selector", help="Only pods with these labels"),
            Flag("skip-wait-for-delete-timeout", kind="int"),
        ),
    ),
)
