"""Workloads of the suite's statements: one container, the label `app=e2e`, and what is asked of them all the time."""

from typing import Any

from tests.conformance.conftest import CORE, PODS, WEB, Suite

Obj = dict[str, Any]
SIG = "[sig-apps]"
APPS, BATCH = "/apis/apps/v1/namespaces/default", "/apis/batch/v1/namespaces/default"
RS, DEPLOYMENTS, SETS, DAEMONS = (
    f"{APPS}/{plural}" for plural in ("replicasets", "deployments", "statefulsets", "daemonsets")
)
RC, JOBS, CRONJOBS = f"{CORE}/replicationcontrollers", f"{BATCH}/jobs", f"{BATCH}/cronjobs"
LABELS = {"app": "e2e"}


def template_of(image: str = WEB, labels: Obj | None = None, **spec: Any) -> Obj:
    containers = [{"name": "c", "image": image}]
    return {"metadata": {"labels": labels or LABELS}, "spec": {"containers": containers, **spec}}


def spec_of(path: str, replicas: int = 1, image: str = WEB, **more: Any) -> Obj:
    selector = LABELS if path == RC else {"matchLabels": LABELS}
    spec = {"selector": selector, "template": template_of(image), **more}
    if path == SETS:
        spec["serviceName"] = "test"
    return spec if path == DAEMONS else {"replicas": replicas, **spec}


def make_workload(
    suite: Suite, path: str, name: str = "one", wait: int = 15, labels: Obj | None = None, **spec: Any
) -> Obj:
    suite.made(path, name, metadata={"labels": labels or LABELS}, spec=spec_of(path, **spec))
    suite.wait(wait)
    return suite.do("GET", f"{path}/{name}")


def pods_of(suite: Suite, selector: str = "app=e2e") -> list[Obj]:
    return list(suite.do("GET", PODS, labelSelector=selector)["items"])


def names_of(objects: list[Obj]) -> list[str]:
    return [one["metadata"]["name"] for one in objects]


def owner_of(obj: Obj) -> str:
    return next((one["name"] for one in obj["metadata"].get("ownerReferences") or () if one.get("controller")), "")


def images_of(objects: list[Obj]) -> set[str]:
    return {one["spec"]["containers"][0]["image"] for one in objects}


def update_image(suite: Suite, path: str, image: str, name: str = "one") -> None:
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "c", "image": image}]}}}}
    suite.do("PATCH", f"{path}/{name}", patch)
