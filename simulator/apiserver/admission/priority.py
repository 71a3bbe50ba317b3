"""Priority: the class of a pod becomes a number, and there is one default class at most.

https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/; `plugin/pkg/admission/priority/admission.go` (1.33), whose texts
these are.
"""

from simulator.apiserver import errors
from simulator.engine.plain import Obj
from simulator.machinery.store import Store

RESOURCE = "priorityclasses.scheduling.k8s.io"
_PREEMPTS = "PreemptLowerPriority"


def apply(store: Store, spec: Obj, pod_name: str) -> None:
    """Sets class, number and whether it preempts. Raises StatusError Forbidden for an unknown class, or a number of one's own."""
    wanted = spec.get("priorityClassName")
    found = store.get(RESOURCE, ("", wanted)) if wanted else _default(store)
    if wanted and found is None:
        raise errors.forbidden("", "pods", pod_name, f"no PriorityClass with name {wanted} was found")
    if found is not None:
        spec["priorityClassName"] = found["metadata"]["name"]
    number = found["value"] if found else 0
    policy = (found or {}).get("preemptionPolicy") or _PREEMPTS
    for field, computed, word in (
        ("priority", number, "integer value of priority"),
        ("preemptionPolicy", policy, "string value of PreemptionPolicy"),
    ):
        given = spec.get(field)
        if given is not None and given != computed:
            says = (
                f"the {word} ({given}) must not be provided in pod spec; "
                f"priority admission controller computed {computed} from the given PriorityClass name"
            )
            raise errors.forbidden("", "pods", pod_name, says)
        spec[field] = computed


def refuse_second_default(store: Store, made: Obj) -> None:
    """Raises StatusError Forbidden when another class is the default already."""
    found = _default(store) if made.get("globalDefault") else None
    if found is None or found["metadata"]["name"] == made["metadata"]["name"]:
        return
    says = f"PriorityClass {found['metadata']['name']} is already marked as default. Only one default can exist"
    raise errors.forbidden("scheduling.k8s.io", "priorityclasses", made["metadata"]["name"], says)


def _default(store: Store) -> Obj | None:
    """Of several, which only a race can have made, the one of the lowest value."""
    found = [one for one in store.table(RESOURCE).values() if one.get("globalDefault")]
    return min(found, key=lambda one: (one["value"], one["metadata"]["name"]), default=None)
