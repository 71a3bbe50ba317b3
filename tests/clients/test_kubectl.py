"""A tour of real kubectl through a standalone cluster that runs: every family of verbs, in every minor that is here."""

import re
import subprocess

import pytest

from tests.clients.conftest import Serve
from tests.clients.terminals import RealTerminal, free_port

MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: nginx, image: "nginx:1.27", ports: [{containerPort: 80}]}]
"""
WORKERS = "kind: Cluster\nname: tour\nnodes: [{role: control-plane}, {role: worker}, {role: worker}]"

pytestmark = [pytest.mark.processes]

#: (command line, what its output matches from begin to end); run in this order on one cluster.
TOUR = (
    ("kubectl version | tail -1", r"Server Version: v1\.33\.1\n"),
    ("kubectl apply -f web.yaml", r"deployment\.apps/web created\n"),
    ("kubectl rollout status deploy/web --timeout=30s", r"(?s).*deployment \"web\" successfully rolled out\n"),
    ("kubectl apply -f web.yaml", r"deployment\.apps/web unchanged\n"),
    ("sed -i s/1.27/1.28/ web.yaml; kubectl diff -f web.yaml | grep -c '^[+-].*image:'", r"2\n"),
    ("kubectl apply -f web.yaml", r"deployment\.apps/web configured\n"),
    ("kubectl rollout status deploy/web --timeout=30s", r"(?s).*successfully rolled out\n"),
    ("kubectl rollout history deploy/web | wc -l", r"5\n"),
    ("kubectl rollout undo deploy/web", r"deployment\.apps/web rolled back\n"),
    ("kubectl rollout restart deploy/web", r"deployment\.apps/web restarted\n"),
    ("kubectl expose deploy web --port=80", r"service/web exposed\n"),
    ("kubectl scale deploy web --replicas=3", r"deployment\.apps/web scaled\n"),
    ("kubectl set image deploy/web nginx=nginx:1.29", r"deployment\.apps/web image updated\n"),
    ("kubectl set env deploy/web A=1", r"deployment\.apps/web env updated\n"),
    ("kubectl run one --image=nginx", r"pod/one created\n"),
    ("kubectl wait --for=condition=Ready pod/one --timeout=30s", r"pod/one condition met\n"),
    ("kubectl exec one -- hostname", r"one\n"),
    ("kubectl exec one -- sh -c 'exit 3'; echo $?", r"3\n"),
    ("echo hello | kubectl exec -i one -- cat", r"hello\n"),
    ("printf 'cd /etc\npwd\nexit 3\n' | kubectl exec -i one -- sh; echo $?", r"/etc\n3\n"),
    (
        "kubectl port-forward pod/one PORT:80 >/dev/null & until curl -s localhost:PORT; do sleep 0.1; done | grep -c Welcome; kill $!",
        r"[12]\n",
    ),
    ("kubectl cp bin.dat one:/tmp && kubectl exec one -- cat /tmp/bin.dat | cmp - bin.dat; echo $?", r"0\n"),
    ("kubectl cp one:/tmp/bin.dat back.dat >/dev/null && cmp back.dat bin.dat; echo $?", r"0\n"),
    (
        "mkdir -p tree/leaf; kubectl cp tree one:/tmp/all && kubectl exec one -- ls -d /tmp/all/leaf",
        r"/tmp/all/leaf\n",
    ),
    ("kubectl get --raw /readyz", r"ok"),
    ("kubectl get --raw /api/v1/namespaces/default/pods/one:80/proxy/ | grep -c Welcome", r"[12]\n"),
    (
        "kubectl proxy --port=PORT >/dev/null 2>&1 & until curl -s localhost:PORT/api/v1/namespaces/default/services/web/"
        "proxy/; do sleep 0.1; done | grep -c Welcome; kill $!",
        r"[12]\n",
    ),
    ("kubectl logs one --tail=1", r".+\n"),
    ("kubectl label pod one a=b", r"pod/one labeled\n"),
    ("kubectl annotate pod one a=b", r"pod/one annotated\n"),
    ("kubectl get pod one -L a --no-headers", r"one +1/1 +Running +0 +\d+s +b\n"),
    ('kubectl patch deploy web -p \'{"spec":{"replicas":2}}\'', r"deployment\.apps/web patched\n"),
    ("EDITOR='sed -i s/replicas:.2/replicas:\\ 1/' kubectl edit deploy web", r"deployment\.apps/web edited\n"),
    ("kubectl create configmap c --from-literal=a=b", r"configmap/c created\n"),
    ("kubectl create cm d --from-literal=a=b --dry-run=client -o yaml > d.yaml", r""),
    ("kubectl apply -f d.yaml; sed -i 's/ a: b/ z: b/' d.yaml", r"configmap/d created\n"),
    ("kubectl apply --server-side -f d.yaml", r"configmap/d serverside-applied\n"),
    ("kubectl get cm d -o jsonpath='{.data}'", r'\{"z":"b"\}'),
    ('kubectl patch cm d --type merge -p \'{"data":{"z":"c"}}\'', r"configmap/d patched\n"),
    ("kubectl apply --server-side -f d.yaml 2>&1 | grep -c 'conflict with .kubectl-patch. using v1: .data.z'", r"1\n"),
    ("kubectl apply --server-side --force-conflicts -f d.yaml", r"configmap/d serverside-applied\n"),
    ("kubectl create secret generic s --from-literal=a=b", r"secret/s created\n"),
    ("kubectl get secret s -o jsonpath='{.data.a}'", r"Yg=="),
    ("kubectl create job j --image=busybox -- true", r"job\.batch/j created\n"),
    ("kubectl create namespace n", r"namespace/n created\n"),
    ("kubectl autoscale deploy web --min=1 --max=3", r"horizontalpodautoscaler\.autoscaling/web autoscaled\n"),
    ("kubectl auth whoami | tail -2 | head -1", r"Username +kubernetes-admin\n"),
    ("kubectl auth can-i create pods", r"yes\n"),
    ("kubectl top nodes 2>&1", r"error: Metrics API not available\n"),
    ("kubectl explain pod.spec.restartPolicy | head -1", r"KIND: +Pod\n"),
    ("kubectl api-resources --api-group=apps --no-headers | wc -l", r"5\n"),
    ("kubectl events --for pod/one --no-headers | wc -l", r"[5-9]\n"),
    ("kubectl describe pod one | head -1", r"Name: +one\n"),
    ("kubectl describe node tour-worker | head -1", r"Name: +tour-worker\n"),
    ("kubectl taint node tour-worker2 k=v:NoSchedule", r"node/tour-worker2 tainted\n"),
    ("kubectl cordon tour-worker2", r"node/tour-worker2 cordoned\n"),
    (
        "kubectl drain tour-worker --ignore-daemonsets --force --timeout=60s 2>/dev/null | tail -1",
        r"node/tour-worker drained\n",
    ),
    ("kubectl uncordon tour-worker", r"node/tour-worker uncordoned\n"),
    ("kubectl get svc web -o go-template='{{(index .spec.ports 0).port}}'", r"80"),
    ("kubectl rollout pause deploy/web", r"deployment\.apps/web paused\n"),
    ("kubectl rollout resume deploy/web", r"deployment\.apps/web resumed\n"),
    ("kubectl replace -f d.yaml; kubectl diff -f d.yaml; echo $?", r"configmap/d replaced\n0\n"),
    (
        "mkdir k; echo 'configMapGenerator: [{name: made, literals: [a=b]}]' > k/kustomization.yaml; kubectl kustomize k | tail -1",
        r"  name: made-\w+\n",
    ),
    ("kubectl apply -k k; kubectl delete -k k", r'configmap/made-\w+ created\nconfigmap "made-\w+" deleted\n'),
    ("kubectl certificate approve none 2>&1 | grep -c NotFound", r"1\n"),
    ("kubectl cluster-info | grep -c running", r"[12]\n"),
    ("kubectl cluster-info dump --output-directory=dump >/dev/null; ls dump | head -1", r"default\n"),
    ("kubectl config current-context | wc -l", r"1\n"),
    ("kubectl options | grep -c -- --as-group", r"1\n"),
    ("kubectl version -o json | grep -c gitVersion", r"2\n"),
    ("kubectl api-versions | grep -c apps/v1", r"1\n"),
    ("kubectl delete -f web.yaml", r'deployment\.apps "web" deleted\n'),
    ("kubectl delete ns n", r'namespace "n" deleted\n'),
    ("kubectl get pods -o nonsense 2>&1 | grep -c 'unable to match a printer'", r"1\n"),
    ("kubectl get pods missing 2>&1", r'Error from server \(NotFound\): pods "missing" not found\n'),
)


def take(tour: tuple[tuple[str, str], ...], terminal: RealTerminal) -> None:
    """Every line answers as it should. PORT is one that nobody listens on: tours are taken side by side."""
    wrong = []
    for line, wanted in tour:
        outcome = terminal.run(line.replace("PORT", str(free_port())), timeout_s=90)
        if not re.fullmatch(wanted, outcome.stdout):
            wrong.append(f"$ {line}\n{outcome.stdout}{outcome.stderr}(wanted {wanted})")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("minor", ["1.31", "1.32", "1.33"])
def test_every_verb_works(serve: Serve, minor: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    config = tmp_path_factory.mktemp("config") / "kind.yaml"
    config.write_text(WORKERS)
    terminal = serve("--config", str(config), "--speed", "5", minor=minor)
    terminal.write_file("web.yaml", MANIFEST)
    (terminal.folder / "home" / "bin.dat").write_bytes(bytes(range(256)) * 100)
    take(TOUR, terminal)


@pytest.fixture
def terminal(serve: Serve) -> RealTerminal:
    return serve("--speed", "5")


def test_a_watch_prints_what_happens(terminal: RealTerminal) -> None:
    watching = terminal.start("kubectl get configmaps -w -o name")
    assert watching.stdout is not None
    assert watching.stdout.readline() == "configmap/kube-root-ca.crt\n"
    terminal.run("kubectl create configmap new")
    assert watching.stdout.readline() == "configmap/new\n"
    _stop(watching)


def test_a_followed_log_goes_on_until_the_container_ends(terminal: RealTerminal) -> None:
    terminal.run(
        "kubectl run talker --image=busybox --restart=Never -- sh -c 'for i in 1 2 3; do echo $i; sleep 4; done'"
    )
    terminal.run("kubectl wait --for=jsonpath='{.status.phase}'=Running pod/talker --timeout=30s")
    assert terminal.run("kubectl logs -f talker").stdout == "1\n2\n3\n"


def _stop(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    process.communicate(timeout=10)


#: What kubectl up to 1.29 (port-forward: 1.30) does over SPDY.
SPDY_TOUR = (
    (
        "kubectl run one --image=nginx && kubectl wait --for=condition=Ready pod/one --timeout=30s",
        r"(?s).*condition met\n",
    ),
    ("kubectl exec one -- sh -c 'echo out; echo err >&2; exit 3'; echo $?", r"out\n3\n"),
    ("echo hello | kubectl exec -i one -- cat", r"hello\n"),
    ("printf 'cd /etc\npwd\nexit 3\n' | kubectl exec -i one -- sh; echo $?", r"/etc\n3\n"),
    ("kubectl cp bin.dat one:/tmp && kubectl exec one -- cat /tmp/bin.dat | cmp - bin.dat; echo $?", r"0\n"),
    ("kubectl cp one:/tmp/bin.dat back.dat >/dev/null && cmp back.dat bin.dat; echo $?", r"0\n"),
    (
        "kubectl port-forward pod/one PORT:80 >/dev/null & until curl -s localhost:PORT; do sleep 0.1; done | grep -c Welcome; kill $!",
        r"[12]\n",
    ),
    ("kubectl exec gone -- ls 2>&1", r'Error from server \(NotFound\): pods "gone" not found\n'),
    ("kubectl exec one -c x -- ls 2>&1", r"Error from server \(BadRequest\): container x is not valid for pod one\n"),
)


@pytest.mark.parametrize("minor", ["1.28", "1.29", "1.30"])
def test_old_clients_stream_over_spdy(serve: Serve, minor: str) -> None:
    terminal = serve("--speed", "20", minor=minor)
    (terminal.folder / "home" / "bin.dat").write_bytes(bytes(range(256)) * 100)
    take(SPDY_TOUR, terminal)


CUSTOM = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.sea.example}
spec:
  group: sea.example
  names: {kind: Boat, plural: boats, singular: boat}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {length: {type: integer}}}}}
"""

