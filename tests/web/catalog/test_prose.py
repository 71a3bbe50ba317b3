"""Lesson text becomes HTML that is safe, with chips for objects."""

import pytest

from catalog.prose import block_html, chip_mistakes, inline_html


@pytest.mark.parametrize(
    ("text", "kind", "namespace", "name", "label"),
    [
        ("[[node-4]]", "node", "", "node-4", "node-4"),
        ("[[pod/web-abc]]", "pod", "", "web-abc", "web-abc"),
        ("[[shop/deployment/web]]", "deployment", "shop", "web", "web"),
        ("[[deployment/web|Deployment web]]", "deployment", "", "web", "Deployment web"),
    ],
    ids=["node", "kind and name", "with namespace", "with label"],
)
def test_an_object_is_a_button_in_the_lab(text: str, kind: str, namespace: str, name: str, label: str) -> None:
    assert inline_html(text, live=True) == (
        f'<button type="button" class="chip" data-kind="{kind}" data-ns="{namespace}" data-name="{name}">{label}</button>'
    )


def test_an_object_is_only_a_word_where_there_is_no_cluster() -> None:
    assert inline_html("Cut [[node-4]].", live=False) == 'Cut <span class="chip">node-4</span>.'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>\n"),
        ("[[node-4|<b>]]", '<p><button type="button" class="chip" data-kind="node" data-ns="" data-name="node-4">&lt;b&gt;</button></p>\n'),
        ("`[[node-4]]`", "<p><code>[[node-4]]</code></p>\n"),
    ],
    ids=["raw html", "script link", "html in a label", "chip in code"],
)  # fmt: skip
def test_nothing_in_a_text_can_act(text: str, html: str) -> None:
    assert block_html(text, live=True) == html


def test_tables_are_drawn() -> None:
    assert "<td>1</td>" in block_html("|a|\n|-|\n|1|\n", live=True)


def test_what_names_no_object_is_reported() -> None:
    assert chip_mistakes("[[node-4]] [[Node 4]] [[a/b/c/d]]") == ["[[Node 4]]", "[[a/b/c/d]]"]
