"""Lesson text: Markdown to HTML that is safe to put into a page.

Raw HTML is shown as text, never passed on; links may only lead to http, https, mail or this site. `[[…]]` names an
object of the cluster and becomes a chip: `[[node-4]]` (a node), `[[pod/web-abc]]`, `[[shop/deployment/web]]`, each with
an optional `|label`. In the lab chips are buttons; on a lesson's own page, where there is no cluster, plain words.
"""

import re
from functools import cache
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

CHIP = re.compile(r"\[\[(?P<inside>[^\[\]\n]{1,200})\]\]")
INSIDE = re.compile(
    r"(?:(?:(?P<namespace>[a-z0-9-]+)/)?(?P<kind>[a-z]+)/)?(?P<name>[a-z0-9][a-z0-9.-]*)(?:\|(?P<label>[^|]+))?"
)


def chip_mistakes(text: str) -> list[str]:
    """The `[[…]]` in `text` that name no object."""
    return [match[0] for match in CHIP.finditer(text) if not INSIDE.fullmatch(match["inside"])]


def block_html(text: str, *, live: bool) -> SafeString:
    """Paragraphs, lists and tables; with buttons as chips when `live`."""
    # Safe: markdown-it escapes all text and passes no raw HTML (html=False); our chips escape their parts.
    return SafeString(_markdown(live).render(text))


def inline_html(text: str, *, live: bool) -> SafeString:
    """One line, without a paragraph around it."""
    return SafeString(_markdown(live).renderInline(text))


@cache
def _markdown(live: bool) -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    markdown.inline.ruler.before("link", "chip", _chip_rule)
    markdown.add_render_rule("chip", _render_button if live else _render_span)
    return markdown


def _chip_rule(state: StateInline, silent: bool) -> bool:
    match = CHIP.match(state.src, state.pos)
    parts = INSIDE.fullmatch(match["inside"]) if match else None
    if match is None or parts is None:
        return False
    if not silent:
        token = state.push("chip", "", 0)
        token.meta = {
            "kind": parts["kind"] or "node",
            "namespace": parts["namespace"] or "",
            "name": parts["name"],
            "label": parts["label"] or parts["name"],
        }
    state.pos = match.end()
    return True


def _render_button(self: RendererHTML, tokens: list[Token], at: int, options: Any, env: Any) -> str:
    return format_html(
        '<button type="button" class="chip" data-kind="{kind}" data-ns="{namespace}" data-name="{name}">{label}</button>',
        **tokens[at].meta,
    )


def _render_span(self: RendererHTML, tokens: list[Token], at: int, options: Any, env: Any) -> str:
    return format_html('<span class="chip">{}</span>', tokens[at].meta["label"])
