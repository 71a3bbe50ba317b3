"""A link that is a world: what leads to a moment of a cluster, written into an address, and a cluster made from one.

Promises that the opened cluster is in the same state at the same instant as the one it was copied from. A link holds configuration, seed and
commands, nothing of the person; what it says is checked before anything is made of it.
"""

import json
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from labs.errors import BadConfig, Unshareable
from labs.models import Cluster, Journal
from labs.services import cluster_create
from simulator.worlds import Deed, World, WorldError

MOST_TEXT = 6_000
"""Longer addresses are cut off by some servers and messengers."""
_MOST_DEEDS = 2_000
_MOST_US = 12 * 3_600 * 1_000_000
_KINDS = frozenset(
    {
        "shell",
        "apply-yaml",
        "write-file",
        "finish-edit",
        "request",
        "fault",
        "loop",
        "breakpoint",
        "step",
        "settle",
        "at",
        "renumber",
    }
)
_MOST_REVISION = 10**9
_MOST_EPOCH_S = 4_102_444_800


def world_text(*, cluster: str, gen: int, at_us: int) -> str:
    """Raises `Unshareable` with the reason."""
    found = Cluster.objects.get(pk=cluster)
    deeds: list[Deed] = [(0, {"kind": "setup", "step": step}) for step in found.setup]
    deeds += _deeds(found, gen, at_us)
    world = World(found.config, found.seed, int(found.created.timestamp()), tuple(deeds), at_us)
    told = world.text()
    if len(told) > MOST_TEXT:
        raise Unshareable(
            f"Too much has been done for a link: it would have {len(told):,} characters, {MOST_TEXT:,} fit."
        )
    return told


def _deeds(cluster: Cluster, gen: int, at_us: int) -> list[Deed]:
    """What was done up to that moment, on this branch of history and before on those that it came from."""
    rows = Journal.objects.filter(cluster=cluster, timeline=gen, t_us__lte=at_us).order_by("seq")
    deeds: list[Deed] = []
    for t_us, kind, text in rows.values_list("t_us", "kind", "body"):
        body = json.loads(text)
        if kind == Journal.Kind.COMMAND:
            deeds.append((t_us, body))
        elif body["op"] == "branch":
            deeds += _before(cluster, body)
        elif body["op"] == "step":
            deeds.append((t_us, {"kind": "step"}))
    return deeds


def _before(cluster: Cluster, branch: dict[str, Any]) -> list[Deed]:
    """The way to where a branch began; there its revisions go on after those of the branch that was left."""
    gen, at_us = branch["from"], branch["at"]
    former = Journal.objects.filter(cluster=cluster, timeline=gen)
    first = former.order_by("seq").values_list("seq", "body").first()
    if first is None or not (first[0] == 1 or json.loads(first[1]).get("op") in ("branch", "reset")):
        raise Unshareable("What came before this branch is no longer kept: share a moment of another one.")
    then = former.filter(t_us=at_us).values_list("kind", "body")
    if "revision" not in branch or any(
        kind == Journal.Kind.COMMAND or json.loads(body)["op"] == "step" for kind, body in then
    ):
        raise Unshareable("This branch began in the midst of commands of one instant: share a moment before it.")
    return [*_deeds(cluster, gen, at_us), (at_us, {"kind": "renumber", "revision": branch["revision"]})]


@transaction.atomic
def world_open(*, owner: User, text: str) -> Cluster:
    """A cluster of one's own that stands at the moment the link names. Raises `BadConfig`."""
    try:
        world = World.read(text)
    except WorldError as error:
        raise BadConfig(str(error), path="world", line=None) from error
    _check(world)
    cluster = cluster_create(owner=owner, name="A shared world", config=world.config or None)
    cluster.config, cluster.seed, cluster.setup = world.config, world.seed, [*_setup(world)]
    cluster.created = datetime.fromtimestamp(world.epoch_s, UTC)
    cluster.sim0_us = cluster.mark_us = world.until_us
    cluster.paused = True
    cluster.save()
    return cluster


def _setup(world: World) -> list[dict[str, Any]]:
    return [
        command["step"] if command["kind"] == "setup" else {"kind": "at", "us": at, "command": command}
        for at, command in world.deeds
    ]


def _check(world: World) -> None:
    commands = [command["step"] if command.get("kind") == "setup" else command for _, command in world.deeds]
    if len(commands) > _MOST_DEEDS or world.until_us > _MOST_US or world.epoch_s > _MOST_EPOCH_S or world.seed > 2**62:
        raise BadConfig("world: found more than a session holds", path="world", line=None)
    for command in commands:
        if command.get("kind") == "renumber" and not _is_revision(command.get("revision")):
            raise BadConfig("world: found a revision that no cluster comes to", path="world", line=None)
        if not isinstance(command, dict) or command.get("kind") not in _KINDS:
            raise BadConfig("world: found a deed that is no command", path="world", line=None)


def _is_revision(found: Any) -> bool:
    return isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= _MOST_REVISION
