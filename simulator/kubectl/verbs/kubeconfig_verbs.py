"""`kubectl config`: contexts and namespaces in the kubeconfig. Sends no request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.kubectl.call import Call
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import CommandError
from simulator.kubectl.kubeconfig_form import canonical
from simulator.kubectl.printers import object_text, plain_table
from simulator.kubectl.verbs import kubeconfig_entries
from simulator.machinery.json_text import ordered

_SECRET_FIELDS = ("certificate-authority-data", "client-certificate-data", "client-key-data", "token", "password")


def view(call: Call) -> None:
    document = canonical(call.config.document())
    if call.on("minify"):
        document = _minified(call, document)
    if not call.on("raw"):
        document = _without_secrets(document)
    output = call.text("output")
    if output == "json":
        call.out(ordered(document) + "\n")
    elif output == "name":
        call.out("config/<unknown>\n")
    else:
        call.out(object_text(document, output))


def _minified(call: Call, document: dict[str, Any]) -> dict[str, Any]:
    """Raises CommandError for what is missing on the way from the context."""
    name = call.text("context") or call.config.current_name()
    if not name:
        raise CommandError("current-context must exist in order to minify")
    body = call.config.entry("contexts", name)
    if body is None:
        raise CommandError(f"cannot locate context {name}")
    keep = {"contexts": name, "clusters": body.get("cluster") or "", "users": body.get("user") or ""}
    for section, word in (("clusters", "cluster"), ("users", "user")):
        if keep[section] and call.config.entry(section, keep[section]) is None:
            raise CommandError(f"cannot locate {word} {keep[section]}")
    kept = {key: [e for e in document[key] or () if e["name"] == one] or None for key, one in keep.items()}
    return {**document, **kept, "current-context": name}


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: ("REDACTED" if key in ("token", "password") else "DATA+OMITTED")
            if key in _SECRET_FIELDS
            else _without_secrets(inner)
            for key, inner in value.items()
        }
    return [_without_secrets(item) for item in value] if isinstance(value, list) else value


def get_contexts(call: Call) -> None:
    config = call.config
    names = sorted(str(entry.get("name", "")) for entry in config.entries("contexts"))
    wanted = [name for name in names if not call.rest or name in call.rest]
    missing = [name for name in call.rest if name not in names]
    if call.text("output") == "name":
        call.out("".join(f"{name}\n" for name in wanted))
    elif call.text("output"):
        text = call.text("output")
        raise CommandError(
            f"--output {text} is not available in kubectl config get-contexts; resetting to default output format"
        )
    else:
        rows = []
        for name in wanted:
            body = config.entry("contexts", name) or {}
            current = "*" if name == config.current_name() else ""
            rows.append([current, name, body.get("cluster", ""), body.get("user", ""), body.get("namespace", "")])
        call.out(
            plain_table(
                ("CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"), rows, headers=not call.on("no-headers")
            )
        )
    if missing:
        raise CommandError("\n".join(f"context {name} not found" for name in missing))


def current_context(call: Call) -> None:
    name = call.config.current_name()
    if not name:
        raise CommandError("current-context is not set")
    call.out(f"{name}\n")


def use_context(call: Call) -> None:
    config = call.config
    if len(call.rest) != 1:
        raise kubeconfig_entries.wrong_arguments(call)
    name = call.rest[0]
    if config.entry("contexts", name) is None:
        raise CommandError(f'no context exists with the name: "{name}"')
    config.write({**config.document(), "current-context": name})
    call.out(f'Switched to context "{name}".\n')


def set_context(call: Call) -> None:
    config = call.config
    if len(call.rest) > 1:
        raise kubeconfig_entries.wrong_arguments(call)
    if call.on("current") and call.rest:
        raise CommandError("you cannot specify both a context name and --current")
    if not call.on("current") and not call.rest:
        raise CommandError("you must specify a non-empty context name or --current")
    name = config.current_name() if call.on("current") else call.rest[0]
    if not name:
        raise CommandError("no current context is set")
    before = config.entry("contexts", name)
    changes = {field: call.text(field) for field in ("cluster", "namespace", "user") if call.given(field)}
    body = {key: text for key, text in {**(before or {}), **changes}.items() if text != ""}
    others = [entry for entry in config.entries("contexts") if entry.get("name") != name]
    contexts = sorted([*others, {"context": body, "name": name}], key=lambda entry: str(entry.get("name")))
    config.write({**config.document(), "contexts": contexts})
    call.out(f'Context "{name}" {"created" if before is None else "modified"}.\n')


def rename_context(call: Call) -> None:
    config = call.config
    if len(call.rest) != 2:
        raise kubeconfig_entries.wrong_arguments(call)
    old, new = call.rest
    if config.entry("contexts", old) is None:
        raise CommandError(f'cannot rename the context "{old}", it\'s not in {config.default_file}')
    if config.entry("contexts", new) is not None:
        raise CommandError(
            f'cannot rename the context "{old}", the context "{new}" already exists in {config.default_file}'
        )
    contexts = [{**entry, "name": new} if entry.get("name") == old else entry for entry in config.entries("contexts")]
    current = new if config.current_name() == old else config.current_name()
    config.write({**config.document(), "contexts": contexts, "current-context": current})
    call.out(f'Context "{old}" renamed to "{new}".\n')


def delete_context(call: Call) -> None:
    if len(call.rest) != 1:
        call.show_help()
        return
    config, name = call.config, call.rest[0]
    if config.entry("contexts", name) is None:
        raise CommandError(f"cannot delete context {name}, not in {config.default_file}")
    if config.current_name() == name:
        call.err(
            'warning: this removed your active context, use "kubectl config use-context" to select a different one\n'
        )
    contexts = [entry for entry in config.entries("contexts") if entry.get("name") != name]
    config.write({**config.document(), "contexts": contexts})
    call.out(f"deleted context {name} from {config.default_file}\n")


def _names_of(section: str, header: str) -> Callable[[Call], None]:
    def run(call: Call) -> None:
        names = sorted(str(entry.get("name", "")) for entry in call.config.entries(section))
        call.out(header + "\n" + "".join(f"{name}\n" for name in names))

    return run


COMMANDS = (
    Command(
        "config",
        "Change the kubeconfig",
        helps_on_stderr=True,
        commands=(
            Command("current-context", "Show which context is used", current_context),
            Command("delete-context", "Remove a context", delete_context, usage="NAME"),
            Command("get-clusters", "List the clusters", _names_of("clusters", "NAME")),
            Command(
                "get-contexts",
                "List the contexts",
                get_contexts,
                usage="[NAME...]",
                flags=(
                    Flag("output", "o", help="name"),
                    Flag("no-headers", kind="bool", help="Leave the header line out"),
                ),
            ),
            Command("get-users", "List the users", _names_of("users", "NAME")),
            Command("rename-context", "Give a context another name", rename_context, usage="OLD NEW"),
            Command(
                "set-context",
                "Make or change a context",
                set_context,
                usage="(NAME | --current)",
                flags=(
                    Flag("current", kind="bool", help="The context in use"),
                    Flag("namespace", "n", help="Default namespace of the context"),
                    Flag("cluster", help="Cluster of the context"),
                    Flag("user", help="User of the context"),
                ),
            ),
            *kubeconfig_entries.COMMANDS,
            Command("use-context", "Use another context from now on", use_context, usage="NAME", aliases=("use",)),
            Command(
                "view",
                "Show the kubeconfig",
                view,
                flags=(
                    Flag("output", "o", default="yaml", help="yaml or json"),
                    Flag("minify", kind="bool", help="Only what the context in use needs"),
                    Flag("raw", kind="bool"),
                    Flag("flatten", kind="bool"),
                    Flag("merge", kind="bool", default=True),
                    Flag("show-managed-fields", kind="bool"),
                    Flag("template"),
                    Flag("allow-missing-template-keys", kind="bool", default=True),
                ),
            ),
        ),
    ),
)
