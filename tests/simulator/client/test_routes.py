"""Which handlers hear of a change, and that nobody misses the others."""

import pytest

from simulator.client.routes import COMES, GOES, REST, SPEC, Handler, Interest, Routes
from simulator.engine.plain import Obj
from tests.simulator.simulation.play import play

_SPEC: Obj = {"nodeName": "a"}
_BY_SET: list[Obj] = [{"kind": "ReplicaSet", "name": "web", "uid": "1", "controller": True}]
_BY_JOB: list[Obj] = [{"kind": "Job", "name": "sum", "uid": "2", "controller": True}]
_TWO: list[Obj] = [*_BY_SET, {"kind": "Node", "name": "a", "uid": "3"}]


def _pod(owners: list[Obj] | None = None, spec: Obj = _SPEC) -> Obj:
    metadata = {"name": "web-1"} if owners is None else {"name": "web-1", "ownerReferences": owners}
    return {"metadata": metadata, "spec": spec}


@pytest.fixture
def heard() -> list[str]:
    return []


@pytest.fixture
def routes(heard: list[str]) -> Routes:
    found = Routes()

    def handler(name: str) -> Handler:
        return lambda old, new: heard.append(name)

    found.add(handler("all"), Interest())
    found.add(handler("sets"), Interest(owner="ReplicaSet"))
    found.add(handler("jobs"), Interest(owner="Job"))
    found.add(handler("births"), Interest(changes=frozenset({COMES})))
    found.add(handler("specs"), Interest(changes=frozenset({COMES, SPEC, GOES})))
    found.add(handler("ends of jobs"), Interest(owner="Job", changes=frozenset({GOES, REST})))
    return found


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        pytest.param(None, _pod(_BY_SET), ["all", "sets", "births", "specs"], id="a set's pod comes"),
        pytest.param(_pod(_BY_SET), None, ["all", "sets", "specs"], id="a set's pod goes"),
        pytest.param(_pod(_BY_SET), _pod(_BY_SET), ["all", "sets"], id="a set's pod has another status"),
        pytest.param(_pod(_BY_JOB), _pod(_BY_JOB, {"nodeName": "b"}), ["all", "jobs", "specs"], id="a job's pod has another spec"),
        pytest.param(_pod(_BY_JOB), None, ["all", "jobs", "specs", "ends of jobs"], id="a job's pod goes"),
        pytest.param(None, _pod(), ["all", "sets", "jobs", "births", "specs"], id="nobody's pod comes"),
        pytest.param(_pod(), _pod(_BY_SET), ["all", "sets", "jobs", "ends of jobs"], id="nobody's pod is taken by a set"),
        pytest.param(_pod(_BY_SET), _pod(_BY_JOB), ["all", "sets", "jobs", "ends of jobs"], id="a pod changes hands"),
        pytest.param(_pod(_TWO), _pod(_TWO), ["all", "sets", "jobs", "ends of jobs"], id="a pod of two owners"),
    ],
)  # fmt: skip
def test_a_change_is_told_to_those_for_whom_it_could_mean_something(
    routes: Routes, heard: list[str], old: Obj | None, new: Obj | None, wanted: list[str]
) -> None:
    for handler in routes.of(old, new):
        handler(old, new)
    assert heard == wanted


def test_who_is_not_choosy_hears_everything_in_order() -> None:
    routes = Routes()
    heard: list[int] = []
    routes.add(lambda old, new: heard.append(1), Interest())
    routes.add(lambda old, new: heard.append(2), Interest())
    for handler in routes.of(_pod(_BY_SET), _pod(_BY_SET)):
        handler(None, None)
    assert heard == [1, 2]


@pytest.mark.parametrize("seed", [3, 8, 21])
def test_what_a_part_does_not_want_to_hear_of_would_have_changed_nothing(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The promise behind every interest: a whole session, with and without them, ends in the same state to the last byte."""
    choosy = play(seed)
    monkeypatch.setattr(Routes, "of", lambda self, old, new: self._everybody)
    assert play(seed) == choosy
