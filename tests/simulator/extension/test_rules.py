"""A custom controller as a learner writes it: rules instead of code (docs/rules.md)."""

from tests.simulator.extension.conftest import BOOKS, Lab

RULES = "https://drydock.example/rule-controller.yaml"
RULE = """
apiVersion: rules.drydock.example/v1
kind: ControllerRule
metadata: {name: shelves}
spec:
  for: {apiVersion: example.com/v1, kind: Bk}
  finalizer: example.com/shelf
  make:
  - apiVersion: v1
    kind: ConfigMap
    metadata: {name: "{.metadata.name}-cover"}
    data: {title: "{.spec.title}", text: "{.spec.pages} pages of {.spec.title}"}
  - apiVersion: apps/v1
    kind: Deployment
    metadata: {name: "{.metadata.name}"}
    spec:
      replicas: "{.spec.replicas}"
      selector: {matchLabels: {book: "{.metadata.name}"}}
      template:
        metadata: {labels: {book: "{.metadata.name}"}}
        spec: {containers: [{name: reader, image: "nginx:1.27"}]}
  status: {replicas: "{.made[1].status.readyReplicas}", cover: "{.made[0].metadata.name}"}
  conditions: [{type: Ready, reason: Shelved, message: "{.metadata.name} stands on the shelf"}]
"""
BOOK = "apiVersion: example.com/v1\nkind: Bk\nmetadata: {name: ai}\nspec: {title: AI Explained, replicas: 2}\n"


def install(lab: Lab) -> None:
    lab.run(f"kubectl apply -f {RULES}")
    lab.wait(30)


def test_without_a_controller_nothing_happens_and_with_it_things_appear(library: Lab) -> None:
    library.apply(BOOK, seconds=60)
    assert library.run("kubectl get deployments") == ""
    install(library)
    assert library.run("kubectl get deployments") == ""
    library.apply(RULE, seconds=30)
    assert (
        library.value("configmap ai-cover", "{.data}") == '{"text":"10 pages of AI Explained","title":"AI Explained"}'
    )
    assert library.value("deployment ai", "{.spec.replicas} {.metadata.ownerReferences[0].kind}") == "2 Bk"
    assert library.value("bk ai", "{.status.replicas} {.status.cover}") == "2 ai-cover"
    assert library.run("kubectl get bk ai --no-headers").split()[3] == "True"
    assert "Created Deployment ai" in library.run("kubectl describe bk ai")


def test_the_controller_follows_changes_and_heals_what_it_made(library: Lab) -> None:
    install(library)
    library.apply(RULE)
    library.apply(BOOK, seconds=20)
    library.run("kubectl scale bk ai --replicas=3")
    library.wait(20)
    assert library.value("deployment ai", "{.status.readyReplicas}") == "3"
    library.run("kubectl delete configmap ai-cover")
    library.wait(5)
    assert library.value("configmap ai-cover", "{.data.title}") == "AI Explained"
    before = library.cluster.revision
    library.wait(300)
    assert library.cluster.revision == before


def test_a_stopped_controller_lets_deletions_hang_on_its_finalizer(library: Lab) -> None:
    install(library)
    library.apply(RULE)
    library.apply(BOOK, seconds=20)
    library.run("kubectl scale deployment rule-controller -n rule-controller --replicas=0")
    library.wait(40)
    library.run("kubectl delete bk ai --wait=false")
    library.wait(60)
    assert library.value("bk ai", "{.metadata.finalizers}") == '["example.com/shelf"]'
    assert library.value("deployment ai", "{.status.readyReplicas}") == "2"
    library.run("kubectl scale deployment rule-controller -n rule-controller --replicas=1")
    library.wait(60)
    assert "NotFound" in library.refusal("kubectl get bk ai")
    assert library.run("kubectl get deployments") == ""


def test_a_template_that_cannot_be_followed_is_told_as_an_event(library: Lab) -> None:
    install(library)
    library.apply(RULE.replace("kind: ConfigMap", "kind: Cover"))
    library.apply(BOOK, seconds=10)
    assert "no matches for kind 'Cover' in version 'v1'" in library.run("kubectl events --for bk/ai")


def test_a_restored_cluster_follows_the_same_rules(library: Lab) -> None:
    install(library)
    library.apply(RULE)
    restored = library.restored()
    for lab in (library, restored):
        lab.apply(BOOK, seconds=40)
    assert restored.cluster.state_hash() == library.cluster.state_hash()


def test_rules_may_be_about_any_custom_kind_and_none_else(lab: Lab) -> None:
    install(lab)
    lab.apply(RULE, seconds=5)
    lab.apply(BOOKS, seconds=5)
    lab.apply(BOOK, seconds=30)
    assert lab.value("bk ai", "{.status.cover}") == "ai-cover"
