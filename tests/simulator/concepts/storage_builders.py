"""Claims, volumes and pods that use them, and what is told of them."""

from typing import Any


def claim(name: str = "data", size: str = "1Gi", mode: str = "ReadWriteOnce", **spec: str) -> str:
    more = "".join(f", {key}: {value}" for key, value in spec.items())
    return (
        f"apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {{name: {name}}}\n"
        f"spec: {{accessModes: [{mode}], resources: {{requests: {{storage: {size}}}}}{more}}}\n---\n"
    )


def volume(name: str, size: str = "1Gi", *, mode: str = "ReadWriteOnce", policy: str = "Retain", **spec: str) -> str:
    fields = {"storageClassName": "manual", "hostPath": f"{{path: /tmp/{name}}}", **spec}
    more = "".join(f", {key}: {value}" for key, value in fields.items())
    return (
        f"apiVersion: v1\nkind: PersistentVolume\nmetadata: {{name: {name}, labels: {{pv: {name}}}}}\n"
        f"spec: {{capacity: {{storage: {size}}}, accessModes: [{mode}], persistentVolumeReclaimPolicy: {policy}{more}}}\n---\n"
    )


def pod(
    name: str = "web", claim_name: str = "data", *, script: str = "sleep 3600", node: str = "", extra: str = ""
) -> str:
    where = f"  nodeName: {node}\n" if node else ""
    return (
        f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n{where}{extra}  terminationGracePeriodSeconds: 1\n  containers:\n"
        f"  - name: c\n    image: busybox:1.36\n    command: [sh, -c, {script!r}]\n"
        "    volumeMounts: [{name: files, mountPath: /data}]\n"
        f"  volumes: [{{name: files, persistentVolumeClaim: {{claimName: {claim_name}}}}}]\n---\n"
    )


def events(lab: Any, about: str) -> list[str]:
    """`Reason: message` of all events about an object, oldest first."""
    listed = lab.cluster.registry.list("test", "events", None)
    found = [event for event in listed if event["involvedObject"]["name"] == about]
    found.sort(key=lambda event: int(event["metadata"]["resourceVersion"]))
    return [f"{event['reason']}: {event['message']}" for event in found]


def actors(lab: Any, verb: str, resource: str) -> list[str]:
    return [row.actor for row in lab.cluster.engine.trail.rows() if row.verb == verb and row.resource == resource]


def disks(lab: Any) -> list[dict[str, Any]]:
    return list(lab.cluster.cloud.disks.rows())
