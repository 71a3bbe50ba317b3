"""Revisions of lists and watches: which one is shown, what is refused, and how a list goes on when its revision is forgotten."""

import base64
import json
from typing import Any

import pytest

from simulator.cluster import Cluster
from simulator.machinery.store import Store

MAPS = "/api/v1/namespaces/default/configmaps"
INVALID = 'ListOptions.meta.k8s.io "" is invalid: '


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"app": "a"}}, "data": data}


def filled(api: Any, count: int = 4) -> int:
    """Makes maps; the revision that knows them all."""
    for number in range(count):
        api.create(MAPS, config_map(f"m{number}"))
    return int(api("GET", MAPS).body["metadata"]["resourceVersion"])


def names(body: dict[str, Any]) -> list[str]:
    return [item["metadata"]["name"] for item in body["items"]]


def forget(store: Store) -> None:
    """As when the history is compacted."""
    store.log.clear()
    store.compacted = store.revision


NOT_OLDER, EXACT = {"resourceVersionMatch": "NotOlderThan"}, {"resourceVersionMatch": "Exact"}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (NOT_OLDER, "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided"),
        ({**EXACT, "resourceVersion": "1", "continue": "x"},
         "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided"),
        ({"resourceVersionMatch": "Newest", "resourceVersion": "1"},
         'resourceVersionMatch: Unsupported value: "Newest": supported values: "Exact", "NotOlderThan", ""'),
        ({**EXACT, "resourceVersion": "0"},
         'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"'),
        ({"sendInitialEvents": "true"}, "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"),
        ({"watch": "true", "sendInitialEvents": "true"},
         "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"),
        ({"watch": "true", **NOT_OLDER},
         "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"),
        ({"watch": "true", "sendInitialEvents": "true", **EXACT},
         "[resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan, "
         'resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"]'),
    ],
)  # fmt: skip
def test_options_that_do_not_go_together_are_refused(api: Any, query: dict[str, str], message: str) -> None:
    refused = api("GET", MAPS, **query)
    assert (refused.status, refused.body["message"]) == (422, INVALID + message)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"limit": "many"}, 'strconv.ParseInt: parsing "many": invalid syntax'),
        ({"limit": "99999999999999999999"}, 'strconv.ParseInt: parsing "99999999999999999999": value out of range'),
        ({"timeoutSeconds": "x"}, 'strconv.ParseInt: parsing "x": invalid syntax'),
        ({"watch": "true", "timeoutSeconds": "x"}, 'strconv.ParseInt: parsing "x": invalid syntax'),
        (
            {"resourceVersion": "x"},
            'resourceVersion: Invalid value: "x": strconv.ParseUint: parsing "x": invalid syntax',
        ),
        ({"continue": "!"}, "continue key is not valid"),
    ],
)
def test_what_is_no_number_is_refused(api: Any, query: dict[str, str], message: str) -> None:
    refused = api("GET", MAPS, **query)
    assert (refused.status, refused.body["message"]) == (400, message)


def test_an_exact_revision_shows_what_was_then(api: Any) -> None:
    revision = filled(api)
    api("DELETE", f"{MAPS}/m1")
    api.create(MAPS, config_map("m9"))
    then = api("GET", MAPS, resourceVersion=str(revision), **EXACT).body
    assert (names(then), then["metadata"]["resourceVersion"]) == (["m0", "m1", "m2", "m3"], str(revision))
    assert names(api("GET", MAPS, resourceVersion=str(revision), **NOT_OLDER).body) == ["m0", "m2", "m3", "m9"]
    assert names(api("GET", MAPS, resourceVersion=str(revision)).body) == ["m0", "m2", "m3", "m9"]
    assert names(api("GET", MAPS, resourceVersion=str(revision), limit="2").body) == ["m0", "m1"]


def test_any_revision_knows_no_chunks(api: Any) -> None:
    filled(api)
    found = api("GET", MAPS, resourceVersion="0", limit="2").body
    assert (len(found["items"]), "continue" in found["metadata"]) == (4, False)


