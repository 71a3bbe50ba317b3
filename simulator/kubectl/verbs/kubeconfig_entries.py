"""`kubectl config set-credentials`, `set-cluster`, `delete-user`, `delete-cluster`, `set` and `unset`: the entries behind contexts.

`kubectl/pkg/cmd/config/` of v1.33. A command that is used wrongly shows its help on standard output and its error on the other.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

from simulator.kubectl.call import Call
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import CommandError
from simulator.kubectl.home import FileError
from simulator.kubectl.kubeconfig_form import SETTABLE
from simulator.machinery.go_text import parse_bool, quoted

_PLAIN = ("current-context", "kind", "apiVersion")
_SECTIONS = ("clusters", "contexts", "users")
_USER_FIELDS = ("client-certificate", "client-key", "token", "username", "password")
_CLUSTER_FIELDS = ("server", "certificate-authority", "tls-server-name", "proxy-url")


def wrong_arguments(call: Call) -> CommandError:
    """`Unexpected args: […]`, below the command's help."""
    call.show_help()
    return CommandError(f"Unexpected args: [{' '.join(call.rest)}]")


def _one_name(call: Call) -> str:
    if len(call.rest) != 1:
        raise wrong_arguments(call)
    return call.rest[0]


# Users


def set_credentials(call: Call) -> None:
    if len(call.rest) != 1:
        call.show_help()
        raise CommandError(f"unexpected args: [{' '.join(call.rest)}]")
    name = call.rest[0]
    methods = [
        text
        for text, given in (("--token", call.text("token")), ("--username/--password", call.text("username")))
        if given
    ]
    if len(methods) > 1:
        says = "you cannot specify more than one authentication method at the same time: "
        raise CommandError(says + ", ".join(methods))
    body = dict(call.config.entry("users", name) or {})
    for field in _USER_FIELDS:
        if call.given(field):
            body[field] = call.text(field)
    # Setting one way to sign in takes the other away (`modifyAuthInfo`).
    if call.text("token"):
        body = {key: value for key, value in body.items() if key not in ("username", "password")}
    if call.text("username"):
        body.pop("token", None)
    _embed(
        call,
        body,
        ("client-certificate", "client-key"),
        "you must specify a --client-certificate or --client-key to embed",
    )
    _set_provider(call, body)
    _set_exec(call, body)
    _put(call, "users", name, body)
    call.out(f'User "{name}" set.\n')


def _set_provider(call: Call, body: dict[str, Any]) -> None:
    before = body.get("auth-provider")
    if call.given("auth-provider"):
        before = body["auth-provider"] = {"config": {}, "name": call.text("auth-provider")}
    changes = list(call.many("auth-provider-arg"))
    if not changes or before is None:
        return
    config = dict(before.get("config") or {})
    for argument in changes:
        key, equals, value = argument.partition("=")
        if equals:
            config[key] = value
        elif argument.endswith("-"):
            config.pop(argument[:-1], None)
        else:
            raise CommandError(f"invalid auth-provider-arg format: {argument}")
    body["auth-provider"] = {**before, "config": config}


def _set_exec(call: Call, body: dict[str, Any]) -> None:
    known: dict[str, Any] | None = body.get("exec")
    if call.given("exec-command"):
        known = {**(known or {}), "command": call.text("exec-command"), "args": None}
        known["env"] = known.get("env") or []
    variables, removed = _variables(call)
    if known is None:
        return
    made = dict(known)
    if call.given("exec-api-version"):
        made["apiVersion"] = call.text("exec-api-version")
    if call.given("exec-interactive-mode"):
        made["interactiveMode"] = call.text("exec-interactive-mode")
    if call.given("exec-provide-cluster-info"):
        made["provideClusterInfo"] = call.on("exec-provide-cluster-info")
    if call.many("exec-arg"):
        made["args"] = [*call.many("exec-arg")]
    if variables or removed:
        kept = {one["name"]: one["value"] for one in made.get("env") or () if one["name"] not in removed}
        made["env"] = [{"name": name, "value": value} for name, value in (kept | variables).items()]
    body["exec"] = made


