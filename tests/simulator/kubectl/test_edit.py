"""`kubectl edit` in rounds: with an editor that is a command, and with that of the page (`finish-edit`)."""

import pytest

from simulator.cluster import Cluster
from tests.simulator.kubectl.conftest import Terminal

CONF = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata: {k: v}\n"
HEAD = (
    "# Please edit the object below. Lines beginning with a '#' will be ignored,\n"
    "# and an empty file will abort the edit. If an error occurs while saving this file will be\n"
    "# reopened with the relevant failures.\n#\n"
)


@pytest.fixture
def with_conf(terminal: Terminal) -> Terminal:
    terminal.run("kubectl create -f -", CONF)
    return terminal


def opened(terminal: Terminal, line: str) -> tuple[str, str, dict[str, object]]:
    """The file that a line opens, its text, and what is followed."""
    result = terminal.station.run(line, terminal=True)
    assert result.open is not None, result
    assert result.follow is not None, result
    assert result.stdout == (
        f"Opening {result.open} in the editor. Save and close it there to go on; Ctrl-C gives the edit up.\n"
    )
    text = terminal.station.read_file(result.open)
    assert text is not None
    return result.open, text, result.follow


def test_the_page_opens_the_object_below_the_head_of_the_real_command(with_conf: Terminal) -> None:
    path, text, follow = opened(with_conf, "kubectl edit cm conf")
    assert path.startswith("/tmp/kubectl-edit-")
    assert path.endswith(".yaml")
    assert text.startswith(HEAD + "apiVersion: v1\ndata:\n  k: v\nkind: ConfigMap\n")
    assert "managedFields" not in text
    assert with_conf.station.follow(follow)["done"] is False


def test_what_is_saved_reaches_the_server_and_the_terminal_hears_of_it(with_conf: Terminal) -> None:
    path, text, follow = opened(with_conf, "kubectl edit cm conf")
    assert with_conf.station.finish_edit(path, text.replace("k: v", "k: w")) == {"ok": True}
    told = with_conf.station.follow(follow)
    assert (told["stdout"], told["done"], told["exit"]) == ("configmap/conf edited\n", True, 0)
    assert with_conf.run("kubectl get cm conf -o jsonpath={.data.k}") == "w"
    assert with_conf.station.read_file(path) is None


def test_a_wrong_text_is_opened_again_with_the_reasons_above_it(with_web: Terminal) -> None:
    path, text, follow = opened(with_web, "kubectl edit deployment web")
    wrong = text.replace("replicas: 3\n  revision", "replicas: -3\n  revision")
    reply = with_web.station.finish_edit(path, wrong)
    again = with_web.station.read_file(reply["open"])
    assert again == HEAD + (
        '# deployments.apps "web" was not valid:\n# * spec.replicas: Invalid value: -3: must be greater than or equal to 0\n#\n'
    ) + wrong.removeprefix(HEAD)
    told = with_web.station.follow(follow)
    assert (told["stdout"], told["done"]) == ('error: deployments.apps "web" is invalid\n', False)
    assert with_web.station.read_file(path) == wrong
    assert with_web.station.finish_edit(reply["open"], again.replace("replicas: -3", "replicas: 1")) == {"ok": True}
    told = with_web.station.follow(told["token"])
    assert (told["stdout"], told["done"], told["exit"]) == ("deployment.apps/web edited\n", True, 0)
    assert with_web.station.read_file(path) is None
    assert with_web.run("kubectl get deploy web -o jsonpath={.spec.replicas}") == "1"


def test_a_wrong_text_that_is_left_as_it_is_ends_the_edit_and_stays_in_its_file(with_conf: Terminal) -> None:
    path, text, follow = opened(with_conf, "kubectl edit cm conf")
    again = with_conf.station.finish_edit(path, text.replace("data:", "data"))["open"]
    kept = with_conf.station.read_file(again)
    assert kept is not None
    assert kept.startswith(
        HEAD
        + '# configmaps "conf" was not valid:\n# * <nil>: Invalid value: "The edited file failed validation": yaml: '
        "line 3: could not find expected ':'\n#\napiVersion: v1\ndata\n"
    )
    assert with_conf.station.finish_edit(again, kept) == {"ok": True}
    told = with_conf.station.follow(follow)
    assert told["stdout"] == (
        'error: configmaps "conf" is invalid\n'
        f'A copy of your changes has been stored to "{again}"\n'
        "error: Edit cancelled, no valid changes were saved.\n"
    )
    assert (told["done"], told["exit"]) == (True, 1)
    assert with_conf.station.read_file(again) == kept


