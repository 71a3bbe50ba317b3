"""`kind` at the workstation: `create|delete cluster`, `get clusters|nodes|kubeconfig`, `export kubeconfig`, `load docker-image`.

Words of kind v0.29 (`pkg/cmd/kind`); help is in our own. Leaves to others: making a cluster (`kind_create`), what a cluster is, and how many there
may be (`kind_run.KindProvider`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from simulator.kubectl.cli import Command, Flag, find_command, parse
from simulator.kubectl.errors import FlagError
from simulator.kubectl.kind_create import create_cluster
from simulator.kubectl.kind_run import DEFAULT_NAME, KindRefused, Run, merge
from simulator.kubectl.small_command import Outcome, Surface
from simulator.kubectl.yaml_text import to_yaml
from simulator.machinery.go_text import quoted

VERSION = "v0.29.0"


def kind(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    if surface.kind is None:
        return Outcome(stderr="ERROR: failed to list clusters: docker is not running\n", exit=1)
    try:
        command, path, left = find_command(ROOT, words)
        arguments = parse((*command.flags, *_GLOBAL), left, " ".join(path))
        return _ran(Run(surface, surface.kind, arguments, stdin), command, " ".join(path))
    except FlagError as error:
        return Outcome(stderr=f"ERROR: {_first_line(error.text)}\n", exit=1)


def _first_line(text: str) -> str:
    """cobra's usage is silenced."""
    return text.partition("\n")[0]


def _ran(run: Run, command: Command, path: str) -> Outcome:
    act = _DEEDS.get(path)
    if run.on("version") and command is ROOT:
        act = _version
    if act is None or run.on("help"):
        if act is None and run.arguments.rest:
            return Outcome(
                stderr=f"ERROR: unknown command {quoted(run.arguments.rest[0])} for {quoted(path)}\n", exit=1
            )
        return Outcome(_help(command, path))
    try:
        act(run)
    except KindRefused as refused:
        run.outcome.stderr += f"ERROR: {refused}\n"
        run.outcome.exit = 1
    return run.outcome


def _help(command: Command, path: str) -> str:
    lines = [command.summary, "", "Usage:", f"  {path} {'[command]' if command.commands else '[flags]'}", ""]
    if command.commands:
        lines += ["Available Commands:", *(f"  {one.name:<12}{one.summary}" for one in command.commands), ""]
    lines += ["Flags:", *(f"  {flag.shown:<22}{flag.help}" for flag in (*command.flags, *_GLOBAL))]
    return "\n".join(lines) + "\n"


# delete


def _delete_cluster(run: Run) -> None:
    run.no_arguments("kind delete cluster")
    run.log(f"Deleting cluster {quoted(run.name)} ...")
    try:
        _delete(run, run.name)
    except KindRefused as refused:
        raise KindRefused(f"failed to delete cluster {quoted(run.name)}: {refused}") from refused


def _delete_clusters(run: Run) -> None:
    names = run.kinds.names() if run.on("all") else run.arguments.rest
    if not names and not run.on("all"):
        raise KindRefused("no cluster names provided")
    gone = []
    for name in names:
        try:
            _delete(run, name)
        except KindRefused as refused:
            run.log(f"failed to delete cluster {quoted(name)}: {refused}")
        else:
            gone.append(name)
    run.log(f"Deleted clusters: {_listed(gone)}")


def _delete(run: Run, name: str) -> None:
    """A cluster that is not there is no mistake; its entries go all the same."""
    machines = run.kinds.delete(name)
    _forget(run, f"kind-{name}")
    if machines:
        run.log(f"Deleted nodes: {_listed(machines)}")


def _forget(run: Run, context: str) -> None:
    """`kubeconfig.RemoveKIND`: the current context is emptied when it was this one's."""
    config = run.config
    before = config.document()
    document = dict(before)
    for section in ("clusters", "contexts", "users"):
        if before.get(section):
            document[section] = [entry for entry in before[section] if entry.get("name") != context]
    if before.get("current-context") == context:
        document["current-context"] = ""
    if document != before:
        config.write(document)


def _listed(names: Sequence[str]) -> str:
    return "[" + " ".join(quoted(name) for name in names) + "]"


# get, export, load, version


def _get_clusters(run: Run) -> None:
    run.no_arguments("kind get clusters")
    for name in run.kinds.names():
        run.out(name)
    if not run.kinds.names():
        run.log("No kind clusters found.")


def _get_nodes(run: Run) -> None:
    run.no_arguments("kind get nodes")
    names = run.kinds.names() if run.on("all-clusters") else [run.name]
    machines = [machine for name in names for machine in run.kinds.machines(name)]
    for machine in machines:
        run.out(machine)
    if not machines:
        everywhere = "No kind nodes for any cluster."
        run.log(everywhere if run.on("all-clusters") else f"No kind nodes found for cluster {quoted(run.name)}.")


def _get_kubeconfig(run: Run) -> None:
    run.no_arguments("kind get kubeconfig")
    run.outcome.stdout += to_yaml(_document(run, internal=run.on("internal"))) + "\n"


