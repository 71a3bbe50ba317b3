"""Functions and virtual machines: kinds of others whose controllers make ordinary pods (Knative Serving, KubeVirt)."""

from simulator.cluster import Cluster
from simulator.network.http_paths import HttpPath
from simulator.network.traces import Source, Trace
from tests.simulator.extension.conftest import Lab
from tests.simulator.extension.gateways import NODES

KNATIVE = "https://github.com/knative/serving/releases/download/knative-v1.18.0/{}.yaml"
KOURIER = "https://github.com/knative-extensions/net-kourier/releases/download/knative-v1.18.0/kourier.yaml"
KUBEVIRT = "https://github.com/kubevirt/kubevirt/releases/download/v1.5.2/{}.yaml"
HELLO = """
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: hello}
spec:
  template:
    spec:
      containers: [{image: "drydock/web:1.0", ports: [{containerPort: 8080}]}]
"""
MACHINE = """
apiVersion: kubevirt.io/v1
kind: VirtualMachineInstance
metadata: {name: testvm}
spec:
  domain: {memory: {guest: 512Mi}, devices: {}}
"""


def functions() -> Lab:
    lab = Lab(Cluster.create({"name": "t", "nodes": NODES}))
    lab.run(f"kubectl apply -f {KNATIVE.format('serving-crds')}")
    lab.wait(3)
    lab.run(f"kubectl apply -f {KNATIVE.format('serving-core')}")
    lab.run(f"kubectl apply -f {KOURIER}")
    lab.wait(40)
    return lab


def ask(lab: Lab) -> Trace:
    address = lab.object("services", "kourier", "kourier-system")["spec"]["clusterIP"]
    path = HttpPath("/", host="hello.default.svc.cluster.local")
    found: Trace = lab.cluster.datapath.request(Source(node="t-worker"), address, 80, path)
    return found


def pods(lab: Lab) -> list[str]:
    return lab.run("kubectl get pods -l serving.knative.dev/service=hello -o name").split()


def test_a_function_has_no_pod_until_somebody_asks() -> None:
    lab = functions()
    lab.apply(HELLO, seconds=20)
    assert lab.run("kubectl get ksvc").splitlines()[1].split() == [
        "hello", "http://hello.default.svc.cluster.local", "hello-00001", "hello-00001", "True",
    ]  # fmt: skip
    assert lab.run("kubectl get revisions --no-headers").split()[:4] == ["hello-00001", "hello", "1", "True"]
    assert len(pods(lab)) == 1
    assert ask(lab).status == 200
    lab.wait(120)
    assert pods(lab) == []
    assert lab.value("revision hello-00001", '{.status.conditions[?(@.type=="Active")].severity}') == "Info"
    assert lab.value("revision hello-00001", '{.status.conditions[?(@.type=="Active")].reason}') == "NoTraffic"
    first = ask(lab)
    assert first.status == 503
    assert [hop.say for hop in first.hops if hop.kind == "refused"] == [
        "revision default/hello-00001 sleeps; the activator asks for a pod"
    ]
    lab.wait(10)
    assert len(pods(lab)) == 1
    assert ask(lab).status == 200


def test_a_change_makes_a_revision_and_traffic_may_be_split() -> None:
    lab = functions()
    lab.apply(HELLO, seconds=20)
    lab.apply(HELLO.replace("web:1.0", "web:2.0"), seconds=20)
    assert lab.run("kubectl get revisions -o name").split() == [
        "revision.serving.knative.dev/hello-00001", "revision.serving.knative.dev/hello-00002",
    ]  # fmt: skip
    assert lab.value("ksvc hello", "{.status.latestReadyRevisionName}") == "hello-00002"
    split = "  traffic: [{revisionName: hello-00001, percent: 50}, {latestRevision: true, percent: 50}]\n"
    lab.apply(HELLO.replace("web:1.0", "web:2.0") + split, seconds=5)
    answered = {ask(lab).backend.split("/")[1].rpartition("-deployment")[0] for _ in range(40)}
    assert answered == {"hello-00001", "hello-00002"}