#: What kubectl up to 1.28 cannot do without OpenAPI v2.
OLD_TOUR = (
    ("kubectl apply -f web.yaml", r"deployment\.apps/web created\n"),
    ("kubectl apply -f web.yaml", r"deployment\.apps/web unchanged\n"),
    ("sed -i s/1.27/1.28/ web.yaml; kubectl diff -f web.yaml | grep -c '^[+-].*image:'", r"2\n"),
    ("kubectl apply -f web.yaml", r"deployment\.apps/web configured\n"),
    (
        "sed 's/replicas: 2/replicaz: 2/' web.yaml | kubectl apply -f - 2>&1 | tail -1",
        r'.*unknown field "spec\.replicaz"\n',
    ),
    ("kubectl explain pod.spec.restartPolicy | head -1", r"KIND: +Pod\n"),
    ("kubectl explain pod.spec.containers | grep -c -- '-required-'", r"[1-9]\n"),
    (
        "kubectl apply -f custom.yaml; sleep 1",
        r"customresourcedefinition\.apiextensions\.k8s\.io/boats\.sea\.example created\n",
    ),
    ("kubectl explain boat.spec.length | grep integer", r".*length <integer>\n"),
)


@pytest.mark.parametrize("minor", ["1.27", "1.28"])
def test_old_clients_apply_and_explain(serve: Serve, minor: str) -> None:
    terminal = serve("--speed", "20", minor=minor)
    terminal.write_file("web.yaml", MANIFEST)
    terminal.write_file("custom.yaml", CUSTOM)
    take(OLD_TOUR, terminal)


def test_explain_has_the_old_form_too(terminal: RealTerminal) -> None:
    shown = terminal.run("kubectl explain pod.spec.restartPolicy --output=plaintext-openapiv2").stdout
    assert re.search(r"^FIELD: +restartPolicy <string>$", shown, re.MULTILINE)
