"""`kubectl config` writes whole kubeconfigs, as Go writes its structures; the differential corpus compares the words."""

import pytest

from tests.simulator.kubectl.conftest import Terminal


def changed(terminal: Terminal, *commands: str) -> str:
    for command in commands:
        terminal.run(f"kubectl config {command} --kubeconfig=c")
    return terminal.run("cat c")


def test_a_new_file_has_every_field_that_is_always_there(terminal: Terminal) -> None:
    assert changed(terminal, "set-context dev --user=me", "set-cluster far --server=https://far:6443") == (
        "apiVersion: v1\nclusters:\n- cluster:\n    server: https://far:6443\n  name: far\ncontexts:\n- context:\n"
        '    cluster: ""\n    user: me\n  name: dev\ncurrent-context: ""\nkind: Config\npreferences: {}\nusers: null\n'
    )


def test_one_way_to_sign_in_takes_the_place_of_the_other(terminal: Terminal) -> None:
    text = changed(terminal, "set-credentials me --username=a --password=b", "set-credentials me --token=t")
    assert text.endswith("users:\n- name: me\n  user:\n    token: t\n")


def test_a_program_gives_credentials(terminal: Terminal) -> None:
    text = changed(
        terminal,
        "set-credentials me --exec-command=aws --exec-arg=eks --exec-env=A=1 --exec-env=B=2",
        "set-credentials me --exec-env=A- --exec-api-version=client.authentication.k8s.io/v1",
    )
    assert text.endswith(
        "    exec:\n      apiVersion: client.authentication.k8s.io/v1\n      args:\n      - eks\n      command: aws\n"
        '      env:\n      - name: B\n        value: "2"\n      provideClusterInfo: false\n'
    )


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("set clusters.c.insecure-skip-tls-verify maybe", 'strconv.ParseBool: parsing "maybe": invalid syntax'),
        ("set nonsense x", "unable to parse nonsense after [] at api.Config"),
        ("set users.me.client-key-data !", "error decoding input value: illegal base64 data at input byte 0"),
        ("unset clusters.none.server", "current map key `none` is invalid"),
        ("set-credentials me --token=a --username=b", "you cannot specify more than one authentication method at the same time: --token, --username/--password"),
        ("set-cluster c --embed-certs", "you must specify a --certificate-authority to embed"),
        ("view --minify", "current-context must exist in order to minify"),
    ],
    ids=lambda text: text.split()[0],
)  # fmt: skip
def test_what_a_kubeconfig_cannot_hold_is_refused(terminal: Terminal, command: str, says: str) -> None:
    assert terminal.refused(f"kubectl config {command} --kubeconfig=c") == f"error: {says}\n"
