"""`kubectl kustomize DIR`: print the objects of a kustomization.

Follows https://kubernetes.io/docs/tasks/manage-kubernetes-objects/kustomization/.
"""

from __future__ import annotations

from simulator.kubectl.call import Call
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import CommandError
from simulator.kubectl.home import FileError
from simulator.kubectl.kustomize.build import build
from simulator.kubectl.yaml_text import to_yaml


def kustomize(call: Call) -> None:
    if len(call.rest) > 1:
        raise CommandError("specify one path to " + "kustomization.yaml")
    for flag in ("enable-helm", "enable-alpha-plugins"):
        if call.on(flag):
            raise CommandError(f"--{flag} is not available in this workstation")
    text = "---\n".join(to_yaml(obj) for obj in build(call.session.home, (call.rest or ["."])[0], call.err))
    if not call.text("output"):
        call.out(text)
        return
    try:
        call.session.home.write(call.text("output"), text)
    except FileError as error:
        raise CommandError(f"open {call.text('output')}: {str(error).lower()}") from error


COMMANDS = (
    Command(
        "kustomize",
        "Print the objects of a kustomization directory",
        kustomize,
        usage="DIR",
        flags=(
            Flag("output", "o", help="Write them to this file"),
            Flag("as-current-user", kind="bool"),
            Flag("enable-alpha-plugins", kind="bool"),
            Flag("enable-helm", kind="bool"),
            Flag("env", "e", kind="array"),
            Flag("helm-api-versions", kind="array"),
            Flag("helm-command", default="helm"),
            Flag("helm-debug", kind="bool"),
            Flag("helm-kube-version"),
            Flag("load-restrictor", default="LoadRestrictionsRootOnly"),
            Flag("mount", kind="array"),
            Flag("network", kind="bool"),
            Flag("network-name", default="bridge"),
        ),
    ),
)
