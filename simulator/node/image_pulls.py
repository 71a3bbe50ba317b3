"""The images on each machine, and how they get there: one pull at a time, with backoff after a failure.

Follows `pkg/kubelet/images/image_manager.go` of v1.33 (serializeImagePulls, prevPullErrMsg), word for word in events and messages.
Promises: `ensure` answers at once when the image is there or cannot be had, and otherwise wakes the worker when it is.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

from simulator.apiserver.errors import ApiUnavailable
from simulator.engine import Plain
from simulator.engine.plain import Obj
from simulator.node.durations import go_duration
from simulator.node.environment import texts
from simulator.node.fleet import WORKERS, Fleet
from simulator.node.identity import hex64
from simulator.node.records import ContainerRecord, NodeRecord, PodRecord
from simulator.node.timing import BACKOFF_FIRST_US, BACKOFF_FORGET_US, BACKOFF_MAX_US, NODE_STATUS_US
from simulator.workloads.errors import InvalidImageName
from simulator.workloads.image_catalog import Image, PullError, no_platform
from simulator.workloads.images import parse

#: Answers of registries that are remembered.
_ANSWERS = 1_024


@dataclass(frozen=True, slots=True)
class Failed:
    """The container cannot start: waiting reason and message."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Pulling:
    """The worker is resumed when the pull has ended."""


