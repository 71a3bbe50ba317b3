"""The glossary: old words lead to their successor, a word with two meanings asks which, versions grey out what is gone."""

import html
import re

import pytest
from django.conf import settings
from django.test import Client

from catalog.errors import LessonRefused
from catalog.words import glossary, read_glossary
from simulator.cluster import Cluster

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("asked", ["master", "Masters", "master node", "head", "control-plane", "  MASTER  "])
def test_an_old_word_for_the_control_plane_opens_its_card(client: Client, asked: str) -> None:
    page = client.get("/words/", {"q": asked}, follow=True)
    assert page.redirect_chain[-1][0].startswith("/words/control-plane/")
    assert "<h1>Control plane</h1>" in page.content.decode()


def test_the_card_says_that_it_was_searched_for_by_an_old_word(client: Client) -> None:
    page = client.get("/words/", {"q": "master"}, follow=True).content.decode()
    assert "You searched for “master”: here it is called Control plane." in page
    assert "gone since 1.24" in page


@pytest.mark.parametrize("planes", [1, 3])
def test_no_node_has_a_label_master(planes: int) -> None:
    sim = Cluster.create({"nodes": [{"role": "control-plane", "count": planes}, {"role": "worker", "count": 2}]})
    shown = sim.apply({"kind": "shell", "line": "kubectl get nodes --show-labels"})["stdout"]
    assert shown.count("node-role.kubernetes.io/control-plane=") == planes
    assert "master" not in shown


def test_a_search_for_namespace_asks_which_and_both_cards_link_to_each_other(client: Client) -> None:
    page = client.get("/words/", {"q": "namespace"}).content.decode()
    assert "Which “namespace” do you mean?" in page
    assert re.findall(r'<h3><a href="/words/([a-z-]+)/">', page) == ["namespace", "namespace-kernel"]
    for slug, other in (("namespace", "namespace-kernel"), ("namespace-kernel", "namespace")):
        assert f'<h3><a href="/words/{other}/">' in client.get(f"/words/{slug}/").content.decode()


def test_a_namesake_is_told_apart_and_not_listed_a_second_time(client: Client) -> None:
    api = client.get("/words/namespace/").content.decode()
    kernel = client.get("/words/namespace-kernel/").content.decode()
    assert ("Not to be mixed up with" in api, "See also" in api) == (True, False)
    assert re.findall(r'<a href="/words/([a-z-]+)/">', kernel) == ["namespace", "pod"]


def test_a_word_on_no_card_of_its_own_lists_the_cards_that_speak_of_it(client: Client) -> None:
    page = client.get("/words/", {"q": "kubelet"}).content.decode()
    assert "Cards with “kubelet”" in page
    assert 'href="/words/node/"' in page
    assert "No card for “sextant”" in client.get("/words/", {"q": "sextant"}).content.decode()


OLD = [
    ("1.33", "awsElasticBlockStore volume", "gone"),
    ("1.26", "awsElasticBlockStore volume", "in use"),
    ("1.33", "Endpoints", "old"),
    ("1.32", "Endpoints", "in use"),
    ("1.33", "ReplicationController", "old"),
    ("1.23", "docker runtime (dockershim)", "old"),
    ("1.24", "docker runtime (dockershim)", "gone"),
    ("1.19", "master (label and word)", "in use"),
    ("1.23", "master (label and word)", "old"),
    ("1.33", "master (label and word)", "gone"),
]


@pytest.mark.parametrize(("version", "word", "state"), OLD, ids=[f"{word} in {version}" for version, word, _ in OLD])
def test_the_version_tells_which_old_forms_are_gone(client: Client, version: str, word: str, state: str) -> None:
    page = client.get("/words/", {"version": version}).content.decode()
    row = next(row for row in re.findall(r'<tr class="old-word.*?</tr>', page, re.S) if f">{word}<" in row)
    assert f'is-{state.replace(" ", "-")}"' in row
    assert ("<s>" in row) == (state == "gone")


def test_every_old_word_names_its_successor_and_a_version() -> None:
    words = glossary()
    assert len(words.old) == 14
    assert [old.word for old in words.old if not old.gone and not old.discouraged] == []
    assert {old.instead for old in words.old} <= {card.slug for card in words.cards}


