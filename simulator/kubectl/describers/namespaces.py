"""Namespaces and the limits set in them: quotas, limit ranges, disruption budgets, priorities."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.engine.plain import Obj
from simulator.kubectl.describers.event_lines import describe_events
from simulator.kubectl.describers.page import Page, pairs_on_one_line
from simulator.kubectl.describers.pod_templates import quantity, selector_text
from simulator.kubectl.describers.surroundings import Surroundings
from simulator.machinery import go_text

_UNSET = "<unset>"


def describe_namespace(obj: Obj, around: Surroundings) -> str:
    page = Page()
    page.head(obj, namespaced=False)
    page.labels_and_annotations(obj)
    status = obj.get("status") or {}
    page.raw(f"Status:\t{status.get('phase', '')}\n")
    if status.get("conditions"):
        page.raw("Conditions:\n")
        _timed_conditions(page, status["conditions"])
    name = obj["metadata"]["name"]
    page.raw("\n")
    _quotas(page, around.items("resourcequotas", name))
    page.raw("\n")
    _limit_ranges(page, around.items("limitranges", name))
    return page.text()


def _timed_conditions(page: Page, conditions: Sequence[Obj]) -> None:
    rows = [
        (
            c["type"],
            c["status"],
            go_text.rfc1123z(c.get("lastTransitionTime")),
            c.get("reason", ""),
            c.get("message", ""),
        )
        for c in conditions
    ]
    page.table(1, ("Type", "Status", "LastTransitionTime", "Reason", "Message"), rows)


def _quotas(page: Page, quotas: Sequence[Obj]) -> None:
    if not quotas:
        page.raw("No resource quota.\n")
        return
    page.raw("Resource Quotas\n")
    for quota in sorted(quotas, key=lambda q: str(q["metadata"]["name"])):
        page.line(1, f"Name:\t{quota['metadata']['name']}")
        page.line(1, "Resource\tUsed\tHard")
        page.line(1, "--------\t---\t---")
        _quota_rows(page, quota, level=1)


def _quota_rows(page: Page, quota: Obj, *, level: int) -> None:
    status = quota.get("status") or {}
    hard, used = status.get("hard") or {}, status.get("used") or {}
    for name in sorted(hard):
        page.line(level, f"{name}\t{quantity(used.get(name, '0'))}\t{quantity(hard[name])}")


def describe_quota(obj: Obj, around: Surroundings) -> str:
    page = Page()
    page.head(obj)
    page.raw("Resource\tUsed\tHard\n--------\t----\t----\n")
    _quota_rows(page, obj, level=0)
    return page.text()


_LIMIT_HEADER = ("Type", "Resource", "Min", "Max", "Default Request", "Default Limit", "Max Limit/Request Ratio")


def _limit_ranges(page: Page, ranges: Sequence[Obj]) -> None:
    if not ranges:
        page.raw("No LimitRange resource.\n")
        return
    page.raw("Resource Limits\n " + "\t".join(_LIMIT_HEADER) + "\n")
    page.raw(" " + "\t".join("-" * len(word) for word in _LIMIT_HEADER) + "\n")
    for limit_range in ranges:
        _limit_rows(page, limit_range, prefix=" ")


def _limit_rows(page: Page, limit_range: Obj, *, prefix: str) -> None:
    fields = ("min", "max", "defaultRequest", "default", "maxLimitRequestRatio")
    for limit in (limit_range.get("spec") or {}).get("limits") or ():
        names = dict.fromkeys(
            name
            for field in ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
            for name in limit.get(field) or {}
        )
        for name in sorted(names):
            values = [quantity(limit[field][name]) if name in (limit.get(field) or {}) else "-" for field in fields]
            page.raw("\t".join((f"{prefix}{limit['type']}", name, *values)) + "\n")


def describe_limit_range(obj: Obj, around: Surroundings) -> str:
    page = Page()
    page.head(obj)
    page.table(0, _LIMIT_HEADER, ())
    _limit_rows(page, obj, prefix="")
    return page.text()


def describe_disruption_budget(obj: Obj, around: Surroundings) -> str:
    page = Page()
    spec, status = obj["spec"], obj.get("status") or {}
    page.head(obj)
    if spec.get("minAvailable") is not None:
        page.raw(f"Min available:\t{spec['minAvailable']}\n")
    elif spec.get("maxUnavailable") is not None:
        page.raw(f"Max unavailable:\t{spec['maxUnavailable']}\n")
    page.raw(f"Selector:\t{selector_text(spec['selector']) if 'selector' in spec else _UNSET}\n")
    page.raw("Status:\n")
    for title, field in (
        ("Allowed disruptions", "disruptionsAllowed"),
        ("Current", "currentHealthy"),
        ("Desired", "desiredHealthy"),
        ("Total", "expectedPods"),
    ):
        page.line(2, f"{title}:\t{status.get(field, 0)}")
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()


def describe_priority_class(obj: Obj, around: Surroundings) -> str:
    page = Page()
    page.raw(f"Name:\t{obj['metadata']['name']}\n")
    page.raw(f"Value:\t{obj.get('value', 0)}\n")
    page.raw(f"GlobalDefault:\t{go_text.value(bool(obj.get('globalDefault')))}\n")
    page.raw(f"PreemptionPolicy:\t{obj.get('preemptionPolicy', '')}\n")
    page.raw(f"Description:\t{obj.get('description', '')}\n")
    page.raw(f"Annotations:\t{pairs_on_one_line(obj['metadata'].get('annotations'))}\n")
    describe_events(page, around.events_of(obj), around.now_us)
    return page.text()
