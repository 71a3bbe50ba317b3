"""A cluster with a terminal and a clock, and custom kinds to try."""

from collections.abc import Callable
from typing import Any

import pytest

from simulator.cluster import Cluster

SECOND = 1_000_000
Obj = dict[str, Any]

BOOKS = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: bks.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: bks, singular: bk, kind: Bk, shortNames: [b], categories: [all]}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [title]
            properties:
              title: {type: string, minLength: 2, maxLength: 20, description: What stands on the cover.}
              pages: {type: integer, minimum: 1, maximum: 2000, default: 10}
              size: {type: string, enum: [S, M]}
              replicas: {type: integer}
              port: {x-kubernetes-int-or-string: true}
              note: {type: string, nullable: true}
              tags: {type: array, items: {type: string}, x-kubernetes-list-type: set, maxItems: 3}
              parts:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [name]
                items: {type: object, required: [name], properties: {name: {type: string}, pages: {type: integer}}}
              free: {type: object, x-kubernetes-preserve-unknown-fields: true}
            x-kubernetes-validations:
            - {rule: "self.pages < 1000", message: too long a book}
            - {rule: "self.title == oldSelf.title", reason: FieldValueForbidden, message: title is immutable, fieldPath: .title}
            - {rule: "!has(self.size) || self.pages > 1", messageExpression: "'only %d page'.format([self.pages])"}
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}
    additionalPrinterColumns:
    - {name: Title, type: string, jsonPath: .spec.title}
    - {name: Ready, type: string, jsonPath: '.status.conditions[?(@.type=="Ready")].status'}
    - {name: Pages, type: integer, jsonPath: .spec.pages, priority: 1}
    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
    selectableFields: [{jsonPath: .spec.title}]
"""


def book(name: str = "ai", **spec: Any) -> Obj:
    return {
        "apiVersion": "example.com/v1",
        "kind": "Bk",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"title": "AI Explained", **spec},
    }


class Lab:
    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def run(self, line: str, stdin: str = "") -> str:
        """What the line prints; the line has to succeed."""
        reply = self.reply(line, stdin)
        assert reply["exit"] == 0, reply
        return str(reply["stdout"])

    def refusal(self, line: str, stdin: str = "") -> str:
        """What a line that fails says."""
        reply = self.reply(line, stdin)
        assert reply["exit"] != 0, reply
        return str(reply["stderr"])

    def reply(self, line: str, stdin: str = "") -> Obj:
        return self.cluster.apply({"kind": "shell", "line": line, "stdin": stdin})

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> Obj:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.cluster.apply({"kind": "request", "method": method, "path": path, "body": body, "headers": named})

    def wait(self, seconds: float) -> None:
        until = self.cluster.now + int(seconds * SECOND)
        while not self.cluster.advance(until):
            continue

    def value(self, what: str, path: str) -> str:
        return self.run(f"kubectl get {what} -o jsonpath='{path}'")

    def apply(self, text: str, seconds: float = 2) -> str:
        said = self.run("kubectl apply -f -", text)
        self.wait(seconds)
        return said

    def restored(self) -> "Lab":
        """The same cluster after a rest in a file."""
        data = self.cluster.dump()
        lab = Lab(Cluster.load(data))
        assert lab.cluster.dump() == data
        return lab

    def object(self, resource: str, name: str, namespace: str = "default") -> Obj:
        return self.cluster.registry.get("test", resource, namespace, name)


@pytest.fixture
def lab() -> Lab:
    return Lab(Cluster.create())


@pytest.fixture
def library(lab: Lab) -> Lab:
    """A cluster that knows books."""
    lab.apply(BOOKS)
    return lab


@pytest.fixture
def refused(library: Lab) -> Callable[[Obj], str]:
    """Why an object is not taken."""

    def ask(obj: Obj) -> str:
        reply = library.request("POST", "/apis/example.com/v1/namespaces/default/bks", obj)
        assert reply["status"] in (400, 422), reply
        return str(reply["body"]["message"])

    return ask
