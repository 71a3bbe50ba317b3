"""`kubectl kustomize` and `apply -k`: the recorded answers of the real one, and what the terminal adds."""

import pytest

from simulator import Cluster
from tests.clients.kustomize_cases import FILE, built_here, cases

CASES = cases(FILE.read_text())


@pytest.mark.parametrize("number", range(len(CASES)))
def test_a_kustomization_builds_what_the_real_kubectl_built(number: int) -> None:
    files, answer = CASES[number]
    assert built_here(files) == answer


KUSTOMIZATION = """
resources: [web.yaml]
namePrefix: dev-
configMapGenerator: [{name: settings, literals: [color=blue]}]
"""
WEB = """
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers: [{name: main, image: nginx, envFrom: [{configMapRef: {name: settings}}]}]
"""


def test_apply_k_applies_what_kustomize_prints_and_delete_k_takes_it_away() -> None:
    cluster = Cluster.create()

    def run(line: str) -> str:
        reply = cluster.apply({"kind": "shell", "line": line})
        return str(reply["stdout"] + reply["stderr"])

    run("mkdir app")
    cluster.apply({"kind": "write-file", "path": "app/kustomization.yaml", "text": KUSTOMIZATION})
    cluster.apply({"kind": "write-file", "path": "app/web.yaml", "text": WEB})
    assert run("kubectl apply -k app") == "configmap/dev-settings-747dfcb89d created\npod/dev-web created\n"
    assert run("kubectl apply -k app") == "configmap/dev-settings-747dfcb89d unchanged\npod/dev-web unchanged\n"
    assert run("kubectl get -k app -o name") == "configmap/dev-settings-747dfcb89d\npod/dev-web\n"
    assert run("kubectl kustomize app -o all.yaml; grep -c '^kind' all.yaml") == "2\n"
    assert run("kubectl apply -f all.yaml -k app") == "error: only one of -f or -k can be specified\n"