def test_a_virtual_machine_runs_in_a_launcher_pod() -> None:
    lab = Lab(Cluster.create({"name": "t", "nodes": NODES}))
    lab.run(f"kubectl apply -f {KUBEVIRT.format('kubevirt-operator')}")
    lab.wait(20)
    assert "no matches for kind" in lab.refusal("kubectl apply -f -", MACHINE)
    lab.run(f"kubectl apply -f {KUBEVIRT.format('kubevirt-cr')}")
    lab.wait(40)
    assert lab.value("kubevirt kubevirt -n kubevirt", "{.status.phase}") == "Deployed"
    lab.apply(MACHINE, seconds=1)
    assert lab.value("vmi testvm", "{.status.phase}") in ("Pending", "Scheduling")
    lab.wait(40)
    row = lab.run("kubectl get vmi").splitlines()[1].split()
    assert row[:1] + row[2:3] + row[-1:] == ["testvm", "Running", "True"]
    pod = lab.run("kubectl get pods -l kubevirt.io=virt-launcher -o name").strip()
    assert pod.startswith("pod/virt-launcher-testvm-")
    assert lab.value(pod, "{.spec.nodeName}") == lab.value("vmi testvm", "{.status.nodeName}") == row[4]
    events = lab.run("kubectl events --for vmi/testvm")
    assert f"Created virtual machine pod {pod.removeprefix('pod/')}" in events
    assert "VirtualMachineInstance started." in events
    lab.run("kubectl delete vmi testvm")
    lab.wait(60)
    assert lab.run("kubectl get pods -l kubevirt.io=virt-launcher") == ""


def test_a_virtual_machine_may_be_kept_and_stopped() -> None:
    lab = Lab(Cluster.create({"name": "t", "nodes": NODES}))
    for name in ("kubevirt-operator", "kubevirt-cr"):
        lab.run(f"kubectl apply -f {KUBEVIRT.format(name)}")
        lab.wait(30)
    spec = MACHINE.replace("VirtualMachineInstance", "VirtualMachine").partition("spec:")[0]
    lab.apply(spec + "spec:\n  runStrategy: Always\n  template: {spec: {domain: {devices: {}}}}\n", seconds=50)
    assert lab.value("vm testvm", "{.status.printableStatus}") == "Running"
    lab.run('kubectl patch vm testvm --type=merge -p \'{"spec":{"runStrategy":"Halted"}}\'')
    lab.wait(60)
    assert lab.value("vm testvm", "{.status.printableStatus}") == "Stopped"
    assert lab.run("kubectl get vmi") == ""
    restored = lab.restored()
    for one in (lab, restored):
        one.run('kubectl patch vm testvm --type=merge -p \'{"spec":{"runStrategy":"Always"}}\'')
        one.wait(50)
    assert restored.cluster.state_hash() == lab.cluster.state_hash()


def test_containers_machines_functions_and_wasm_are_pods_alike_to_a_kubelet() -> None:
    """Row R7: an artifact is pulled and a handler executes it; the kubelet's events do not tell which."""
    nodes = [{"role": "control-plane"}, {"role": "worker", "cpu": "4", "memory": "8Gi", "runtimeHandlers": ["spin"]}]
    lab = Lab(Cluster.create({"name": "t", "nodes": nodes}))
    lab.run(f"kubectl apply -f {KNATIVE.format('serving-crds')}")
    lab.run(f"kubectl apply -f {KUBEVIRT.format('kubevirt-operator')}")
    lab.wait(20)
    lab.run(f"kubectl apply -f {KNATIVE.format('serving-core')}")
    lab.run(f"kubectl apply -f {KUBEVIRT.format('kubevirt-cr')}")
    lab.wait(40)
    lab.apply("{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: wasm}, handler: spin}")
    lab.run("kubectl run plain --image=nginx:1.27")
    spec = "{runtimeClassName: wasm, containers: [{name: c, image: 'nginx:1.27'}]}"
    lab.apply(f"{{apiVersion: v1, kind: Pod, metadata: {{name: wasm}}, spec: {spec}}}")
    lab.apply(HELLO)
    lab.apply(MACHINE, seconds=50)
    machine = lab.run("kubectl get pods -l kubevirt.io=virt-launcher -o name").strip().removeprefix("pod/")
    function = pods(lab)[0].removeprefix("pod/")
    for name in ("plain", "wasm", machine, function):
        assert lab.value(f"pod {name}", "{.status.phase}") == "Running", name
        events = lab.run(
            f"kubectl get events --field-selector involvedObject.name={name} -o jsonpath='{{.items[*].reason}}'"
        )
        assert {"Scheduled", "Created", "Started"} <= set(events.split()), name
        assert {"Pulled"} <= set(events.split()), name
    assert lab.value("pod wasm", "{.spec.runtimeClassName}") == "wasm"