def _export_kubeconfig(run: Run) -> None:
    run.no_arguments("kind export kubeconfig")
    merge(run, _document(run, internal=run.on("internal")))
    run.log(f'Set kubectl context to "kind-{run.name}"')


def _document(run: Run, *, internal: bool) -> dict[str, Any]:
    found = run.kinds.document(run.name, internal=internal)
    if found is None:
        raise KindRefused(
            f"could not locate any control plane nodes for cluster named '{run.name}'. "
            "Use the --name option to select a different cluster"
        )
    return found


def _load_images(run: Run) -> None:
    images = list(dict.fromkeys(run.arguments.rest))
    if not images:
        raise KindRefused("a list of image names is required")
    ids = {image: run.kinds.image_id(image) for image in images}
    for image, found in ids.items():
        if found is None:
            raise KindRefused(f"image: {quoted(image)} not present locally")
    machines = run.kinds.machines(run.name)
    if not machines:
        raise KindRefused(f"no nodes found for cluster {quoted(run.name)}")
    wanted = list(run.arguments.values["nodes"] or machines)
    for machine in wanted:
        if machine not in machines:
            raise KindRefused(f"unknown node: {quoted(machine)}")
    for image in images:
        _load(run, image, ids[image] or "", wanted)


def _load(run: Run, image: str, digest: str, machines: list[str]) -> None:
    lacking = [machine for machine in machines if not run.kinds.has_image(run.name, image, machine)]
    for machine in lacking:
        run.log(
            f"Image: {quoted(image)} with ID {quoted(digest)} not yet present on node {quoted(machine)}, loading..."
        )
    if not lacking:
        run.log(f"Image: {quoted(image)} with ID {quoted(digest)} found to be already present on all nodes.")
        return
    run.kinds.load_image(run.name, image, lacking)


def _version(run: Run) -> None:
    run.out(f"kind {VERSION} go1.24.2 linux/amd64")


_GLOBAL = (
    Flag("loglevel"),
    Flag("quiet", "q", kind="bool", help="silence all stderr output"),
    Flag("verbosity", "v", default="0", help="info log verbosity"),
    Flag("version", kind="bool"),
    Flag("help", "h", kind="bool", help="help for the command"),
)
_KUBECONFIG = Flag("kubeconfig", help="where contexts are kept instead of $KUBECONFIG or ~/.kube/config")
_NAMED = Flag("name", "n", default=DEFAULT_NAME, help="the cluster's name")
_INTERNAL = Flag("internal", kind="bool", help="the address that other containers use")

ROOT = Command(
    "kind",
    "Makes and removes simulated clusters beside the one of this lab",
    commands=(
        Command(
            "create",
            "Creates one of [cluster]",
            commands=(
                Command(
                    "cluster",
                    "Creates a cluster",
                    flags=(
                        Flag(
                            "name", "n", help="the cluster's name: overrides that of the configuration (default kind)"
                        ),
                        Flag("config", help="path of a kind configuration, or -"),
                        Flag("image", help="node image"),
                        Flag("retain", kind="bool"),
                        Flag("wait", kind="duration", help="wait for the control plane to be ready"),
                        _KUBECONFIG,
                    ),
                ),
            ),
        ),
        Command(
            "delete",
            "Deletes one of [cluster]",
            commands=(
                Command("cluster", "Deletes a cluster", flags=(_NAMED, _KUBECONFIG)),
                Command(
                    "clusters",
                    "Deletes one or more clusters",
                    flags=(Flag("all", "A", kind="bool", help="delete all clusters"), _KUBECONFIG),
                ),
            ),
        ),
        Command(
            "export",
            "Exports one of [kubeconfig]",
            commands=(Command("kubeconfig", "Adds a cluster's context", flags=(_NAMED, _INTERNAL, _KUBECONFIG)),),
        ),
        Command(
            "get",
            "Gets one of [clusters, nodes, kubeconfig]",
            commands=(
                Command("clusters", "Lists clusters by their names"),
                Command("kubeconfig", "Prints a cluster's kubeconfig", flags=(_NAMED, _INTERNAL)),
                Command(
                    "nodes",
                    "Lists nodes by their names",
                    flags=(_NAMED, Flag("all-clusters", "A", kind="bool", help="the nodes of all clusters")),
                ),
            ),
        ),
        Command(
            "load",
            "Loads images into nodes",
            commands=(
                Command(
                    "docker-image",
                    "Loads images of this workstation into nodes",
                    flags=(_NAMED, Flag("nodes", kind="list", help="these nodes only, separated by commas")),
                ),
            ),
        ),
        Command("version", "Prints the version"),
    ),
)

_DEEDS: dict[str, Callable[[Run], None]] = {
    "kind create cluster": create_cluster,
    "kind delete cluster": _delete_cluster,
    "kind delete clusters": _delete_clusters,
    "kind export kubeconfig": _export_kubeconfig,
    "kind get clusters": _get_clusters,
    "kind get kubeconfig": _get_kubeconfig,
    "kind get nodes": _get_nodes,
    "kind load docker-image": _load_images,
    "kind version": _version,
}