class ImagePulls:
    name = "image-pulls"

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._answers: dict[tuple[str, str, str], Image | PullError] = {}
        """(image, operating system, processor) → what the registry has."""
        self.observers: list[Callable[[str], None]] = []
        """Called with a pod's uid when a pull for it begins or ends: pictures, never components."""
        fleet.engine.register(self)

    def dump(self) -> Plain:
        return None

    def load(self, state: Plain) -> None:
        """Everything is in the node records."""

    def running(self, uid: str) -> tuple[int, int] | None:
        """From when to when the pull for a pod runs that is running now."""
        record = self._fleet.pods.get(uid)
        node = self._fleet.nodes.get(record.node) if record is not None else None
        if node is None or not node.pulls or node.pulls[0][0] != uid:
            return None
        return node.pull_started_us, node.pull_ends_us

    def ensure(
        self, record: PodRecord, one: ContainerRecord, image: str, policy: str, pod: Obj
    ) -> Image | Failed | Pulling:
        """The image of a container that is about to start; writes the events the kubelet writes on the way."""
        try:
            name = parse(image)
        except InvalidImageName as error:
            message = f'Failed to apply default image tag "{image}": {error}'
            self._fleet.event(record, "Warning", "InspectFailed", message, container=one.name)
            return Failed("InvalidImageName", message)
        node = self._fleet.nodes[record.node]
        if policy != "Always" and name.full in node.images:
            message = f'Container image "{image}" already present on machine'
            self._fleet.event(record, "Normal", "Pulled", message, container=one.name, about=pod)
            return self._fleet.image(name.full)
        if policy == "Never":
            message = f'Container image "{image}" is not present with pull policy of Never'
            self._fleet.event(record, "Warning", "ErrImageNeverPull", message, container=one.name)
            return Failed("ErrImageNeverPull", message)
        if self._in_backoff(one):
            message = f'Back-off pulling image "{image}"'
            self._fleet.event(record, "Normal", "BackOff", message, container=one.name)
            return Failed("ImagePullBackOff", f"{message}: {one.pull_error}")
        self._fleet.event(record, "Normal", "Pulling", f'Pulling image "{image}"', container=one.name, about=pod)
        self._enqueue(node, [record.uid, record.turn, one.name, image, name.full, self._fleet.engine.now])
        return Pulling()

    def _in_backoff(self, one: ContainerRecord) -> bool:
        since = self._fleet.engine.now - one.pull_backoff_at
        return one.pull_backoff_us > 0 and since < one.pull_backoff_us and since <= BACKOFF_FORGET_US

    # Brought without a pull

    def image_id(self, image: str) -> str | None:
        """None for an image that the catalogue does not know."""
        try:
            name = parse(image)
        except InvalidImageName:
            return None
        return f"sha256:{hex64(name.full)}" if isinstance(self._fleet.catalog.pull(name), Image) else None

    def has(self, node: str, image: str) -> bool:
        return parse(image).full in self._fleet.nodes[node].images

    def bring(self, node: str, image: str) -> None:
        """The image lies on the machine from now on."""
        found = self._fleet.catalog.pull(parse(image))
        assert isinstance(found, Image), f"{image} is not in the catalogue"
        self._keep(self._fleet.nodes[node], parse(image).full, found.size)

    # The queue of a node

    def _enqueue(self, node: NodeRecord, pull: list[Plain]) -> None:
        node.pulls.append(pull)
        if len(node.pulls) == 1:
            self._begin(node)

    def _begin(self, node: NodeRecord) -> None:
        full = node.pulls[0][4]
        node.pull_started_us = self._fleet.engine.now
        took = self._fleet.draw(self._fleet.timing.resolve)
        found = self._answer(node, full)
        bandwidth = self._fleet.timing.bandwidth_bytes_s
        if isinstance(found, Image) and full not in node.images and bandwidth:
            took += found.size * found.slow * 1_000_000 // bandwidth
        node.pull_ends_us = node.pull_started_us + took
        self._fleet.engine.schedule(took, self.name, "done", node.name, node.epoch)
        self._tell(node.pulls[0][0])

    def _answer(self, node: NodeRecord, full: str) -> Image | PullError:
        """What the registry has for this machine's operating system and processor."""
        machine = (full, node.spec["os"], node.spec["arch"])
        found = self._answers.get(machine)
        if found is None:
            if len(self._answers) >= _ANSWERS:
                self._answers.clear()
            found = self._answers[machine] = self._asked(full, f"{node.spec['os']}/{node.spec['arch']}")
        return found

    def _asked(self, full: str, platform: str) -> Image | PullError:
        found = self._fleet.catalog.pull(parse(full))
        return no_platform(parse(full)) if isinstance(found, Image) and platform not in found.platforms else found

    def _tell(self, uid: str) -> None:
        for observer in self.observers:
            observer(uid)

    def done(self, node_name: str, epoch: int) -> None:
        """Event: the pull at the head of a node's queue has ended, one way or the other."""
        node = self._fleet.nodes[node_name]
        if node.epoch != epoch or not node.pulls:
            return
        uid, turn, container, image, full, asked_us = node.pulls.pop(0)
        found = self._answer(node, full)
        asking = self._fleet.pods.get(uid)
        if isinstance(found, Image) and found.private and not (asking and self._has_credentials(asking, found)):
            found = self._fleet.catalog.denied(found.name)
        if isinstance(found, Image):
            self._keep(node, full, found.size)
        record = self._fleet.pods.get(uid)
        if record is not None and record.turn == turn:
            one = record.containers[container]
            if isinstance(found, PullError):
                self._failed(record, one, image, found)
            else:
                self._pulled(record, one, image, found, node.pull_started_us, asked_us)
            self._fleet.engine.schedule(0, WORKERS, "image_ended", uid, turn, isinstance(found, Image), full)
        else:
            self._fleet.engine.record("timer", f"kubelet/{node_name}", note=f"{image} is there; nobody waits for it")
        self._tell(uid)
        if node.pulls:
            self._begin(node)

    def _has_credentials(self, record: PodRecord, image: Image) -> bool:
        """Whether one of the pod's imagePullSecrets speaks of the image's registry."""
        pod = self._fleet.pod(record)
        for reference in (pod["spec"].get("imagePullSecrets") or ()) if pod is not None else ():
            secret = self._secret(record, reference["name"])
            if secret is not None and image.name.registry in registries_of(secret):
                return True
        return False

    def _secret(self, record: PodRecord, name: str) -> Obj | None:
        try:
            return self._fleet.find(record.node, "secrets", record.namespace, name)
        except ApiUnavailable:
            return None

    def warn_of_missing_secrets(self, record: PodRecord, pod: Obj) -> None:
        """`kubelet_pods.go` (getPullSecretsForPod): the event about secrets that are not there, at every sync."""
        names = [one["name"] for one in pod["spec"].get("imagePullSecrets") or () if one.get("name")]
        missing = [name for name in names if self._secret(record, name) is None]
        if missing:
            message = (
                f"Unable to retrieve some image pull secrets ({', '.join(missing)}); "
                "attempting to pull the image may not succeed."
            )
            self._fleet.event(record, "Warning", "FailedToRetrieveImagePullSecret", message)

    def _failed(self, record: PodRecord, one: ContainerRecord, image: str, found: PullError) -> None:
        self._fleet.event(
            record, "Warning", "Failed", f'Failed to pull image "{image}": {found.message}', container=one.name
        )
        now = self._fleet.engine.now
        again = one.pull_backoff_us > 0 and now - one.pull_backoff_at <= BACKOFF_FORGET_US
        one.pull_backoff_us = min(2 * one.pull_backoff_us, BACKOFF_MAX_US) if again else BACKOFF_FIRST_US
        one.pull_backoff_at = now
        one.pull_error = f"ErrImagePull: {found.message}"

    def _pulled(
        self, record: PodRecord, one: ContainerRecord, image: str, found: Image, began_us: int, asked_us: int
    ) -> None:
        now = self._fleet.engine.now
        took, waited = (go_duration((now - since) // 1000 * 1000) for since in (began_us, asked_us))
        message = f'Successfully pulled image "{image}" in {took} ({waited} including waiting). Image size: {found.size} bytes.'
        self._fleet.event(record, "Normal", "Pulled", message, container=one.name)
        one.pull_error = ""

    def _keep(self, node: NodeRecord, full: str, size: int) -> None:
        if full in node.images:
            return
        node.images[full] = size
        if not node.status_due:
            node.status_due = True
            self._fleet.engine.schedule(NODE_STATUS_US, "machines", "report", node.name, node.epoch)


#: Names under which clients keep Docker Hub's credentials.
_HUB = ("https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io")


def registries_of(secret: Obj) -> tuple[str, ...]:
    """The registries that a Secret of type kubernetes.io/dockerconfigjson has a user and a password for."""
    try:
        auths = json.loads(texts(secret).get(".dockerconfigjson", "{}")).get("auths", {})
    except (ValueError, AttributeError):
        return ()
    found = [name for name, one in auths.items() if one.get("auth") or (one.get("username") and one.get("password"))]
    return tuple("docker.io" if name in _HUB else name.removeprefix("https://").split("/")[0] for name in found)