def _variables(call: Call) -> tuple[dict[str, str], list[str]]:
    given: dict[str, str] = {}
    removed: list[str] = []
    for text in call.many("exec-env"):
        name, equals, value = text.partition("=")
        if equals:
            given[name] = value
        elif text.endswith("-"):
            removed.append(text[:-1])
        else:
            call.show_help()
            raise CommandError(f"invalid exec-env format: {text}")
    return given, removed


# Clusters


def set_cluster(call: Call) -> None:
    name = _one_name(call)
    insecure = call.on("insecure-skip-tls-verify")
    if insecure and call.text("certificate-authority"):
        raise CommandError("you cannot specify a certificate authority and insecure mode at the same time")
    body = dict(call.config.entry("clusters", name) or {})
    for field in _CLUSTER_FIELDS:
        if call.given(field):
            body[field] = call.text(field)
    if call.given("insecure-skip-tls-verify"):
        body["insecure-skip-tls-verify"] = insecure
        if insecure:
            body.pop("certificate-authority", None)
            body.pop("certificate-authority-data", None)
    if call.text("tls-server-name"):
        body.pop("insecure-skip-tls-verify", None)
    if call.text("certificate-authority"):
        body.pop("insecure-skip-tls-verify", None)
        body.pop("certificate-authority-data", None)
    _embed(call, body, ("certificate-authority",), "you must specify a --certificate-authority to embed")
    if body.get("insecure-skip-tls-verify") is False:
        del body["insecure-skip-tls-verify"]
    _put(call, "clusters", name, body)
    call.out(f'Cluster "{name}" set.\n')


def _embed(call: Call, body: dict[str, Any], fields: tuple[str, ...], refusal: str) -> None:
    if not call.on("embed-certs"):
        return
    given = [field for field in fields if call.text(field)]
    if not given:
        raise CommandError(refusal)
    for field in given:
        path = call.text(field)
        try:
            body[f"{field}-data"] = b64encode(call.session.home.read(path).encode()).decode()
        except FileError as error:
            why = f"could not stat {field} file {path}: stat {path}: {str(error).lower()}"
            raise CommandError(why) from error
        body.pop(field, None)


def _put(call: Call, section: str, name: str, body: dict[str, Any]) -> None:
    config = call.config
    others = [entry for entry in config.entries(section) if entry.get("name") != name]
    entry = {"name": name, section.removesuffix("s"): body}
    entries = sorted([*others, entry], key=lambda one: str(one.get("name")))
    config.write({**config.document(), section: entries})


def _drop(call: Call, section: str, name: str) -> None:
    config = call.config
    config.write({**config.document(), section: [one for one in config.entries(section) if one.get("name") != name]})


def delete_user(call: Call) -> None:
    if len(call.rest) != 1:
        raise call.wrong_usage("user to delete is required" if not call.rest else "only one user can be deleted")
    _delete(call, "users", "user")


def delete_cluster(call: Call) -> None:
    if len(call.rest) != 1:
        call.show_help()
        return
    _delete(call, "clusters", "cluster")


def _delete(call: Call, section: str, word: str) -> None:
    name, file = call.rest[0], call.config.default_file
    if call.config.entry(section, name) is None:
        raise CommandError(f"cannot delete {word} {name}, not in {file}")
    _drop(call, section, name)
    call.out(f"deleted {word} {name} from {file}\n")


# Single values


def set_property(call: Call) -> None:
    if len(call.rest) != 2:
        raise wrong_arguments(call)
    path, value = call.rest
    if not path:
        raise CommandError("you must specify a property")
    section, _, rest = path.partition(".")
    if section in _PLAIN:
        if rest:
            raise CommandError(f"unable to parse one or more field values of {path}")
        call.config.write({**call.config.document(), section: value})
    elif section == "preferences":
        _set_preference(call, path, rest, value)
    elif section in _SECTIONS:
        _set_field(call, section, path, rest, value)
    else:
        raise CommandError(f"unable to parse {path} after [] at api.Config")
    call.out(f'Property "{path}" set.\n')


