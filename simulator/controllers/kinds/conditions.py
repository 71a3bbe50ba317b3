"""Lists of status conditions, which are changed by type and keep the time of their last transition."""

from collections.abc import Sequence

from simulator.engine.plain import Obj


def condition(conditions: Sequence[Obj] | None, type: str) -> Obj | None:
    for one in conditions or ():
        if one["type"] == type:
            return one
    return None


def is_true(conditions: Sequence[Obj] | None, type: str) -> bool:
    found = condition(conditions, type)
    return found is not None and found["status"] == "True"


def without(conditions: Sequence[Obj] | None, type: str) -> list[Obj]:
    return [one for one in conditions or () if one["type"] != type]


def replaced(conditions: Sequence[Obj] | None, wanted: Obj) -> list[Obj]:
    """With `wanted` in place of the condition of its type, at the place where that was."""
    conditions = list(conditions or ())
    for index, known in enumerate(conditions):
        if known["type"] == wanted["type"]:
            conditions[index] = wanted
            return conditions
    return [*conditions, wanted]
