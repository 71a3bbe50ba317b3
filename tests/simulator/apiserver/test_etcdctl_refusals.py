"""What etcdctl says to a command line that it cannot use (`etcdctl/ctlv3/command` of etcd 3.5)."""

import pytest

from simulator.apiserver.etcdctl_refusals import refusal, whole_command
from tests.proof.follows import follows

UNKNOWN, USAGE = 'Error: unknown command "{}" for "etcdctl"', "\nRun 'etcdctl --help' for usage.\n"


@follows(
    "etcdctl",
    "etcd-io/etcd/etcdctl/ctlv3/command/get_command.go: getGetOp",
    "etcd-io/etcd/etcdctl/ctlv3/command/del_command.go: getDelOp",
    "spf13/cobra/command.go: legacyArgs, SuggestionsFor",
)
@pytest.mark.parametrize(
    ("words", "options", "wanted"),
    [
        pytest.param(["get", "/registry"], {"--prefix": ""}, None, id="nothing wrong"),
        pytest.param(
            ["gte", "/registry"],
            {},
            (f"{UNKNOWN.format('gte')}\n\nDid you mean this?\n\tget\n{USAGE}", 1),
            id="two letters apart from one",
        ),
        pytest.param(
            ["aut"],
            {},
            (f"{UNKNOWN.format('aut')}\n\nDid you mean this?\n\tauth\n\tget\n\tput\n{USAGE}", 1),
            id="like several",
        ),
        pytest.param(["frobnicate"], {}, (f"{UNKNOWN.format('frobnicate')}{USAGE}", 1), id="like none"),
        pytest.param(
            ["get"],
            {},
            ("Error: get command needs one argument as key and an optional argument as range_end\n", 128),
            id="get nothing",
        ),
        pytest.param(
            ["get", "/a"],
            {"--prefix": "", "--from-key": ""},
            ("Error: `--prefix` and `--from-key` cannot be set at the same time, choose one\n", 128),
            id="prefix and from-key",
        ),
        pytest.param(
            ["get", "/a", "/b"],
            {"--prefix": ""},
            ("Error: too many arguments, only accept one argument when `--prefix` or `--from-key` is set\n", 128),
            id="a range and a prefix",
        ),
        pytest.param(
            ["get", "/a"],
            {"--keys-only": "", "--count-only": ""},
            ("Error: `--keys-only` and `--count-only` cannot be set at the same time, choose one\n", 128),
            id="keys and count",
        ),
        pytest.param(
            ["get", "/a"],
            {"--count-only": ""},
            ("Error: --count-only is only for `--write-out=fields`\n", 128),
            id="count is for fields",
        ),
        pytest.param(
            ["get", "/a"],
            {"--print-value-only": "", "-w": "json"},
            ("Error: print-value-only is only for `--write-out=simple`\n", 128),
            id="values are for simple",
        ),
        pytest.param(
            ["del"],
            {},
            ("Error: del command needs one argument as key and an optional argument as range_end\n", 128),
            id="del nothing",
        ),
        pytest.param(["move-leader"], {}, ("Error: move-leader command needs 1 argument\n", 128), id="nobody to lead"),
        pytest.param(
            ["move-leader", "node"],
            {},
            ('Error: strconv.ParseUint: parsing "node": invalid syntax\n', 128),
            id="a name is no number",
        ),
        pytest.param(["member", "remove"], {}, ("Error: member ID is not provided\n", 128), id="no member to remove"),
        pytest.param(
            ["member", "remove", "node"],
            {},
            (
                'Error: bad member ID arg (strconv.ParseUint: parsing "node": invalid syntax), expecting ID in Hex\n',
                128,
            ),
            id="a member has a number",
        ),
        pytest.param(["member", "add"], {}, ("Error: member name not provided\n", 128), id="no member to add"),
        pytest.param(["member", "add", "m"], {}, ("Error: member peer urls not provided\n", 128), id="no address"),
    ],
)
def test_refusals(words: list[str], options: dict[str, str], wanted: tuple[str, int] | None) -> None:
    assert refusal(words, options) == wanted


@follows("etcdctl", "spf13/cobra/command.go: findNext, EnablePrefixMatching")
@pytest.mark.parametrize(
    ("word", "command"),
    [
        pytest.param("mem", "member", id="one begins so"),
        pytest.param("m", "m", id="several begin so"),
        pytest.param("get", "get", id="whole"),
        pytest.param("x", "x", id="none begins so"),
    ],
)
def test_commands_may_be_shortened(word: str, command: str) -> None:
    assert whole_command(word) == command