def _set_preference(call: Call, path: str, rest: str, value: str) -> None:
    if rest != "colors":
        raise CommandError(f"unable to parse {path} after [] at api.Config")
    preferences = dict(call.config.document().get("preferences") or {})
    preferences.pop("colors", None)
    if _boolean(value):
        preferences["colors"] = True
    call.config.write({**call.config.document(), "preferences": preferences})


def _set_field(call: Call, section: str, path: str, rest: str, value: str) -> None:
    name, field = _named(call, section, rest)
    kind = SETTABLE[section].get(field)
    if kind is None and "." in field:
        raise CommandError(f"unable to parse one or more field values of {path}")
    if kind is None:
        known = sorted(str(entry.get("name")) for entry in call.config.entries(section))
        # Go prints the addresses of its structures; a number that looks like one stands for them.
        shown = " ".join(f"{one}:0xc000000000" for one in known)
        raise CommandError(f"can't set a map to a value: map[{shown}]")
    body = dict(call.config.entry(section, name) or {})
    body.pop(field, None)
    found = _converted(call, kind, value)
    _put(call, section, name, body if found is False else {**body, field: found})


def _converted(call: Call, kind: str, value: str) -> Any:
    if kind == "bool":
        return _boolean(value)
    if kind == "text":
        return value
    if call.on("set-raw-bytes"):
        return b64encode(value.encode()).decode()
    try:
        b64decode(value, validate=True)
    except ValueError:
        at = next((index for index, rune in enumerate(value) if not (rune.isalnum() or rune in "+/=")), 0)
        raise CommandError(f"error decoding input value: illegal base64 data at input byte {at}") from None
    return value


def _boolean(value: str) -> bool:
    found = parse_bool(value)
    if found is None:
        raise CommandError(f"strconv.ParseBool: parsing {quoted(value)}: invalid syntax")
    return found


def _named(call: Call, section: str, rest: str) -> tuple[str, str]:
    """The entry and the field below it; names may hold dots."""
    known = [str(entry.get("name")) for entry in call.config.entries(section)]
    name = next(
        (one for one in sorted(known, key=len, reverse=True) if rest == one or rest.startswith(f"{one}.")), None
    )
    if name is None:
        name = rest.partition(".")[0]
    return name, rest.removeprefix(name).removeprefix(".")


def unset_property(call: Call) -> None:
    path = _one_name(call)
    section, _, rest = path.partition(".")
    document = dict(call.config.document())
    if section in (*_PLAIN, "preferences", *_SECTIONS) and not rest:
        document.pop(section, None)
        call.config.write(document)
    elif section in _SECTIONS:
        name, field = _named(call, section, rest)
        if field and call.config.entry(section, name) is None:
            raise CommandError(f"current map key `{name}` is invalid")
        if field:
            body = dict(call.config.entry(section, name) or {})
            body.pop(field, None)
            _put(call, section, name, body)
        else:
            _drop(call, section, name)
    else:
        raise CommandError(f"unable to parse {path} after [] at api.Config")
    call.out(f'Property "{path}" unset.\n')


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
            Flag("auth-provider", help="The provider that signs in"),
            Flag("auth-provider-arg", kind="array", help="KEY=VALUE for it, or KEY- to take one away"),
            Flag("exec-command", help="The program that gives credentials"),
            Flag("exec-api-version"),
            Flag("exec-arg", kind="array", help="An argument of it"),
            Flag("exec-env", kind="array", help="NAME=VALUE in its environment, or NAME-"),
            Flag("exec-interactive-mode"),
            Flag("exec-provide-cluster-info", kind="bool"),
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
            Flag("proxy-url"),
            Flag("insecure-skip-tls-verify", kind="bool"),
            Flag("embed-certs", kind="bool"),
        ),
    ),
    Command("delete-user", "Remove a user", delete_user, usage="NAME"),
    Command("delete-cluster", "Remove a cluster", delete_cluster, usage="NAME"),
    Command(
        "set",
        "Set one value",
        set_property,
        usage="PATH VALUE",
        flags=(Flag("set-raw-bytes", kind="bool", help="Binary fields are given as they are, not as base64"),),
    ),
    Command("unset", "Remove one value", unset_property, usage="PATH"),
)
