"""`kubectl api-resources`, `api-versions`, `version`, `cluster-info` and `auth`: what is there, and who may use it."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.engine.plain import Obj
from simulator.kubectl.call import Call
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.describers.access import permissions
from simulator.kubectl.errors import CommandError, Unreachable
from simulator.kubectl.printers import object_text, plain_table
from simulator.kubectl.selection import resource_named
from simulator.kubectl.shared_flags import OUTPUT
from simulator.kubectl.verbs.cluster_dump import DUMP
from simulator.kubectl.verbs.reconcile import RECONCILE
from simulator.machinery.json_text import in_order, indented
from simulator.machinery.resources import Resource

CLIENT_VERSION = "v1.33.1"
_KUSTOMIZE = "v5.6.0"
_CLIENT_BUILD = {
    "gitCommit": "8adc0f041b8e7ad1d30e29cc59c6ae7a15e19828",
    "gitTreeState": "clean",
    "buildDate": "2025-05-15T08:27:33Z",
    "goVersion": "go1.24.2",
    "compiler": "gc",
    "platform": "linux/amd64",
}


# api-resources, api-versions


_HEADER = ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"]


def api_resources(call: Call) -> None:
    if call.rest:
        raise call.wrong_usage(f"unexpected arguments: [{' '.join(call.rest)}]")
    if call.text("output") not in ("", "wide", "name"):
        raise CommandError(f"--output {call.text('output')} is not available")
    if call.text("sort-by") not in ("", "name", "kind"):
        raise CommandError("--sort-by accepts only name or kind")
    wide = call.text("output") == "wide"
    header = [*_HEADER, "VERBS", "CATEGORIES"] if wide else _HEADER
    try:
        rows = [row for row in _resource_rows(call) if _wanted(call, *row)]
    except Unreachable as error:  # the header was written by then
        error.written = plain_table(header, []) if call.text("output") != "name" and not call.on("no-headers") else ""
        raise
    _sort(call, rows)
    if call.text("output") == "name":
        call.out("".join(f"{_full_name(version, row)}\n" for version, row in rows))
        return
    cells = [_cells(version, row, wide=wide) for version, row in rows]
    call.out(plain_table(header, cells, headers=not call.on("no-headers")))


def _resource_rows(call: Call) -> list[tuple[str, Obj]]:
    """Group version and row of every resource, in the preferred version of its group where that has it."""
    lists = [call.api.document("/api/v1")]
    for group in call.api.document("/apis")["groups"]:
        lists += [call.api.document(f"/apis/{version['groupVersion']}") for version in group["versions"]]
    rows: dict[tuple[str, str], tuple[str, Obj]] = {}
    for found in lists:
        group_name = found["groupVersion"].rpartition("/")[0]
        for row in found["resources"]:
            if "/" not in row["name"] and row.get("verbs"):
                rows.setdefault((group_name, row["name"]), (found["groupVersion"], row))
    return list(rows.values())


def _wanted(call: Call, version: str, row: Obj) -> bool:
    group = version.rpartition("/")[0]
    if call.given("api-group") and call.text("api-group") != group:
        return False
    if call.given("namespaced") and call.on("namespaced") != row["namespaced"]:
        return False
    if any(verb not in row["verbs"] for verb in call.many("verbs")):
        return False
    return all(category in (row.get("categories") or ()) for category in call.many("categories"))


def _sort(call: Call, rows: list[tuple[str, Obj]]) -> None:
    if call.text("sort-by") == "kind":
        rows.sort(key=lambda item: str(item[1]["kind"]))
    elif call.text("sort-by") == "name":
        rows.sort(key=lambda item: str(item[1]["name"]))
    else:
        rows.sort(key=lambda item: (item[0].rpartition("/")[0], item[1]["name"]))


def _full_name(version: str, row: Obj) -> str:
    group = version.rpartition("/")[0]
    return f"{row['name']}.{group}" if group else str(row["name"])


def _cells(version: str, row: Obj, *, wide: bool) -> list[str]:
    short = ",".join(row.get("shortNames") or ())
    cells = [row["name"], short, version, "true" if row["namespaced"] else "false", row["kind"]]
    if wide:
        cells += [",".join(row["verbs"]), ",".join(row.get("categories") or ())]
    return cells


def api_versions(call: Call) -> None:
    if call.rest:
        raise call.wrong_usage(f"unexpected arguments: [{' '.join(call.rest)}]")
    groups = call.api.document("/apis")["groups"]
    versions = [version["groupVersion"] for group in groups for version in group["versions"]]
    call.out("".join(f"{version}\n" for version in sorted([*versions, "v1"])))


# version, cluster-info


def version(call: Call) -> None:
    if call.rest:
        raise CommandError(f"extra arguments: [{' '.join(call.rest)}]")
    if call.text("output") not in ("", "json", "yaml"):
        raise CommandError("--output must be 'yaml' or 'json'")
    if not call.on("client"):
        call.config.document()
    if not call.text("output"):
        call.out(f"Client Version: {CLIENT_VERSION}\nKustomize Version: {_KUSTOMIZE}\n")
    server = None if call.on("client") else call.api.document("/version")
    if call.text("output"):
        major, minor, _ = CLIENT_VERSION.removeprefix("v").split(".")
        found: Obj = {
            "clientVersion": {"major": major, "minor": minor, "gitVersion": CLIENT_VERSION, **_CLIENT_BUILD},
            "kustomizeVersion": _KUSTOMIZE,
        }
        found |= {"serverVersion": server} if server else {}
        is_json = call.text("output") == "json"
        call.out(indented(found) + "\n" if is_json else object_text(found, "yaml"))
        call.out("\n" if call.text("output") == "yaml" else "")
    elif server:
        call.out(f"Server Version: {server['gitVersion']}\n")


_FURTHER = "\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.\n"


def cluster_info(call: Call) -> None:
    services = resource_named("services", call.api.kinds)
    try:
        found = call.api.items(services, "kube-system", query={"labelSelector": "kubernetes.io/cluster-service=true"})
    except Unreachable as error:
        error.written = _FURTHER
        raise
    server = call.context.server
    call.out(f"Kubernetes control plane is running at {server}\n")
    for service in found:
        metadata = service["metadata"]
        name = (metadata.get("labels") or {}).get("kubernetes.io/name") or metadata["name"]
        port = (service["spec"].get("ports") or [{}])[0]
        suffix = f":{port['name']}" if port.get("name") else ""
        path = f"/api/v1/namespaces/{metadata['namespace']}/services/{metadata['name']}{suffix}/proxy"
        call.out(f"{name} is running at {server}{path}\n")
    call.out(_FURTHER)


# auth


def can_i(call: Call) -> None:
    if call.on("list"):
        _list_permissions(call)
        return
    if len(call.rest) not in (2, 3):
        raise CommandError(
            "you must specify two arguments: verb resource or verb resource/resourceName.\n"
            "See 'kubectl auth can-i -h' for help and examples."
        )
    verb, *words = call.rest
    if verb not in _KNOWN_VERBS:
        call.err(f"Warning: verb '{verb}' is not a known verb\n\n")
    spec = _url_question(verb, words) if words[0].startswith("/") else _resource_question(call, verb, words)
    try:
        status = _review(call, "selfsubjectaccessreviews", "SelfSubjectAccessReview", spec)
    except Unreachable as error:
        if error.is_nobody and "resourceAttributes" in spec:
            error.text = f"Warning: the server doesn't have a resource type '{words[0]}'\n\n{error.text}"
        raise
    allowed = bool(status.get("allowed"))
    if not call.on("quiet"):
        call.out("yes\n" if allowed else "no\n")
    call.exit_code = 0 if allowed else 1


_KNOWN_VERBS = (
    "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "use", "bind", "impersonate", "*",
    "approve", "sign", "escalate", "attest",
)  # fmt: skip


def _review(call: Call, plural: str, kind: str, spec: Obj) -> Obj:
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}
    status: Obj = call.api.post(f"/apis/authorization.k8s.io/v1/{plural}", body).get("status") or {}
    return status


def _url_question(verb: str, words: Sequence[str]) -> Obj:
    return {"nonResourceAttributes": {"verb": verb, "path": words[0]}}


def _resource_question(call: Call, verb: str, words: Sequence[str]) -> Obj:
    term, _, name = words[0].partition("/")
    name = name or (words[1] if len(words) > 1 else "")
    resource = call.api.kinds.lookup(term)
    attributes: Obj = {"verb": verb, "resource": resource.plural if resource else term}
    if resource is None and term != "*":
        name, dot, group = term.partition(".")
        within = f" in group '{group}'" if dot else ""
        call.err(f"Warning: the server doesn't have a resource type '{name}'{within}\n\n")
    elif resource is not None and not resource.namespaced and not call.on("all-namespaces"):
        call.err(f"Warning: resource '{resource.plural}' is not namespace scoped{_in_group(resource)}\n\n")
    if resource is not None and resource.group:
        attributes["group"] = resource.group
    if not call.on("all-namespaces"):
        attributes["namespace"] = call.namespace
    if name:
        attributes["name"] = name
    if call.text("subresource"):
        attributes["subresource"] = call.text("subresource")
    return {"resourceAttributes": attributes}


def _in_group(resource: Resource) -> str:
    return f" in group '{resource.group}'" if resource.group else ""


def _list_permissions(call: Call) -> None:
    if call.rest:
        raise CommandError("list option must be specified with no arguments")
    status = _review(call, "selfsubjectrulesreviews", "SelfSubjectRulesReview", {"namespace": call.namespace})
    rules = [*(status.get("resourceRules") or ()), *(status.get("nonResourceRules") or ())]
    if status.get("incomplete"):
        call.err(f"Warning: the list may be incomplete: {status.get('evaluationError', '')}\n")
    rows = [permission.cells() for permission in permissions(rules)]
    header = ("Resources", "Non-Resource URLs", "Resource Names", "Verbs")
    call.out(plain_table(header, rows, headers=not call.on("no-headers")))


def who_am_i(call: Call) -> None:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = call.api.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", body)
    user = answer["status"]["userInfo"]
    if call.text("output"):
        _print_review(call, answer)
        return
    rows = [("Username", user["username"])]
    rows += [("UID", user["uid"])] if user.get("uid") else []
    rows += [("Groups", f"[{' '.join(user['groups'])}]")] if user.get("groups") else []
    rows += [(f"Extra: {key}", f"[{' '.join(values)}]") for key, values in sorted((user.get("extra") or {}).items())]
    call.out(plain_table(("ATTRIBUTE", "VALUE"), rows))


_USER_FIELDS = ("username", "uid", "groups", "extra")


def _print_review(call: Call, answer: Obj) -> None:
    """The fields in the order of Go's structs; a review has no name."""
    output, user = call.text("output"), answer["status"]["userInfo"]
    if output == "json":
        told = {field: user[field] for field in _USER_FIELDS if field in user}
        head = {field: answer[field] for field in ("kind", "apiVersion", "metadata")}
        call.out(in_order({**head, "status": {"userInfo": told}}) + "\n")
    elif output == "name":
        call.out("selfsubjectreview.authentication.k8s.io/<unknown>\n")
    else:
        call.out(object_text(answer, output))