def test_a_revision_of_the_future_is_to_be_asked_for_again(api: Any) -> None:
    revision = filled(api)
    refused = api("GET", MAPS, resourceVersion=str(revision + 7))
    assert (refused.status, refused.body["reason"]) == (504, "Timeout")
    assert refused.body["message"] == f"Timeout: Too large resource version: {revision + 7}, current: {revision}"
    assert refused.body["details"] == {
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    }


def test_a_forgotten_revision_is_gone(api: Any) -> None:
    revision = filled(api)
    api.create(MAPS, config_map("m9"))
    forget(api.registry.store)
    refused = api("GET", MAPS, resourceVersion=str(revision), **EXACT)
    assert (refused.status, refused.body["reason"]) == (410, "Expired")
    assert refused.body["message"] == "The resourceVersion for the provided list is too old."


def test_a_list_whose_revision_is_forgotten_may_go_on_with_what_is_there(api: Any) -> None:
    filled(api)
    token = api("GET", MAPS, limit="2").body["metadata"]["continue"]
    api("DELETE", f"{MAPS}/m2")
    api.create(MAPS, config_map("m9"))
    forget(api.registry.store)
    refused = api("GET", MAPS, limit="2", **{"continue": token})
    assert (refused.status, refused.body["reason"]) == (410, "Expired")
    assert refused.body["message"].startswith(
        "The provided continue parameter is too old to display a consistent list result."
    )
    assert refused.body["message"].endswith("the first chunk was returned and now may show up in the list.")
    rest = api("GET", MAPS, limit="2", **{"continue": refused.body["metadata"]["continue"]}).body
    assert names(rest) == ["m3", "m9"]


def test_a_token_names_its_revision_itself(api: Any) -> None:
    revision = filled(api)
    token = api("GET", MAPS, limit="2").body["metadata"]["continue"]
    assert json.loads(base64.urlsafe_b64decode(token))["rv"] == revision
    refused = api("GET", MAPS, resourceVersion=str(revision), **{"continue": token})
    assert refused.body["message"] == "specifying resource version is not allowed when using continue"


def test_how_many_are_left_is_told_only_without_a_selector(api: Any) -> None:
    filled(api)
    assert api("GET", MAPS, limit="1").body["metadata"]["remainingItemCount"] == 3
    assert "remainingItemCount" not in api("GET", MAPS, limit="1", labelSelector="app=a").body["metadata"]


def test_a_watch_may_begin_without_what_is_there(api: Any) -> None:
    revision = filled(api)
    options = {"watch": "true", "allowWatchBookmarks": "true", **NOT_OLDER}
    (bookmark,) = api("GET", MAPS, sendInitialEvents="false", **options).body
    assert bookmark["object"]["metadata"] == {"resourceVersion": str(revision), "creationTimestamp": None}
    *initial, bookmark = api("GET", MAPS, sendInitialEvents="true", **options).body
    assert [event["object"]["metadata"]["name"] for event in initial] == ["m0", "m1", "m2", "m3"]
    assert bookmark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/yaml", 406),
        ("application/yaml,application/json", 406),
        ("application/json,application/yaml", 200),
        ("*/*", 200),
    ],
)
def test_a_watch_has_no_form_in_yaml(accept: str, status: int) -> None:
    """`NegotiateOutputMediaTypeStream`: the first form that the client takes has to be one that can be streamed."""
    headers, query = {"accept": accept}, {"watch": "true", "resourceVersion": "1"}
    command = {"kind": "request", "method": "GET", "path": MAPS, "query": query, "headers": headers}
    reply = Cluster.create().apply(command)
    assert reply["status"] == status
    if status == 406:
        assert reply["body"]["message"] == (
            "only the following media types are accepted: application/json;stream=watch, "
            "application/vnd.kubernetes.protobuf;stream=watch"
        )
