"""`kubectl certificate approve` and `deny`."""

from __future__ import annotations

from collections.abc import Callable

from simulator.kubectl.call import Call
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import CommandError
from simulator.kubectl.printers import object_text, typed_name
from simulator.kubectl.selection import select
from simulator.kubectl.shared_flags import FILE_FLAGS, PRINT_FLAGS
from simulator.machinery import resources

_RESOURCE = "certificatesigningrequests.certificates.k8s.io"


def _decide(condition: str, word: str) -> Callable[[Call], None]:
    def run(call: Call) -> None:
        if not call.rest and not call.names_files:
            raise CommandError("one or more CSRs must be specified as <name> or -f <filename>")
        words = [one if "/" in one else f"csr/{one}" for one in call.rest]
        selection = select(call, words)
        for found in selection:
            conditions = list((found.obj.get("status") or {}).get("conditions") or ())
            opposite = "Denied" if condition == "Approved" else "Approved"
            if any(one["type"] == opposite for one in conditions) and not call.on("force"):
                raise CommandError(f'certificate signing request "{found.name}" is already {opposite}')
            if not any(one["type"] == condition for one in conditions):
                conditions.append(
                    {
                        "type": condition,
                        "status": "True",
                        "reason": f"Kubectl{'Approve' if condition == 'Approved' else 'Deny'}",
                        "message": f"This CSR was {word} by kubectl certificate {call.path.rpartition(' ')[2]}.",
                    }
                )
            obj = {**found.obj, "status": {**(found.obj.get("status") or {}), "conditions": conditions}}
            made = call.api.put(f"/apis/certificates.k8s.io/v1/certificatesigningrequests/{found.name}/approval", obj)
            if call.text("output"):
                call.out(object_text(made, call.text("output")))
            else:
                resource = resources.by_name(_RESOURCE)
                assert resource is not None
                call.out(f"{typed_name(resource, found.name)} {word}\n")
        selection.done()

    return run


_FLAGS = (*PRINT_FLAGS, *FILE_FLAGS, Flag("force", kind="bool", help="Also what is decided already"))
COMMANDS = (
    Command(
        "certificate",
        "Decide about certificate signing requests",
        helps_anybody=True,
        commands=(
            Command(
                "approve",
                "Let a request be signed",
                _decide("Approved", "approved"),
                usage="(-f FILE | NAME)",
                flags=_FLAGS,
            ),
            Command("deny", "Refuse a request", _decide("Denied", "denied"), usage="(-f FILE | NAME)", flags=_FLAGS),
        ),
    ),
)