def test_an_unknown_version_is_todays(client: Client) -> None:
    assert "In 1.33</th>" in client.get("/words/", {"version": "<b>"}).content.decode()


def test_a_link_to_no_card_a_slug_twice_and_an_unknown_key_are_refused() -> None:
    text = settings.GLOSSARY_FILE.read_text("utf-8")
    wrong = text.replace("slug: node\n", "slug: pod\n").replace("see: [control-plane, pod]", "sea: [x]\n    see: [y]")
    with pytest.raises(LessonRefused) as refused:
        read_glossary(wrong)
    said = str(refused.value)
    for problem in ("found 'pod' twice, wanted it once", "found a link to 'y'", "cards[1]: found sea, wanted only"):
        assert problem in said


def test_a_card_that_does_not_exist_is_a_page_that_says_so(client: Client) -> None:
    assert client.get("/words/nothing/").status_code == 404


def card(client: Client, slug: str, **answers: str) -> str:
    return client.get(f"/words/{slug}/", answers).content.decode()


def test_things_start_outside_of_the_boxes(client: Client) -> None:
    page = card(client, "pod")
    tray, _, boxes = page.partition('<div class="boxes">')
    assert re.findall(r'class="thing-name">([^<]*)', tray) == ["Container", "Pod", "Virtual machine"]
    assert re.findall(r"<h3>([^<]*)</h3>", boxes)[:3] == ["Largest", "In between", "Smallest"]
    assert "verdict" not in page.partition('id="placing"')[2].partition("</form>")[0]


def test_what_is_in_its_place_is_told_why_and_the_rest_only_that_it_is_not(client: Client) -> None:
    page = card(client, "pod", **{"item-0": "2", "item-1": "0", "item-2": "0"})
    assert "2 of 3 in place." in page
    assert page.count("✗ Not here.") == 1
    assert "✓ It brings a whole operating system" in page
    assert "✓ One process tree with its files." in page
    assert "which are started on one node together" not in page
    assert "All 3 are in their place." in card(client, "pod", **{"item-0": "2", "item-1": "1", "item-2": "0"})


@pytest.mark.parametrize("answer", ["", "7", "-1", "two", "²"])
def test_an_answer_that_is_none_counts_as_not_given(client: Client, answer: str) -> None:
    page = card(client, "pod", **{"item-0": answer, "answer": answer})
    assert "in place." not in page
    assert "Right." not in page


@pytest.mark.parametrize(("slug", "right"), [("pod", "1"), ("namespace", "1"), ("namespace-kernel", "1"), ("oci", "1")])
def test_a_question_says_why_for_every_answer(client: Client, slug: str, right: str) -> None:
    told = {number: card(client, slug, answer=number) for number in ("0", "1", "2")}
    assert [number for number, page in told.items() if "✓ Right." in page] == [right]
    found = glossary().card(slug).quiz
    assert found is not None
    assert all(choice.why in html.unescape(told[str(at)]) for at, choice in enumerate(found.choices))


def test_the_card_of_the_specifications_shows_what_a_registry_keeps(client: Client) -> None:
    page = html.unescape(card(client, "oci"))
    assert '"mediaType": "application/vnd.oci.image.manifest.v1+json"' in page
    assert "The manifest for linux/amd64" in page
    asked = {"item-0": "1", "item-1": "0", "item-2": "2"}
    assert "All 3 are in their place." in card(client, "oci", **asked)


@pytest.mark.parametrize(
    ("extra", "wanted"),
    [
        ("    quiz: {ask: a, choices: [{say: x, why: y}]}\n", "exactly one right choice"),
        ("    place: {ask: a, boxes: [{name: n, item: i, because: b}]}\n", "two boxes at least"),
        ("    quiz: {choices: []}\n", "quiz"),
    ],
)
def test_a_malformed_exercise_is_refused_by_name(extra: str, wanted: str) -> None:
    text = "format: 1\ncards:\n  - slug: a\n    name: A\n    say: s\n    more: m\n    see: []\n" + extra + "old: []\n"
    with pytest.raises(LessonRefused, match=wanted):
        read_glossary(text)