COMMANDS = (
    Command(
        "cluster-info",
        "Show where the control plane and its services are",
        cluster_info,
        commands=(DUMP,),
    ),
    Command(
        "auth",
        "Ask who may do what",
        helps_on_stderr=True,
        commands=(
            Command(
                "can-i",
                "Ask whether an action is allowed",
                can_i,
                usage="VERB (TYPE | TYPE/NAME)",
                flags=(
                    Flag("all-namespaces", "A", kind="bool"),
                    Flag("list", kind="bool"),
                    Flag("quiet", "q", kind="bool"),
                    Flag("no-headers", kind="bool"),
                    Flag("subresource"),
                ),
            ),
            RECONCILE,
            Command("whoami", "Show who the server takes you for", who_am_i, flags=(OUTPUT,)),
        ),
    ),
    Command(
        "api-resources",
        "List the resources the server knows",
        api_resources,
        flags=(
            Flag("api-group", help="Only of this group"),
            Flag("namespaced", kind="bool", default=True, help="Only namespaced ones, or with =false only the others"),
            Flag("categories", kind="list", help="Only of these categories"),
            Flag("verbs", kind="list", help="Only those that support these verbs"),
            Flag("no-headers", kind="bool", help="Leave the header line out"),
            Flag("output", "o", help="wide or name"),
            Flag("sort-by", help="name or kind"),
            Flag("cached", kind="bool"),
        ),
    ),
    Command("api-versions", "List the group versions the server knows", api_versions),
    Command(
        "version",
        "Show the versions of client and server",
        version,
        flags=(OUTPUT, Flag("client", kind="bool", help="Only the client")),
    ),
)
