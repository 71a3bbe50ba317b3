"""Flags that several commands share, and what reading them means."""

from __future__ import annotations

from simulator.kubectl.call import Call
from simulator.kubectl.cli import Flag
from simulator.kubectl.errors import CommandError
from simulator.machinery.go_text import klog_stamp

OUTPUT = Flag("output", "o", help="Output format: yaml, json, name, jsonpath=… or custom-columns=…")
SELECTOR = Flag("selector", "l", help="Only objects with these labels")
FIELD_SELECTOR = Flag("field-selector", help="Only objects with these field values")
ALL_NAMESPACES = Flag("all-namespaces", "A", kind="bool", help="In every namespace")
DRY_RUN = Flag(
    "dry-run", default="none", bare="unchanged", help="none, client (send nothing) or server (store nothing)"
)
ALL = Flag("all", kind="bool", help="Every object of the type in the namespace")
PRINT_FLAGS = (
    OUTPUT,
    Flag("template"),
    Flag("allow-missing-template-keys", kind="bool", default=True),
    Flag("show-managed-fields", kind="bool", help="Keep metadata.managedFields in the output"),
)
FILE_FLAGS = (
    Flag("filename", "f", kind="list", help="A file, a directory, or - for standard input"),
    Flag("recursive", "R", kind="bool", help="Also directories below the one given with -f"),
    Flag("kustomize", "k", help="A kustomization directory"),
)
VALIDATE = Flag("validate", default="strict", bare="strict", help="strict, warn or ignore unknown fields")
CHUNK_SIZE = Flag("chunk-size", kind="int", default=500)
GRACE_PERIOD = Flag("grace-period", kind="int", default=-1, help="Seconds given to stop; -1 for the object's own")
TIMEOUT = Flag("timeout", kind="duration", help="How long to wait before giving up")

_VALIDATION = {"strict": "Strict", "true": "Strict", "warn": "Warn", "ignore": "Ignore", "false": "Ignore"}


def manager(name: str) -> Flag:
    """The flag that names the writer, with its default for a command."""
    return Flag("field-manager", default=name, help="The name this write is tracked under")


def dry_run(call: Call) -> str:
    """`none`, `client` or `server`."""
    mode = call.text("dry-run")
    if mode == "unchanged":
        stamp = klog_stamp(call.now_us)
        line = f"W{stamp}       1 helpers.go:703] --dry-run is deprecated and can be replaced with --dry-run=client.\n"
        if line not in call.stderr:
            call.err(line)
        return "client"
    if mode not in ("none", "client", "server"):
        raise CommandError(f'Invalid dry-run value ({mode}). Must be "none", "server", or "client".')
    return mode


def write_query(call: Call) -> dict[str, str]:
    """The query parameters of a write that follow from `--dry-run` and `--validate`."""
    query = {"dryRun": "All"} if "dry-run" in call.arguments.values and dry_run(call) == "server" else {}
    if "validate" in call.arguments.values:
        query["fieldValidation"] = validation(call)
    return query


def validation(call: Call) -> str:
    level = call.text("validate")
    if level not in _VALIDATION:
        raise CommandError(
            f'invalid - validate option "{level}"; must be one of: strict (or true), warn, ignore (or false)'
        )
    return _VALIDATION[level]


def done_suffix(call: Call) -> str:
    """What stands behind the verb when nothing was stored."""
    mode = dry_run(call) if "dry-run" in call.arguments.values else "none"
    return {"none": "", "client": " (dry run)", "server": " (server dry run)"}[mode]
