"""Events in a snapshot: what is taken back is what was told, and hardly anything is told twice."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.machinery.event_columns import EventColumns

SECOND = "2025-10-09T08:53:20Z"
NANOS = 1_760_000_000_123_456_789


def event(number: int = 0, **told: Any) -> Any:
    """As a recorder makes it, `number` milliseconds later. `told` replaces fields; None as a field of `involvedObject` takes it away."""
    about = {"kind": "Pod", "name": "web", "uid": "u-1", "apiVersion": "v1", "namespace": "default"}
    about |= {"resourceVersion": "7", "fieldPath": "spec.containers{nginx}", **told.pop("involvedObject", {})}
    about = {name: value for name, value in about.items() if value is not None}
    source = told.pop("source", {"component": "kubelet", "host": "n-1"})
    name = f"{about['name']}.{NANOS + number * 1_000_000:x}"
    metadata = {"name": name, "namespace": about.get("namespace", "default"), "uid": f"e-{number}"}
    metadata |= {"creationTimestamp": SECOND, "resourceVersion": str(100 + number), **told.pop("metadata", {})}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": metadata,
        "involvedObject": about,
        "reason": "Pulled",
        "message": "pod web says so",
        "source": source,
        "firstTimestamp": SECOND,
        "lastTimestamp": SECOND,
        "count": 1,
        "type": "Normal",
        "eventTime": None,
        "reportingComponent": source.get("component"),
        "reportingInstance": source.get("host", ""),
        **told,
    }


def table(events: list[Any]) -> dict[tuple[str, str], Any]:
    return {(one["metadata"]["namespace"], one["metadata"]["name"]): one for one in events}


def told(events: list[Any]) -> Any:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(EventColumns().told(table(events))))


def odd(events: list[Any]) -> int:
    """How many of them are told as they are."""
    state = told(events)
    taken = dict(EventColumns().taken(state))
    assert json.dumps([[*key, one] for key, one in taken.items()]) == json.dumps(
        [[*key, one] for key, one in table(events).items()]
    )
    return len(state[0])


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({}, id="of a container"),
        pytest.param({"involvedObject": {"fieldPath": None}}, id="of a pod"),
        pytest.param({"involvedObject": {"fieldPath": None, "namespace": None}}, id="of a node"),
        pytest.param({"involvedObject": {"resourceVersion": None}}, id="of something without a version"),
        pytest.param({"source": {"component": "default-scheduler"}}, id="from no machine"),
        pytest.param({"count": 9, "lastTimestamp": "2025-10-09T09:00:00Z"}, id="told again"),
        pytest.param({"message": "webweb"}, id="the name twice"),
        pytest.param({"message": ""}, id="saying nothing"),
    ],
)
def test_an_event_of_a_recorder_is_told_in_columns(changed: Any) -> None:
    assert odd([event(0), event(1, **changed), event(2)]) == 0


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"metadata": {"labels": {}}}, id="with labels"),
        pytest.param({"metadata": {"name": "mine"}}, id="of another name"),
        pytest.param({"metadata": {"name": f"web.{NANOS:X}"}}, id="its moment in capitals"),
        pytest.param({"metadata": {"name": "web.-000000000000005"}}, id="a moment before 1970"),
        pytest.param({"metadata": {"name": "web.ffffffffffffffff"}}, id="another moment"),
        pytest.param({"metadata": {"namespace": "other"}}, id="in another namespace"),
        pytest.param({"metadata": {"creationTimestamp": "2025-10-09T08:53:21Z"}}, id="made later"),
        pytest.param({"metadata": {"resourceVersion": "007"}}, id="a version with zeros"),
        pytest.param({"metadata": {"resourceVersion": ""}}, id="no version"),
        pytest.param({"firstTimestamp": None}, id="no time"),
        pytest.param({"eventTime": "2025-10-09T08:53:20.000000Z"}, id="of the new API"),
        pytest.param({"series": {"count": 2}}, id="with one more field"),
        pytest.param({"reportingComponent": ""}, id="from nobody"),
        pytest.param({"reportingInstance": "n-2"}, id="from another machine"),
        pytest.param({"source": {}}, id="no source"),
        pytest.param({"source": {"component": "kubelet", "host": None}}, id="a source on no machine"),
        pytest.param({"source": {"component": "kubelet", "rack": "r"}}, id="a source with another field"),
        pytest.param({"message": "a \0 in it"}, id="a sign of our own in the message"),
        pytest.param({"involvedObject": {"fieldPath": None, "x": "y"}}, id="about something with another field"),
    ],
)
def test_an_event_of_another_form_is_told_as_it_is(changed: Any) -> None:
    assert odd([event(0), event(1, **changed), event(2)]) == 1


@pytest.mark.parametrize("places", [[], [0], [4], [0, 1, 4], [0, 1, 2, 3, 4]], ids=str)
def test_the_order_stays(places: list[int]) -> None:
    assert odd([event(one, **({"series": {}} if one in places else {})) for one in range(5)]) == len(places)


def test_no_events_are_told_as_nothing() -> None:
    assert odd([]) == 0


def test_alike_events_cost_little_and_equal_ones_make_equal_bytes() -> None:
    events = [event(number, involvedObject={"uid": f"u-{number // 5}"}) for number in range(100)]
    state = msgspec.msgpack.encode(EventColumns().told(table(events)))
    assert len(state) < 25 * len(events)
    again = dict(EventColumns().taken(msgspec.msgpack.decode(state)))
    assert msgspec.msgpack.encode(EventColumns().told(again)) == state


def test_events_about_one_thing_share_it_after_a_restore() -> None:
    first, second = dict(EventColumns().taken(told([event(0), event(1)]))).values()
    assert first["involvedObject"] is second["involvedObject"]
    assert first["source"] is second["source"]


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "message": st.sampled_from(("", "web", "a\0b", "other")),
                "count": st.integers(1, 3),
                "series": st.just({}),
                "reason": st.sampled_from(("Pulled", "Killing")),
                "involvedObject": st.fixed_dictionaries(
                    {},
                    optional={
                        "name": st.sampled_from(("a", "b", "")),
                        "fieldPath": st.sampled_from((None, "spec")),
                        "resourceVersion": st.sampled_from((None, "7", "x")),
                    },
                ),
            },
        ),
        max_size=8,
    )
)
def test_any_events_are_taken_back_as_they_were(changes: list[dict[str, Any]]) -> None:
    odd([event(number, **changed) for number, changed in enumerate(changes)])
