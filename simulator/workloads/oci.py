"""What a registry keeps of an image: an index that names a manifest for each platform, and manifests that name a configuration and layers.

Shapes follow the image specification (https://github.com/opencontainers/image-spec, image-index.md and manifest.md). Promises: plain data; the
sizes of a manifest's layers add up to the image's size; one image has the same digests everywhere and always. Simplified: a digest stands
for the content, so it follows from the names, not from bytes that nobody has.
"""

from hashlib import blake2b

from simulator.engine.plain import Obj
from simulator.machinery.json_text import compact
from simulator.workloads.image_catalog import Catalog, Image, PullError
from simulator.workloads.images import ImageName

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
#: What the layers below the last one hold of the rest, in tenths: a base, and what was added.
_SHARES = (6, 5, 3, 8)
#: Bytes of an image's configuration; about what a server's has.
_CONFIG_SIZE = 7_600


def index(image: Image) -> Obj:
    """What the tag points at: one entry a platform."""
    entries = [_entry(image, platform) for platform in image.platforms]
    return {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}


def manifest(image: Image, platform: str) -> Obj:
    """One platform's configuration and layers, the lowest layer first. `platform` is `os/arch`."""
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": _digest(image, platform, "config"), "size": _CONFIG_SIZE},
        "layers": [
            {"mediaType": LAYER, "digest": _digest(image, platform, f"layer {number}"), "size": size}
            for number, size in enumerate(_layer_sizes(image.size))
        ],
    }


def document(catalog: Catalog, name: ImageName) -> Obj | None:
    """What the registry answers for a tag (an index) or for a digest that an index names (a manifest); None: no such manifest."""
    if not name.digest:
        found = catalog.pull(name)
        return None if isinstance(found, PullError) else index(found)
    for tag in catalog.tags(name.path):
        image = catalog.pull(ImageName(name.registry, name.repository, tag))
        if isinstance(image, PullError):
            continue
        for platform in image.platforms:
            if _digest(image, platform, "manifest") == name.digest:
                return manifest(image, platform)
    return None


def _entry(image: Image, platform: str) -> Obj:
    system, _, architecture = platform.partition("/")
    return {
        "mediaType": MANIFEST,
        "digest": _digest(image, platform, "manifest"),
        "size": len(compact(manifest(image, platform))),
        "platform": {"architecture": architecture, "os": system},
    }


def _layer_sizes(total: int) -> list[int]:
    """A small image has one layer; each further one has its share of what is left."""
    sizes: list[int] = []
    for share in _SHARES:
        if total < 10_000_000:
            break
        sizes.append(total * share // 10)
        total -= sizes[-1]
    return [*sizes, total]


def _digest(image: Image, platform: str, part: str) -> str:
    return f"sha256:{blake2b(f'{image.name.full} {platform} {part}'.encode(), digest_size=32).hexdigest()}"
