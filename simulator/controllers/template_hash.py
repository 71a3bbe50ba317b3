"""The label that ties pods to the pod template they were made from.

https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#pod-template-hash-label. Upstream hashes Go's memory
layout, which nobody else can repeat; ours hashes the canonical JSON and has the same length and alphabet.
"""

import json
from hashlib import blake2b

from simulator.engine.plain import Obj
from simulator.engine.rng import SUFFIX_LETTERS

HASH_LABEL = "pod-template-hash"


def template_hash(template: Obj, collisions: int | None = None) -> str:
    """Eight to ten letters and digits. `collisions` makes a difference when another template got the same hash."""
    text = json.dumps(template, sort_keys=True, separators=(",", ":"))
    if collisions is not None:
        text += f"#{collisions}"
    number = int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big")
    return "".join(SUFFIX_LETTERS[ord(digit) % len(SUFFIX_LETTERS)] for digit in str(number))


def with_hash(template: Obj, digest: str) -> Obj:
    metadata = template.get("metadata") or {}
    return {**template, "metadata": {**metadata, "labels": {**(metadata.get("labels") or {}), HASH_LABEL: digest}}}


def equal_templates(one: Obj, other: Obj) -> bool:
    """Equal but for the hash label."""
    return one["spec"] == other["spec"] and _plain_metadata(one) == _plain_metadata(other)


def _plain_metadata(template: Obj) -> Obj:
    metadata = {name: value for name, value in (template.get("metadata") or {}).items() if value is not None}
    metadata["labels"] = {name: value for name, value in (metadata.get("labels") or {}).items() if name != HASH_LABEL}
    return metadata
