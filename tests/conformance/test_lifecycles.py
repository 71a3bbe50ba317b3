"""Statements that lead one kind of object through its life: created, read, listed, patched, updated, deleted, deleted together."""

from typing import Any

import pytest

from tests.conformance.conftest import CORE, PODS, Suite
from tests.conformance.statements import conforms

Obj = dict[str, Any]
STORAGE = "/apis/storage.k8s.io/v1"
_ATTACHMENT = {"attacher": "e2e.example.com", "nodeName": "e2e-node", "source": {"persistentVolumeName": "pv"}}


class Life:
    """One collection, and what every lifecycle says of it."""

    def __init__(self, suite: Suite, path: str, **rest: Any) -> None:
        self._suite, self.path, self._rest = suite, path, rest

    def create(self, name: str, **labels: str) -> Obj:
        made = self._suite.made(self.path, name, metadata={"labels": {"e2e": name, **labels}}, **self._rest)
        assert self._suite.do("GET", f"{self.path}/{name}")["metadata"]["uid"] == made["metadata"]["uid"]
        return made

    def patch(self, name: str) -> None:
        self._suite.do("PATCH", f"{self.path}/{name}", {"metadata": {"labels": {"patched": "true"}}})
        assert self._suite.do("GET", f"{self.path}/{name}")["metadata"]["labels"]["patched"] == "true"

    def update(self, name: str) -> None:
        found = self._suite.do("GET", f"{self.path}/{name}")
        found["metadata"]["labels"]["updated"] = "true"
        self._suite.do("PUT", f"{self.path}/{name}", found)
        assert self._suite.do("GET", f"{self.path}/{name}")["metadata"]["labels"]["updated"] == "true"

    def listed(self, selector: str, path: str = "") -> list[str]:
        found = self._suite.do("GET", path or self.path, labelSelector=selector)
        return [one["metadata"]["name"] for one in found["items"]]

    def delete(self, name: str) -> None:
        self._suite.do("DELETE", f"{self.path}/{name}")
        self._suite.wait(40)
        assert self._suite.ask("GET", f"{self.path}/{name}")["status"] == 404

    def delete_all(self, selector: str) -> None:
        self._suite.do("DELETE", self.path, labelSelector=selector)
        self._suite.wait(40)
        assert self.listed(selector) == []


@conforms(
    "[sig-storage] CSIInlineVolumes should run through the lifecycle of a CSIDriver [Conformance]",
    "[sig-storage] CSINodes CSI Conformance should run through the lifecycle of a csinode [Conformance]",
    "[sig-storage] StorageClasses CSI Conformance should run through the lifecycle of a StorageClass [Conformance]",
    "[sig-storage] VolumeAttachment Conformance should run through the lifecycle of a VolumeAttachment [Conformance]",
    "[sig-node] PodTemplates should run the lifecycle of PodTemplates [Conformance]",
    "[sig-node] PodTemplates should delete a collection of pod templates [Conformance]",
    "[sig-node] PodTemplates should replace a pod template [Conformance]",
    "[sig-node] ConfigMap should run through a ConfigMap lifecycle [Conformance]",
    "[sig-node] Secrets should patch a secret [Conformance]",
    "[sig-auth] ServiceAccounts should update a ServiceAccount [Conformance]",
)
@pytest.mark.parametrize(
    ("path", "rest"),
    [
        pytest.param(f"{STORAGE}/csidrivers", {"spec": {}}, id="CSIDriver"),
        pytest.param(f"{STORAGE}/csinodes", {"spec": {"drivers": []}}, id="CSINode"),
        pytest.param(f"{STORAGE}/storageclasses", {"provisioner": "e2e.example.com"}, id="StorageClass"),
        pytest.param(f"{STORAGE}/volumeattachments", {"spec": _ATTACHMENT}, id="VolumeAttachment"),
        pytest.param(
            f"{CORE}/podtemplates", {"template": {"spec": {"containers": [{"name": "c", "image": "x"}]}}}, id="PodTemplate"
        ),
        pytest.param(f"{CORE}/configmaps", {"data": {"valueName": "value"}}, id="ConfigMap"),
        pytest.param(f"{CORE}/secrets", {"data": {"key": "dmFsdWU="}}, id="Secret"),
        pytest.param(f"{CORE}/serviceaccounts", {}, id="ServiceAccount"),
    ],
)  # fmt: skip
def test_an_object_lives_and_ends(suite: Suite, path: str, rest: Obj) -> None:
    life = Life(suite, path, **rest)
    life.create("first")
    life.patch("first")
    assert life.listed("e2e=first,patched=true") == ["first"]
    life.update("first")
    life.create("second")
    assert life.listed("e2e in (first,second)") == ["first", "second"]
    life.delete("first")
    life.create("third", group="last")
    life.update("third")
    life.create("fourth", group="last")
    life.delete_all("group=last")
    assert life.listed("e2e") == ["second"]


