"""Real kubectl and kinds that it has never heard of: discovery, tables, explain, validation, patches and scale of custom resources."""

import re

import pytest

from tests.clients.conftest import Serve
from tests.simulator.extension.conftest import BOOKS

BOOK = "apiVersion: example.com/v1\nkind: Bk\nmetadata: {name: ai}\nspec: {title: AI Explained, replicas: 1}\n"

pytestmark = [pytest.mark.processes]

#: (command line, what its output matches from begin to end); run in this order on one cluster.
TOUR = (
    ("kubectl get bk 2>&1", r'error: the server doesn\'t have a resource type "bk"\n'),
    ("kubectl apply -f crd.yaml", r"customresourcedefinition\.apiextensions\.k8s\.io/bks\.example\.com created\n"),
    ("kubectl wait --for=condition=established crd/bks.example.com --timeout=30s", r".*condition met\n"),
    ("kubectl apply -f book.yaml", r"bk\.example\.com/ai created\n"),
    ("kubectl apply -f book.yaml", r"bk\.example\.com/ai unchanged\n"),
    ("kubectl get b", r"NAME +TITLE +READY +AGE\nai +AI Explained +\d+s\n"),
    ("kubectl get bks -o wide --no-headers", r"ai +AI Explained +10 +\d+s\n"),
    ("kubectl get bk ai -o jsonpath='{.spec.pages} {.metadata.generation}'", r"10 1"),
    ("kubectl api-resources --api-group=example.com --no-headers", r"bks +b +example\.com/v1 +true +Bk\n"),
    ("kubectl explain bk.spec.title", r"(?s)GROUP: +example\.com\nKIND: +Bk\nVERSION: +v1\n\nFIELD: title <string>.*cover.*"),
    ("kubectl explain bk --recursive | grep -c pages", r"2\n"),
    ("kubectl get bk --field-selector 'spec.title=AI Explained' -o name", r"bk\.example\.com/ai\n"),
    ("kubectl label bk ai shelf=top", r"bk\.example\.com/ai labeled\n"),
    ("kubectl scale bk ai --replicas=3", r"bk\.example\.com/ai scaled\n"),
    ('kubectl patch bk ai --type=merge -p \'{"spec":{"pages":7}}\'', r"bk\.example\.com/ai patched\n"),
    (
        'kubectl patch bk ai --type=merge -p \'{"spec":{"pages":0}}\' 2>&1',
        r'The Bk "ai" is invalid: spec\.pages: Invalid value: 0: spec\.pages in body should be greater than or equal to 1\n',
    ),
    ("sed 's/replicas: 1/colour: blue/' book.yaml > wrong.yaml; kubectl apply -f wrong.yaml 2>&1", r'(?s).*unknown field "spec\.colour".*'),
    ("kubectl apply --server-side --force-conflicts -f book.yaml", r"bk\.example\.com/ai serverside-applied\n"),
    ("kubectl describe bk ai | head -2", r"Name: +ai\nNamespace: +default\n"),
    ("kubectl get apiservices v1.example.com --no-headers", r"v1\.example\.com +Local +True +\d+s\n"),
    ("kubectl delete bk ai", r'bk\.example\.com "ai" deleted\n'),
    ("kubectl delete -f crd.yaml", r'customresourcedefinition\.apiextensions\.k8s\.io "bks\.example\.com" deleted\n'),
)  # fmt: skip


def test_custom_resources_work_like_built_in_ones(serve: Serve) -> None:
    terminal = serve("--speed", "5")
    terminal.write_file("crd.yaml", BOOKS)
    terminal.write_file("book.yaml", BOOK)
    wrong = []
    for line, wanted in TOUR:
        outcome = terminal.run(line, timeout_s=60)
        if not re.fullmatch(wanted, outcome.stdout):
            wrong.append(f"$ {line}\n{outcome.stdout}{outcome.stderr}(wanted {wanted})")
    assert not wrong, "\n".join(wrong)
