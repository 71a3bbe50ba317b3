"""Flags that change what a command does; no flag is taken in silence and forgotten."""

import re
from collections.abc import Iterator
from pathlib import Path

from simulator.kubectl import cli
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.command_tree import ROOT
from tests.simulator.kubectl.conftest import Terminal

#: What these speak of does not exist here: a connection's bytes, Helm, plug-ins of Kustomize, profiles, caches on disk, the
#: moment between an editor's closing and the patch.
WITHOUT_MEANING = {
    "as-current-user", "cache-dir", "cached", "concurrency", "disable-compression", "flatten", "helm-api-versions",
    "helm-command", "helm-debug", "helm-kube-version", "ignore-errors", "insecure-skip-tls-verify",
    "insecure-skip-tls-verify-backend", "keepalive", "load-restrictor", "log-flush-frequency", "loglevel",
    "match-server-version", "mount", "name-only", "network", "network-name", "openapi-patch", "output-patch",
    "pod-running-timeout", "profile", "profile-output", "retain",
    "use-protocol-buffers", "vmodule", "windows-line-endings",
}  # fmt: skip


def test_every_flag_is_read_by_somebody() -> None:
    folder = Path(cli.__file__).parent
    source = "\n".join(path.read_text() for path in sorted(folder.rglob("*.py")))
    read = re.sub(r'Flag\(\s*"[\w-]+"', "", source)
    unread = {flag.name for flag in all_flags(ROOT) if f'"{flag.name}"' not in read}
    assert unread - {"help"} <= WITHOUT_MEANING


def all_flags(command: Command) -> Iterator[Flag]:
    yield from cli.GLOBAL_FLAGS
    yield from command.flags
    for child in command.commands:
        yield from all_flags(child)


def test_what_a_pod_is_made_of_may_be_overridden(terminal: Terminal) -> None:
    large = '{"spec":{"containers":[{"name":"big","image":"nginx","resources":{"requests":{"cpu":"64"}}}]}}'
    terminal.run(f"kubectl run big --image=nginx:1.27 --overrides='{large}'")
    terminal.let_pass(3)
    assert (
        terminal.run("kubectl get pod big -o jsonpath='{.spec.containers[*].image} {.status.phase}'") == "nginx Pending"
    )
    patch = '[{"op":"replace","path":"/spec/restartPolicy","value":"Never"}]'
    terminal.run(f"kubectl run once --image=nginx --override-type=json --overrides='{patch}'")
    assert terminal.run("kubectl get pod once -o jsonpath='{.spec.restartPolicy}'") == "Never"


def test_a_pod_without_a_controller_is_drained_with_a_warning_and_past_a_budget_without_eviction(
    with_web: Terminal,
) -> None:
    with_web.run("kubectl create pdb web --selector=app=web --min-available=3")
    with_web.let_pass(1)
    text, reply = with_web.follow("kubectl drain kind-worker --ignore-daemonsets --force --disable-eviction")
    assert (text.count(" deleted\n"), "evict" in text, reply["exit"]) == (2, False, 0)


def test_variables_come_from_the_keys_of_a_map(with_web: Terminal) -> None:
    with_web.run("kubectl create configmap settings --from-literal=db.host=db --from-literal=PORT=1")
    done = with_web.station.run("kubectl set env deployment/web --from=configmap/settings --prefix=APP_")
    assert done.stderr == "Warning: key db.host transferred to DB_HOST\n"
    assert with_web.run("kubectl set env deployment/web --list") == (
        "# Deployment web, container nginx\n"
        "# APP_PORT from configmap settings, key PORT\n"
        "# APP_DB_HOST from configmap settings, key db.host\n"
    )
    resolved = with_web.run("kubectl set env deployment/web --list --resolve")
    assert resolved == "# Deployment web, container nginx\nAPP_PORT=1\nAPP_DB_HOST=db\n"
    with_web.run("kubectl delete configmap settings")
    lost = with_web.station.run("kubectl set env deployment/web --list --resolve")
    assert lost.stderr.startswith("error retrieving reference for APP_DB_HOST, APP_PORT: ")


def test_deleting_asks_first_when_it_is_told_to(with_web: Terminal) -> None:
    asked = (
        "You are about to delete the following 1 resource(s):\ndeployment.apps/web\nDo you want to continue? (y/n): "
    )
    assert with_web.run("kubectl delete deployment web -i") == f"{asked}deletion is cancelled\n"
    assert with_web.run("echo n | kubectl delete deployment web -i") == f"{asked}deletion is cancelled\n"
    assert with_web.run("echo y | kubectl delete deployment web -i") == f'{asked}deployment.apps "web" deleted\n'


def test_names_end_with_a_hash_of_the_content(terminal: Terminal) -> None:
    line = "kubectl create configmap hashed --from-literal=a=b --append-hash --dry-run=client -o name"
    assert terminal.run(line) == "configmap/hashed-4dk9m7dmmg\n"


def test_a_cluster_role_gathers_others_by_their_labels(terminal: Terminal) -> None:
    terminal.run("kubectl create clusterrole reader --verb=get --resource=pods")
    terminal.run("kubectl label clusterrole reader gathered=yes")
    terminal.run("kubectl create clusterrole all --aggregation-rule=gathered=yes")
    terminal.let_pass(1)
    assert terminal.run("kubectl get clusterrole all -o jsonpath='{.rules[*].resources}'") == '["pods"]'
