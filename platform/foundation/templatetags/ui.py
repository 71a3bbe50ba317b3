"""`{% ui "lab.tsx" %}`: the stylesheets, preloads and the one script of a front-end entry."""

from functools import cache
from pathlib import Path

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from foundation.manifest import Manifest, NotBuilt

register = template.Library()


@cache
def _manifest(folder: Path) -> Manifest:
    return Manifest(folder)


@register.simple_tag
def ui(name: str, required: bool = True) -> SafeString:
    """The tags a page needs in its head to run the entry `name`; nothing when it is missing and not `required`."""
    try:
        entry = _manifest(settings.UI_BUILD_DIR).entry(name)
    except NotBuilt:
        if required:
            raise
        return SafeString("")
    return format_html(
        "{}\n{}\n{}",
        format_html_join("\n", '<link rel="stylesheet" href="{}">', ((_url(file),) for file in entry.styles)),
        format_html_join("\n", '<link rel="modulepreload" href="{}">', ((_url(file),) for file in entry.preload)),
        format_html('<script type="module" src="{}"></script>', _url(entry.script)),
    )


def _url(file: str) -> str:
    return static(f"ui/{file}")
