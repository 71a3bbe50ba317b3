"""`kubectl apply --server-side` at the workstation, compared with kubectl 1.32's own words."""

from tests.simulator.kubectl.conftest import Terminal

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata: {x: '1'}\n"


def test_apply_conflict_and_force(terminal: Terminal) -> None:
    assert terminal.run("kubectl apply --server-side -f -", CONFIG) == "configmap/conf serverside-applied\n"
    terminal.run("""kubectl patch configmap conf --type merge -p '{"data":{"x":"9"}}'""")
    assert terminal.refused("kubectl apply --server-side -f -", CONFIG).startswith(
        'error: Apply failed with 1 conflict: conflict with "kubectl-patch" using v1: .data.x\n'
        "Please review the fields above--they currently have other managers. Here\n"
    )
    terminal.run("kubectl apply --server-side --force-conflicts -f -", CONFIG)
    assert terminal.run("kubectl get configmap conf -o jsonpath='{.data.x}'") == "1"


def test_managed_fields_are_shown_only_when_asked_for(terminal: Terminal) -> None:
    terminal.run("kubectl apply --server-side -f -", CONFIG)
    assert "managedFields" not in terminal.run("kubectl get configmap conf -o yaml")
    assert "manager: kubectl\n" in terminal.run("kubectl get configmap conf -o yaml --show-managed-fields")


def test_an_object_applied_the_old_way_is_moved_over(terminal: Terminal) -> None:
    terminal.run("kubectl apply -f -", CONFIG)
    terminal.run("kubectl apply --server-side -f -", CONFIG.replace("x:", "z:"))
    data = terminal.run("kubectl get configmap conf -o jsonpath='{.data}'")
    managers = "kubectl get configmap conf --show-managed-fields -o jsonpath='{.metadata.managedFields[*].manager}'"
    assert (data, terminal.run(managers)) == ('{"z":"1"}', "kubectl kubectl-last-applied")


def test_flags_that_do_not_go_together(terminal: Terminal) -> None:
    for flags, says in (
        ("--force-conflicts", "error: --force-conflicts only works with --server-side\n"),
        ("--server-side --force", "error: --force cannot be used with --server-side\n"),
        (
            "--server-side --dry-run=client",
            "error: --dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)\n",
        ),
    ):
        assert terminal.refused(f"kubectl apply {flags} -f -", CONFIG) == says
