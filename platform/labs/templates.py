"""The clusters one can begin with, as kind-style descriptions. The first one is the default."""

from dataclasses import dataclass

from labs.errors import NoSuchTemplate

_HEAD = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes:\n"
_CONTROL_PLANE = "- role: control-plane\n"
_WORKER = "- role: worker\n"


@dataclass(frozen=True, slots=True)
class Template:
    """A named description; `nodes` is what a list shows."""

    name: str
    title: str
    summary: str
    nodes: int
    config: str


def _template(name: str, title: str, summary: str, *, control_planes: int, workers: int) -> Template:
    config = _HEAD + _CONTROL_PLANE * control_planes + _WORKER * workers
    return Template(name, title, summary, control_planes + workers, config)


TEMPLATES = (
    _template("harbour", "Small harbour", "One control plane and three workers.", control_planes=1, workers=3),
    _template("dinghy", "Dinghy", "One node that does everything.", control_planes=1, workers=0),
    _template(
        "quorum", "Quorum", "Three control planes and three workers: lose one and go on.", control_planes=3, workers=3
    ),
)


def template_find(name: str) -> Template | None:
    """The template of that name."""
    return next((template for template in TEMPLATES if template.name == name), None)


def template_config(name: str | None) -> str:
    """Its description; the default one's without a name."""
    template = template_find(name) if name else TEMPLATES[0]
    if template is None:
        known = ", ".join(each.name for each in TEMPLATES)
        raise NoSuchTemplate(f"template: found {name!r}, wanted one of {known}")
    return template.config
