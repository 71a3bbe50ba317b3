"""A kopf operator: each Ferry has a ConfigMap with its size. Run by `test_other_clients.py` as a process."""

from typing import Any

import kopf
import lightkube
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap

_client = lightkube.Client(field_manager="operator-of-boats")


def _cargo(name: str, size: int) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=f"{name}-cargo", namespace="default"), data={"size": str(size)})


@kopf.on.create("example.com", "v1", "ferries")
def load(name: str, spec: dict[str, Any], patch: kopf.Patch, **_: Any) -> None:
    _client.create(_cargo(name, spec["size"]))
    patch.status["loaded"] = True


@kopf.on.update("example.com", "v1", "ferries", field="spec.size")
def load_again(name: str, spec: dict[str, Any], **_: Any) -> None:
    _client.replace(_cargo(name, spec["size"]))


@kopf.on.delete("example.com", "v1", "ferries")
def unload(name: str, **_: Any) -> None:
    _client.delete(ConfigMap, f"{name}-cargo", namespace="default")