@conforms(
    "[sig-node] ConfigMap should fail to create ConfigMap with empty key [Conformance]",
    "[sig-node] Secrets should fail to create secret due to empty secret key [Conformance]",
)
@pytest.mark.parametrize("plural", ["configmaps", "secrets"])
def test_an_empty_key_is_refused(suite: Suite, plural: str) -> None:
    reply = suite.ask("POST", f"{CORE}/{plural}", {"metadata": {"name": "bad"}, "data": {"": "dmFsdWU="}})
    assert (reply["status"], reply["body"]["reason"]) == (422, "Invalid")


@conforms("[sig-node] Lease lease API should be available [Conformance]")
def test_leases_are_there(suite: Suite) -> None:
    path = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
    spec = {
        "holderIdentity": "holder",
        "leaseDurationSeconds": 30,
        "acquireTime": "2025-10-09T08:53:20.000000Z",
        "leaseTransitions": 0,
    }
    made = suite.made(path, "lease", spec=spec)
    assert suite.do("GET", f"{path}/lease")["spec"] == made["spec"] == spec
    changed = {**spec, "holderIdentity": "holder2", "leaseDurationSeconds": 60, "leaseTransitions": 1}
    suite.do("PUT", f"{path}/lease", {**made, "spec": changed})
    assert suite.do("GET", f"{path}/lease")["spec"] == changed
    suite.do("PATCH", f"{path}/lease", {"spec": {"leaseDurationSeconds": 70}})
    assert suite.do("GET", f"{path}/lease")["spec"] == {**changed, "leaseDurationSeconds": 70}
    suite.made(path, "labelled", metadata={"labels": {"deletecollection": "true"}}, spec=spec)
    assert len(suite.do("GET", path)["items"]) == 2
    suite.do("DELETE", path, labelSelector="deletecollection=true")
    assert [one["metadata"]["name"] for one in suite.do("GET", path)["items"]] == ["lease"]
    suite.do("DELETE", f"{path}/lease")
    assert suite.ask("GET", f"{path}/lease")["status"] == 404


@conforms("[sig-node] Node Lifecycle should run through the lifecycle of a node [Conformance]")
def test_a_node_lives_and_ends(suite: Suite) -> None:
    life = Life(suite, "/api/v1/nodes", status={"capacity": {"cpu": "1"}})
    life.create("e2e-node")
    life.patch("e2e-node")
    assert life.listed("e2e=e2e-node,patched=true") == ["e2e-node"]
    life.update("e2e-node")
    life.delete("e2e-node")


@conforms("[sig-storage] VolumeAttachment Conformance should apply changes to a volumeattachment status [Conformance]")
def test_the_status_of_an_attachment_is_written(suite: Suite) -> None:
    life = Life(suite, f"{STORAGE}/volumeattachments", spec=_ATTACHMENT)
    life.create("va")
    life.patch("va")
    path = f"{life.path}/va/status"
    assert suite.do("GET", path)["status"]["attached"] is False
    patched = suite.do("PATCH", path, {"status": {"attached": True}})
    assert patched["status"]["attached"] is True
    assert suite.do("PUT", path, {**patched, "status": {"attached": False}})["status"]["attached"] is False
    life.delete("va")


_DISK = {
    "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "persistentVolumeReclaimPolicy": "Retain",
    "csi": {"driver": "e2e.example.com", "volumeHandle": "e2e-handle"},
}  # fmt: skip


def _claim(volume: str) -> Obj:
    resources = {"requests": {"storage": "1Gi"}}
    return {"accessModes": ["ReadWriteOnce"], "volumeName": volume, "storageClassName": "", "resources": resources}


@conforms(
    "[sig-storage] PersistentVolumes CSI Conformance should run through the lifecycle of a PV and a PVC [Conformance]"
)
def test_a_volume_and_its_claim_live_and_end(suite: Suite) -> None:
    volumes = Life(suite, "/api/v1/persistentvolumes", spec=_DISK)
    for name, others in (("pv-1", False), ("pv-2", True)):
        claims = Life(suite, f"{CORE}/persistentvolumeclaims", spec=_claim(name))
        volumes.create(name)
        claims.create(name)
        assert volumes.listed(f"e2e={name}") == claims.listed(f"e2e={name}") == [name]
        if others:
            volumes.update(name)
            claims.update(name)
            claims.delete_all(f"e2e={name}")
            volumes.delete_all(f"e2e={name}")
        else:
            volumes.patch(name)
            claims.patch(name)
            claims.delete(name)
            volumes.delete(name)


