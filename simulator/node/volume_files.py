"""The files of volumes as drivers handle them: erased, copied, kept as a snapshot (`csi.backend.Files`), emptied by the recycler."""

from simulator.engine.plain import Obj
from simulator.node.volume_places import storage_of_volume
from simulator.node.volumes import Contents, Files


class VolumeFiles:
    def __init__(self, contents: Contents) -> None:
        self._contents = contents

    def erase(self, volume: Obj) -> None:
        """The volume is gone, and what lay in it."""
        place, inside = storage_of_volume(volume, _node_of(volume))
        if not inside:
            self._contents.drop(place)
        for path in (
            [one for one in self._contents.of(place) if one == inside or one.startswith(f"{inside}/")] if inside else ()
        ):
            self._contents.remove(place, path)

    def scrub(self, volume: Obj) -> None:
        self.erase(volume)

    def copy(self, source: Obj, target: Obj) -> None:
        self._contents.replace(storage_of_volume(target, "")[0], self._now_in(source))

    def keep(self, source: Obj, name: str) -> None:
        self._contents.replace(f"snapshot/{name}", self._now_in(source))

    def _now_in(self, volume: Obj) -> Files:
        return dict(self._contents.of(storage_of_volume(volume, "")[0]))

    def restore(self, name: str, target: Obj) -> None:
        self._contents.replace(storage_of_volume(target, "")[0], dict(self._contents.of(f"snapshot/{name}")))

    def forget(self, name: str) -> None:
        self._contents.drop(f"snapshot/{name}")


def _node_of(volume: Obj) -> str:
    """The node to which a volume's directory belongs."""
    required = (volume["spec"].get("nodeAffinity") or {}).get("required") or {}
    for term in required.get("nodeSelectorTerms") or ():
        for one in term.get("matchExpressions") or ():
            if one["key"] == "kubernetes.io/hostname" and one.get("values"):
                return str(one["values"][0])
    return ""
