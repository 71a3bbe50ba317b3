"""`kind create cluster`: configuration, the steps that are told, the context, and `--wait`.

Order and words of `pkg/cluster/internal/create/create.go` and its actions (kind v0.29). What happens before the API server answers takes no
simulated time; the machines register and become ready while time passes.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from simulator.kubectl.api_client import ApiClient
from simulator.kubectl.call import Token
from simulator.kubectl.following import Followed
from simulator.kubectl.home import FileError
from simulator.kubectl.kind_run import DEFAULT_NAME, KindRefused, Made, Run, merge
from simulator.machinery.go_text import quoted
from simulator.node.durations import go_duration

IMAGE = "kindest/node:v1.33.1"
FOLLOW_KIND = "kind-ready"
_NAME = re.compile(r"[a-z0-9.-]+")
_MOST_NAME = 50
_API_VERSION = "kind.x-k8s.io/v1alpha4"
#: `logSalutation`; kind draws one of these.
_SALUTATIONS = (
    "Have a nice day! 👋",
    "Thanks for using kind! 😊",
    "Not sure what to do next? 😅  Check out https://kind.sigs.k8s.io/docs/user/quick-start/",
    "Have a question, bug, or feature request? Let us know! https://kind.sigs.k8s.io/#community 🙂",
)


def create_cluster(run: Run) -> None:
    run.no_arguments("kind create cluster")
    try:
        made = _created(run)
    except KindRefused as refused:
        raise KindRefused(f"failed to create cluster: {refused}") from refused
    run.log(f"Creating cluster {quoted(made.name)} ...")
    for text in _steps(made, run.text("image") or IMAGE):
        run.step(text)
    document = run.kinds.document(made.name)
    assert document is not None
    merge(run, document)
    last = "\n".join(_usage(made, run.text("kubeconfig"))) + "\n"
    if run.arguments.values["wait"]:
        _wait(run, made, last)
    elif not run.on("quiet"):
        run.outcome.stderr += last


def _created(run: Run) -> Made:
    config = _read(run)
    name = (run.name if _is_named(run) else "") or str(config.get("name") or DEFAULT_NAME)
    if run.kinds.machines(name):
        raise KindRefused(f"node(s) already exist for a cluster with the name {quoted(name)}")
    if len(name) > _MOST_NAME:
        run.log(f"cluster name {quoted(name)} is probably too long, this might not work properly on some systems")
    if not _NAME.fullmatch(name):
        raise KindRefused(f"'{name}' is not a valid cluster name, cluster names must match `^[a-z0-9.-]+$`")
    return run.kinds.create({**config, "name": name})


def _is_named(run: Run) -> bool:
    return "name" in run.arguments.given or "KIND_CLUSTER_NAME" in run.surface.environment


def _read(run: Run) -> dict[str, Any]:
    """`encoding.Load`; an empty path is the default cluster."""
    path = run.text("config")
    if not path:
        return {}
    try:
        text = run.stdin if path == "-" else run.surface.home.read(path)
    except FileError as error:
        raise KindRefused(f"error reading file: open {path}: {str(error).lower()}") from error
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise KindRefused(f"could not determine kind / apiVersion for config: yaml: line {line}: {problem}") from error
    document = found if isinstance(found, dict) else {}
    version, name = document.get("apiVersion", ""), document.get("kind", "")
    if version != _API_VERSION:
        raise KindRefused(f"unknown apiVersion: {version}")
    if name != "Cluster":
        raise KindRefused(f"unknown kind {name} for apiVersion: {version}")
    return document


def _steps(made: Made, image: str) -> list[str]:
    workers = len(made.machines) - made.control_planes
    steps = [
        (True, f"Ensuring node image ({image.partition('@sha256:')[0]}) 🖼"),
        (True, f"Preparing nodes {'📦 ' * len(made.machines)}"),
        (made.control_planes > 1, "Configuring the external load balancer ⚖️"),
        (True, "Writing configuration 📜"),
        (True, "Starting control-plane 🕹️"),
        (made.has_network, "Installing CNI 🔌"),
        (True, "Installing StorageClass 💾"),
        (made.control_planes > 1, "Joining more control-plane nodes 🎮"),
        (workers > 0, "Joining worker nodes 🚜"),
    ]
    return [text for is_done, text in steps if is_done]


def _usage(made: Made, kubeconfig: str) -> list[str]:
    sample = f"kubectl cluster-info --context kind-{made.name}" + (f" --kubeconfig {kubeconfig}" if kubeconfig else "")
    salutation = _SALUTATIONS[made.number % len(_SALUTATIONS)]
    return [
        f'Set kubectl context to "kind-{made.name}"',
        f"You can now use your cluster with:\n\n{sample}",
        "",
        salutation,
    ]


# --wait


def _wait(run: Run, made: Made, last: str) -> None:
    now = run.surface.clock()
    waited = int(run.arguments.values["wait"])
    text = f"Waiting ≤ {go_duration(waited)} for control-plane = Ready ⏳"
    if not run.surface.is_terminal:
        run.log(f" • {text}  ...")
    run.outcome.follow = {
        "kind": FOLLOW_KIND,
        "server": made.server,
        "text": text,
        "last": last,
        "began": now,
        "deadline": now + waited,
    }


def follow_ready(api: ApiClient, token: Token, now_us: int) -> Followed:
    """`waitforready.Execute`: until every control plane node is Ready, or the time is over."""
    nodes = api.kinds.lookup("nodes")
    assert nodes is not None
    query = {"labelSelector": "node-role.kubernetes.io/control-plane"}
    found = api.items(nodes, "", query=query)
    if found and all(_is_ready(node) for node in found):
        took = go_duration(round((now_us - token["began"]) / 1e6) * 1_000_000)
        text = f" ✓ {token['text']}\n • Ready after {took} 💚\n{token['last']}"
        return Followed(text, token, done=True)
    if now_us >= token["deadline"]:
        text = f" ✗ {token['text']}\n • WARNING: Timed out waiting for Ready ⚠️\n{token['last']}"
        return Followed(text, token, done=True)
    return Followed("", token)


def _is_ready(node: dict[str, Any]) -> bool:
    conditions = (node.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


FOLLOWERS = {FOLLOW_KIND: follow_ready}