@conforms("[sig-storage] PersistentVolumes CSI Conformance should apply changes to a pv/pvc status [Conformance]")
def test_the_status_of_a_volume_and_its_claim_is_written(suite: Suite) -> None:
    Life(suite, "/api/v1/persistentvolumes", spec=_DISK).create("pv")
    Life(suite, f"{CORE}/persistentvolumeclaims", spec=_claim("pv")).create("pvc")
    suite.wait()
    claim, volume = f"{CORE}/persistentvolumeclaims/pvc/status", "/api/v1/persistentvolumes/pv/status"
    assert suite.do("GET", claim)["status"]["phase"] in ("Pending", "Bound")
    assert suite.do("GET", volume)["status"]["phase"] in ("Available", "Bound", "Pending")
    condition = {"type": "StatusPatched", "status": "True", "reason": "E2E patchStatus", "message": "Set from e2e test"}
    patched = suite.do("PATCH", claim, {"status": {"conditions": [condition]}})
    assert patched["status"]["conditions"] == [condition]
    told = suite.do("PATCH", volume, {"status": {"message": "StatusPatched", "reason": "E2E patchStatus"}})
    assert (told["status"]["message"], told["status"]["reason"]) == ("StatusPatched", "E2E patchStatus")
    patched["status"]["conditions"].append({**condition, "type": "StatusUpdated"})
    assert len(suite.do("PUT", claim, patched)["status"]["conditions"]) == 2
    told["status"].update(message="StatusUpdated", reason="E2E updateStatus")
    assert suite.do("PUT", volume, told)["status"]["reason"] == "E2E updateStatus"


@conforms("[sig-storage] CSIInlineVolumes should support CSIVolumeSource in Pod API [Conformance]")
def test_pods_with_inline_volumes_live_and_end(suite: Suite) -> None:
    suite.made(f"{STORAGE}/csidrivers", "e2e.example.com", spec={"volumeLifecycleModes": ["Ephemeral"]})
    inline = {"name": "v", "csi": {"driver": "e2e.example.com", "volumeAttributes": {"a": "b"}}}
    pods = Life(suite, PODS, spec={"containers": [{"name": "c", "image": "x"}], "volumes": [inline]})
    pods.create("inline")
    assert inline in suite.do("GET", f"{PODS}/inline")["spec"]["volumes"]
    pods.patch("inline")
    assert pods.listed("e2e=inline", "/api/v1/pods") == ["inline"]
    suite.do("DELETE", f"{PODS}/inline", gracePeriodSeconds="0")
    assert suite.ask("GET", f"{PODS}/inline")["status"] == 404


# Service accounts


ACCOUNTS = f"{CORE}/serviceaccounts"


@conforms("[sig-auth] ServiceAccounts should run through the lifecycle of a ServiceAccount [Conformance]")
def test_a_service_account_is_seen_by_watchers(suite: Suite) -> None:
    start = suite.do("GET", ACCOUNTS)["metadata"]["resourceVersion"]
    suite.made(ACCOUNTS, "testserviceaccount", metadata={"labels": {"test-serviceaccount-static": "true"}})
    patched = suite.do("PATCH", f"{ACCOUNTS}/testserviceaccount", {"automountServiceAccountToken": False})
    assert patched["automountServiceAccountToken"] is False
    found = suite.do("GET", "/api/v1/serviceaccounts", labelSelector="test-serviceaccount-static=true")["items"]
    assert [(one["metadata"]["name"], one["automountServiceAccountToken"]) for one in found] == [
        ("testserviceaccount", False)
    ]
    suite.do("DELETE", ACCOUNTS, labelSelector="test-serviceaccount-static=true")
    heard = [kind for kind, name in suite.watch(ACCOUNTS, start) if name == "testserviceaccount"]
    assert heard == ["ADDED", "MODIFIED", "DELETED"]


@conforms("[sig-auth] ServiceAccounts should guarantee kube-root-ca.crt exist in any namespace [Conformance]")
def test_every_namespace_has_the_root_certificate(suite: Suite) -> None:
    suite.made("/api/v1/namespaces", "other")
    suite.wait()
    path = "/api/v1/namespaces/other/configmaps/kube-root-ca.crt"
    first = suite.do("GET", path)["data"]
    assert first["ca.crt"].startswith("-----BEGIN CERTIFICATE-----")
    suite.do("DELETE", path)
    suite.wait()
    assert suite.do("GET", path)["data"] == first
    suite.do("PATCH", path, {"data": {"ca.crt": ""}})
    suite.wait()
    assert suite.do("GET", path)["data"] == first


