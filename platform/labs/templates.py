"""The clusters one can begin with, beside a configuration of one's own. `config` is kind-style YAML."""

from dataclasses import dataclass

from labs.errors import NoSuchTemplate

_HEAD = "kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\n"


@dataclass(frozen=True)
class Template:
    """One choice on the page for a new cluster."""

    name: str
    title: str
    summary: str
    config: str


def _config(control_planes: int, zones: str) -> str:
    """`zones` has one letter a worker; a dot stands for a worker without a zone."""
    planes = [f"- role: control-plane\n  name: control-plane-{at + 1}\n" for at in range(control_planes)]
    workers = [
        f"- role: worker\n  name: node-{at + 1}\n" + ("" if zone == "." else f"  zone: {zone}\n")
        for at, zone in enumerate(zones)
    ]
    return f"{_HEAD}nodes:\n{''.join([*planes, *workers])}"


TEMPLATES = (
    Template("quay", "Quay", "One control plane and three nodes. A good place to begin.", _config(1, "...")),
    Template("skiff", "Skiff", "One control plane and a single node: no room to move to.", _config(1, ".")),
    Template("zones", "Three zones", "Five nodes in zones a, b and c, to lose a whole zone.", _config(1, "aabbc")),
    Template("quorum", "Quorum", "Three control planes and three nodes: stop one, then two.", _config(3, "...")),
    Template("basin", "Basin", "Twelve nodes in three zones, for larger rollouts.", _config(1, "aaaabbbbcccc")),
)
DEFAULT = TEMPLATES[0]


def template_get(name: str) -> Template:
    """The template called `name`."""
    found = next((template for template in TEMPLATES if template.name == name), None)
    if found is None:
        known = ", ".join(template.name for template in TEMPLATES)
        raise NoSuchTemplate(f"template: found {name!r}, wanted one of {known}.")
    return found
