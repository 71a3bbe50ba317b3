"""What stands in files beside an object that cannot be read."""

import pytest

from tests.simulator.kubectl.conftest import Terminal

GOOD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\ndata: {k: v}\n"
UNKNOWN = "apiVersion: v1\nkind: Boat\nmetadata: {name: x}\n"
NO_BOATS = (
    'resource mapping not found for name: "x" namespace: "" from "f.yaml": no matches for kind "Boat" in version "v1"\n'
    "ensure CRDs are installed first\n"
)


@pytest.mark.parametrize(
    ("line", "said", "refused"),
    [
        ("kubectl apply -f f.yaml", "configmap/good created\n", f"error: {NO_BOATS}"),
        ("kubectl create -f f.yaml", "configmap/good created\n", f"error: {NO_BOATS}"),
    ],
    ids=["apply", "create"],
)
def test_an_unknown_kind_does_not_keep_others_of_its_file_from_their_turn(
    terminal: Terminal, line: str, said: str, refused: str
) -> None:
    terminal.station.write_file("f.yaml", f"{UNKNOWN}---\n{GOOD}")
    result = terminal.station.run(line)
    assert (result.stdout, result.stderr, result.exit) == (said, refused, 1)


def test_what_can_be_shown_is_shown_beside_what_cannot_be_read(terminal: Terminal) -> None:
    terminal.run("kubectl create -f -", GOOD)
    terminal.station.write_file("f.yaml", f"{UNKNOWN}---\n{GOOD}")
    result = terminal.station.run("kubectl get -f f.yaml -o name")
    assert (result.stdout, result.stderr) == ("configmap/good\n", NO_BOATS)


def test_a_number_where_a_label_belongs_is_refused_before_the_server_is_asked(terminal: Terminal) -> None:
    said = terminal.refused("kubectl apply -f -", GOOD.replace("name: good", "name: good, labels: {a: 1}"))
    assert said == (
        'error: unable to decode "STDIN": json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels '
        "of type string\n"
    )


def test_documents_before_a_syntax_error_are_applied(terminal: Terminal) -> None:
    result = terminal.station.run("kubectl apply -f -", f"{GOOD}---\na: 1\nb\n")
    assert result.stdout == "configmap/good created\n"
    assert (
        result.stderr
        == "error: error parsing STDIN: error converting YAML to JSON: yaml: line 3: could not find expected ':'\n"
    )


def test_several_refusals_of_fields_are_told_one_after_the_other(with_web: Terminal) -> None:
    wrong = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: A}\n"
    said = with_web.refused("kubectl create -f -", f"{wrong}---\n{wrong.replace('A', 'B')}")
    assert [line.partition(": metadata.name")[0] for line in said.splitlines()] == [
        f'Error from server (Invalid): error when creating "STDIN": ConfigMap "{name}" is invalid' for name in "AB"
    ]


def test_a_subresource_is_got_in_place_of_the_object(with_web: Terminal) -> None:
    assert with_web.run("kubectl get deploy web --subresource=scale -o name") == "scale.autoscaling/web\n"
    assert with_web.run("kubectl get deploy web --subresource=scale --no-headers").split()[0] == "web"
    assert with_web.run("kubectl get deploy web --subresource=scale").split()[:2] == ["NAME", "AGE"]
    said = with_web.refused("kubectl get deploy --subresource=scale")
    assert said == "error: subresource cannot be used when bulk resources are specified\n"


def test_a_shell_of_its_own_runs_a_line(terminal: Terminal) -> None:
    assert terminal.run("bash -c 'echo a | tr a b'; sh -c 'echo c'") == "b\nc\n"
    assert terminal.run("sh -c 'echo $0 $2 $1' a b c; echo $0") == "a c b\nbash\n"
    assert terminal.refused("bash -c nosuch") == "bash: line 1: nosuch: command not found\n"