def test_a_text_without_changes_cancels_the_edit(with_conf: Terminal) -> None:
    path, text, follow = opened(with_conf, "kubectl edit cm conf")
    with_conf.station.finish_edit(path, text + "# a thought\n")
    told = with_conf.station.follow(follow)
    assert (told["stdout"], told["done"], told["exit"]) == ("Edit cancelled, no changes made.\n", True, 0)
    assert with_conf.station.edits() == []


def test_an_edit_that_was_given_up_with_ctrl_c_takes_no_text_any_more(with_conf: Terminal) -> None:
    path, text, follow = opened(with_conf, "kubectl edit cm conf")
    assert with_conf.station.edits() == [path]
    with_conf.station.signal("INT", follow)
    assert with_conf.station.finish_edit(path, text.replace("k: v", "k: w")) == {"ok": False}
    assert with_conf.run("kubectl get cm conf -o jsonpath={.data.k}") == "v"


def test_an_edit_goes_on_where_it_began_although_the_kubeconfig_has_changed(with_conf: Terminal) -> None:
    path, text, follow = opened(with_conf, "kubectl edit cm conf")
    with_conf.run("kubectl config set-context --current --namespace=kube-system")
    with_conf.station.finish_edit(path, text.replace("k: v", "k: w"))
    assert with_conf.station.follow(follow)["stdout"] == "configmap/conf edited\n"
    assert with_conf.run("kubectl get cm conf -n default -o jsonpath={.data.k}") == "w"


def test_an_edit_that_waits_is_still_there_after_a_dump(with_conf: Terminal) -> None:
    path, text, follow = opened(with_conf, "kubectl edit cm conf --record")
    restored = Cluster.load(with_conf.cluster.dump())
    reply = restored.apply({"kind": "finish-edit", "path": path, "text": text.replace("k: v", "k: w")})
    assert reply == {"ok": True, "changed": True}
    assert restored.apply({"kind": "follow", "token": follow})["stdout"] == "configmap/conf edited\n"
    shown = restored.apply({"kind": "shell", "line": "kubectl get cm conf -o jsonpath={.metadata.annotations}"})[
        "stdout"
    ]
    assert shown == '{"kubernetes.io/change-cause":"kubectl edit cm conf --record=true"}'


def test_files_that_are_edited_say_so(with_conf: Terminal) -> None:
    path, _, _ = opened(with_conf, "kubectl edit cm conf")
    files = with_conf.cluster.apply({"kind": "list-files"})["files"]
    assert [file["path"] for file in files if file.get("edit")] == [path]
    assert with_conf.cluster.apply({"kind": "read-file", "path": path})["edit"] is True


def test_several_files_are_edited_one_after_the_other_before_they_are_created(terminal: Terminal) -> None:
    terminal.station.write_file("two.yaml", f"{CONF}---\n{CONF.replace('conf', 'more')}")
    first, text, follow = opened(terminal, "kubectl create --edit -f two.yaml")
    reply = terminal.station.finish_edit(first, text.replace("k: v", "k: w"))
    terminal.station.finish_edit(reply["open"], str(terminal.station.read_file(reply["open"])))
    told = terminal.station.follow(follow)["stdout"]
    assert told == (
        f"configmap/conf created\nOpening {reply['open']} in the editor. Save and close it there to go on; "
        "Ctrl-C gives the edit up.\nEdit cancelled, no changes made.\n"
    )
    assert terminal.run("kubectl get cm -o name") == "configmap/conf\nconfigmap/kube-root-ca.crt\n"


def test_the_patch_that_is_sent_may_be_shown(with_conf: Terminal) -> None:
    line = "KUBE_EDITOR='sed -i s/v$/w/' kubectl edit cm conf --output-patch"
    assert with_conf.run(line) == 'Patch: {"data":{"k":"w"}}\nconfigmap/conf edited\n'


def test_windows_line_endings_are_written_and_understood(with_conf: Terminal) -> None:
    path, text, follow = opened(with_conf, "kubectl edit cm conf --windows-line-endings")
    assert text.startswith("# Please edit the object below.")
    assert text.count("\r\n") == text.count("\n")
    with_conf.station.finish_edit(path, text.replace("k: v", "k: w"))
    assert with_conf.station.follow(follow)["stdout"] == "configmap/conf edited\n"


def test_an_editor_that_never_gets_it_right_is_stopped(with_conf: Terminal) -> None:
    said = with_conf.refused(r"""KUBE_EDITOR="sed -i -E 's/^(x*)data:/x\1data:/'" kubectl edit cm conf""")
    assert said.endswith("was run 25 times and the file is still wrong\n")


@pytest.mark.parametrize("editor", ["vi", "vim", "nano", "code --wait"])
def test_editors_that_need_a_screen_mean_the_page(with_conf: Terminal, editor: str) -> None:
    opened(with_conf, f"KUBE_EDITOR='{editor}' kubectl edit cm conf")
