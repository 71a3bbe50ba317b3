"""`kubectl config set-credentials`, `set-cluster`, `delete-user`, `delete-cluster`, `set` and `unset`: the entries behind contexts."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from simulator.kubectl.call import Call
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import CommandError
from simulator.kubectl.home import FileError

_SECTIONS = ("clusters", "contexts", "users")
_PLAIN = ("current-context", "preferences", "kind", "apiVersion", "extensions")
#: Flags of set-credentials that are fields under another name.
_USER_FIELDS = {
    "client-certificate": "client-certificate",
    "client-key": "client-key",
    "token": "token",
    "username": "username",
    "password": "password",
}
_CLUSTER_FIELDS = {
    "server": "server",
    "certificate-authority": "certificate-authority",
    "tls-server-name": "tls-server-name",
}


def set_credentials(call: Call) -> None:
    name = _one_name(call)
    methods = [
        text
        for text, given in (("--token", call.text("token")), ("--username/--password", call.text("username")))
        if given
    ]
    if len(methods) > 1:
        says = "you cannot specify more than one authentication method at the same time: "
        raise CommandError(says + ", ".join(methods))
    body = _changed(call, "users", name, _USER_FIELDS)
    if call.on("embed-certs"):
        for field in ("client-certificate", "client-key"):
            if field in body:
                body[f"{field}-data"] = _embedded(call, body.pop(field))
    _put(call, "users", name, body)
    call.out(f'User "{name}" set.\n')


def set_cluster(call: Call) -> None:
    name = _one_name(call)
    body = _changed(call, "clusters", name, _CLUSTER_FIELDS)
    if call.on("embed-certs") and "certificate-authority" in body:
        body["certificate-authority-data"] = _embedded(call, body.pop("certificate-authority"))
    if call.given("insecure-skip-tls-verify"):
        body["insecure-skip-tls-verify"] = call.on("insecure-skip-tls-verify")
    _put(call, "clusters", name, body)
    call.out(f'Cluster "{name}" set.\n')


def _one_name(call: Call) -> str:
    if len(call.rest) != 1:
        raise CommandError(f"unexpected args: [{' '.join(call.rest)}]")
    return call.rest[0]


def _changed(call: Call, section: str, name: str, fields: dict[str, str]) -> dict[str, Any]:
    body = dict(call.config.entry(section, name) or {})
    for flag, field in fields.items():
        if call.given(flag):
            body[field] = call.text(flag)
    return body


def _embedded(call: Call, path: str) -> str:
    try:
        return b64encode(call.session.home.read(path).encode()).decode()
    except FileError as error:
        raise CommandError(f"could not read {path}: open {path}: {str(error).lower()}") from error


def _put(call: Call, section: str, name: str, body: dict[str, Any]) -> None:
    config = call.config
    others = [entry for entry in config.entries(section) if entry.get("name") != name]
    entry = {"name": name, section.removesuffix("s"): body}
    entries = sorted([*others, dict(sorted(entry.items()))], key=lambda one: str(one.get("name")))
    config.write({"apiVersion": "v1", "kind": "Config", **config.document(), section: entries})


def _delete(section: str, word: str) -> Any:
    def run(call: Call) -> None:
        config, name = call.config, _one_name(call)
        if config.entry(section, name) is None:
            raise CommandError(f"cannot delete {word} {name}, not in {config.default_file}")
        kept = [entry for entry in config.entries(section) if entry.get("name") != name]
        config.write({**config.document(), section: kept})
        call.out(f"deleted {word} {name} from {config.default_file}\n")

    return run


def set_property(call: Call) -> None:
    if len(call.rest) != 2:
        raise CommandError(f"unexpected args: {call.rest}")
    path, value = call.rest
    _write(call, path, value)
    call.out(f'Property "{path}" set.\n')


def unset_property(call: Call) -> None:
    path = _one_name(call)
    _write(call, path, None)
    call.out(f'Property "{path}" unset.\n')


def _write(call: Call, path: str, value: str | None) -> None:
    config = call.config
    section, _, rest = path.partition(".")
    if section in _PLAIN and not rest:
        document = {key: found for key, found in config.document().items() if key != section}
        config.write({**document, section: value} if value is not None else document)
        return
    if section not in _SECTIONS or not rest:
        raise CommandError(f"unable to parse {path} after [] at api.Config")
    known = [str(entry.get("name")) for entry in config.entries(section)]
    name = next((one for one in sorted(known, key=len, reverse=True) if rest == one or rest.startswith(f"{one}.")), "")
    if not name:
        name = rest.partition(".")[0]
    field = rest.removeprefix(name).lstrip(".")
    body = dict(config.entry(section, name) or {})
    if value is None and not field:
        kept = [entry for entry in config.entries(section) if entry.get("name") != name]
        config.write({**config.document(), section: kept})
        return
    body.pop(field, None)
    _put(call, section, name, body if value is None else {**body, field: value})


COMMANDS = (
    Command(
        "set-credentials",
        "Make or change a user",
        set_credentials,
        usage="NAME",
        flags=(
            Flag("client-certificate", help="Path of a certificate"),
            Flag("client-key", help="Path of its key"),
            Flag("token", help="A bearer token"),
            Flag("username"),
            Flag("password"),
            Flag("embed-certs", kind="bool", help="Keep certificate and key in the kubeconfig itself"),
        ),
    ),
    Command(
        "set-cluster",
        "Make or change a cluster",
        set_cluster,
        usage="NAME",
        flags=(
            Flag("server", help="Address of the API server"),
            Flag("certificate-authority", help="Path of the authority's certificate"),
            Flag("tls-server-name"),
            Flag("insecure-skip-tls-verify", kind="bool"),
            Flag("embed-certs", kind="bool"),
        ),
    ),
    Command("delete-user", "Remove a user", _delete("users", "user"), usage="NAME"),
    Command("delete-cluster", "Remove a cluster", _delete("clusters", "cluster"), usage="NAME"),
    Command("set", "Set one value", set_property, usage="PATH VALUE"),
    Command("unset", "Remove one value", unset_property, usage="PATH"),
)
