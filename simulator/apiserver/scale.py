"""The scale subresource: autoscaling/v1 Scale seen through a workload."""

from simulator.apiserver import errors
from simulator.engine.plain import Obj
from simulator.machinery import selectors


def scale_of(obj: Obj) -> Obj:
    metadata, spec, status = obj["metadata"], obj["spec"], obj.get("status") or {}
    given = spec.get("selector")
    if obj["kind"] == "ReplicationController":
        selector = selectors.from_labels(given or {})
    else:
        selector = selectors.from_label_selector(given)
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": {"replicas": spec["replicas"]} if spec.get("replicas") else {},
        "status": {"replicas": status.get("replicas", 0), "selector": str(selector)},
    }


def with_scale(obj: Obj, scale: object) -> Obj:
    """The workload with the wanted number of replicas. Raises StatusError BadRequest."""
    if not isinstance(scale, dict) or not all(isinstance(scale.get(part) or {}, dict) for part in ("metadata", "spec")):
        raise errors.bad_request("the body of a scale request: wanted a Scale object")
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if isinstance(replicas, bool) or not isinstance(replicas, int):
        raise errors.bad_request(
            f'Scale in version "v1" cannot be handled as a Scale: spec.replicas: found {replicas!r}, wanted an integer'
        )
    if not -(1 << 31) <= replicas < 1 << 31:
        raise errors.bad_request(
            f'Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal number {replicas} '
            "into Go struct field ScaleSpec.spec.replicas of type int32"
        )
    version = (scale.get("metadata") or {}).get("resourceVersion") or obj["metadata"]["resourceVersion"]
    metadata = {**obj["metadata"], "resourceVersion": version}
    return {**obj, "metadata": metadata, "spec": {**obj["spec"], "replicas": replicas}}