_MOUNTED = "/var/run/secrets/kubernetes.io/serviceaccount"


@conforms("[sig-auth] ServiceAccounts should allow opting out of API token automount [Conformance]")
@pytest.mark.parametrize("of_pod", [None, True, False])
@pytest.mark.parametrize("of_account", [None, True, False])
def test_tokens_are_mounted_unless_somebody_objects(suite: Suite, of_account: bool | None, of_pod: bool | None) -> None:
    suite.made(ACCOUNTS, "mount", **({} if of_account is None else {"automountServiceAccountToken": of_account}))
    chosen = {} if of_pod is None else {"automountServiceAccountToken": of_pod}
    pod = suite.pod("pod", serviceAccountName="mount", wait=1, **chosen)
    mounts = [mount["mountPath"] for mount in pod["spec"]["containers"][0].get("volumeMounts", [])]
    is_mounted = of_account is not False if of_pod is None else of_pod
    assert mounts == ([_MOUNTED] if is_mounted else [])


@conforms("[sig-auth] SubjectReview should support SubjectReview API operations [Conformance]")
def test_reviews_say_what_happens(suite: Suite) -> None:
    suite.made(ACCOUNTS, "e2e")
    user = "system:serviceaccount:default:e2e"
    attributes = {"verb": "list", "resource": "configmaps", "namespace": "default", "version": "v1"}

    def allowed(path: str) -> bool:
        return bool(
            suite.do("POST", path, {"spec": {"user": user, "resourceAttributes": attributes}})["status"]["allowed"]
        )

    def works() -> bool:
        headers = {"impersonate-user": user}
        reply = suite.cluster.apply(
            {"kind": "request", "method": "GET", "path": f"{CORE}/configmaps", "headers": headers}
        )
        return bool(reply["status"] == 200)

    paths = [
        f"/apis/authorization.k8s.io/v1/{place}"
        for place in ("subjectaccessreviews", "namespaces/default/localsubjectaccessreviews")
    ]
    local = {"metadata": {"namespace": "default"}}
    assert [allowed(paths[0]), works()] == [False, False]
    reply = suite.do("POST", paths[1], {**local, "spec": {"user": user, "resourceAttributes": attributes}})
    assert reply["status"]["allowed"] is False
    suite.sh("kubectl create rolebinding view --clusterrole=view --serviceaccount=default:e2e")
    assert [allowed(paths[0]), works()] == [True, True]
    reply = suite.do("POST", paths[1], {**local, "spec": {"user": user, "resourceAttributes": attributes}})
    assert reply["status"]["allowed"] is True


# Events


@conforms(
    "[sig-instrumentation] Events should manage the lifecycle of an event [Conformance]",
    "[sig-instrumentation] Events should delete a collection of events [Conformance]",
    "[sig-instrumentation] Events API should ensure that an event can be fetched, patched, deleted, and listed [Conformance]",
    "[sig-instrumentation] Events API should delete a collection of events [Conformance]",
)
@pytest.mark.parametrize("group", ["core", "events.k8s.io"])
def test_events_live_and_end(suite: Suite, group: str) -> None:
    reference = {"kind": "Pod", "namespace": "default", "name": "pod"}
    if group == "core":
        path, everywhere, text, about = f"{CORE}/events", "/api/v1/events", "message", {"involvedObject": reference}
    else:
        path, everywhere = "/apis/events.k8s.io/v1/namespaces/default/events", "/apis/events.k8s.io/v1/events"
        text, about = "note", {"regarding": reference}
    rest = {
        **about, text: "This is a test", "type": "Normal", "reason": "Test", "reportingInstance": "test-node", "action": "Do",
        "eventTime": "2025-10-09T08:53:20.000000Z",
        ("reportingController" if group != "core" else "reportingComponent"): "test-controller",
    }  # fmt: skip
    life = Life(suite, path, **rest)
    life.create("event")
    assert life.listed("e2e=event", everywhere) == ["event"]
    suite.do("PATCH", f"{path}/event", {text: "This is the test patched"})
    found = suite.do("GET", f"{path}/event")
    assert found[text] == "This is the test patched"
    found["series"] = {"count": 100, "lastObservedTime": "2025-10-09T08:53:21.000000Z"}
    suite.do("PUT", f"{path}/event", found)
    assert suite.do("GET", f"{path}/event")["series"] == found["series"]
    life.delete("event")
    for number in range(3):
        life.create(f"event-{number}", testevent="true")
    assert len(life.listed("testevent=true")) == 3
    life.delete_all("testevent=true")
