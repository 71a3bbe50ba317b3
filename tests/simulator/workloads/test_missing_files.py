"""What programs say of a file that is not there, in BusyBox and in GNU coreutils."""

import pytest

from simulator.workloads.plans import plan
from tests.simulator.workloads.test_shell import image, printed


@pytest.mark.parametrize(
    ("name", "line", "said"),
    [
        pytest.param(
            "busybox:1.36", "cat /nope", ["cat: can't open '/nope': No such file or directory", "1"], id="cat"
        ),
        pytest.param("busybox:1.36", "head /nope", ["head: /nope: No such file or directory", "1"], id="head"),
        pytest.param(
            "busybox:1.36",
            "tail /nope",
            ["tail: can't open '/nope': No such file or directory", "tail: no files", "1"],
            id="tail",
        ),
        pytest.param("busybox:1.36", "sort /nope", ["sort: /nope: No such file or directory", "1"], id="sort"),
        pytest.param("busybox:1.36", "du /nope", ["du: /nope: No such file or directory", "1"], id="du"),
        pytest.param("nginx:1.27", "cat /nope", ["cat: /nope: No such file or directory", "1"], id="GNU cat"),
        pytest.param(
            "nginx:1.27",
            "head /nope",
            ["head: cannot open '/nope' for reading: No such file or directory", "1"],
            id="GNU head",
        ),
        pytest.param(
            "nginx:1.27",
            "tail /nope",
            ["tail: cannot open '/nope' for reading: No such file or directory", "1"],
            id="GNU tail",
        ),
        pytest.param(
            "nginx:1.27", "sort /nope", ["sort: cannot read: /nope: No such file or directory", "2"], id="GNU sort"
        ),
        pytest.param("nginx:1.27", "wc /nope", ["wc: /nope: No such file or directory", "1"], id="GNU wc"),
        pytest.param(
            "nginx:1.27", "du /nope", ["du: cannot access '/nope': No such file or directory", "1"], id="GNU du"
        ),
    ],
)
def test_a_file_that_is_not_there(name: str, line: str, said: list[str]) -> None:
    assert printed(plan(image(name), ("sh", "-c", f"{line}; echo $?"), (), env={})) == said
