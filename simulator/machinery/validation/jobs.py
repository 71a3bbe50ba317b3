"""Rules for jobs and cron jobs. Follows `pkg/apis/batch/validation/validation.go` (1.33)."""

from __future__ import annotations

import re
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from simulator.machinery import names
from simulator.machinery.validation.field_errors import (
    FieldError,
    go_struct,
    immutable,
    invalid,
    label_selector,
    not_negative,
    not_supported,
    required,
    too_long,
)
from simulator.machinery.validation.job_rules import (
    validate_failure_policy,
    validate_replacement,
    validate_success_policy,
)
from simulator.machinery.validation.pods import validate_pod_template
from simulator.machinery.validation.selectors import validate_label_selector

Obj = dict[str, Any]
Errors = list[FieldError]

_COUNTS = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
)
_INDEXED = "Indexed"
_MANY, _FEW, _MANAGER_MAX = 100_000, 10_000, 63
_MOVABLE = ("nodeSelector", "tolerations", "schedulingGates")
_CONCURRENCY = ("Allow", "Forbid", "Replace")
_ZONE_PART = re.compile(r"(?!-)[A-Za-z.\-_0-9+]{1,14}")
_CRON_NAME_MAX = 52
_CRON_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_CRON_WORDS = re.compile("(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)", re.IGNORECASE)
_CRON_MACROS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")


def validate_job(job: Obj) -> Errors:
    spec = job.get("spec") or {}
    errors = _job_spec(spec, "spec")
    name, completions = (job.get("metadata") or {}).get("name", ""), spec.get("completions") or 0
    host = f"{name}-{completions - 1}"
    if name and completions > 0 and spec.get("completionMode") == _INDEXED and names.dns_label(host):
        says = f"will not able to create pod with invalid DNS label: {host}"
        errors.append(invalid("metadata.name", name, says))
    return errors


def _job_spec(spec: Obj, path: str) -> Errors:
    errors: Errors = []
    for key in _COUNTS:
        errors += not_negative(f"{path}.{key}", spec.get(key))
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        errors.append(required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified"))
    if (manager := spec.get("managedBy")) is not None:
        here = f"{path}.managedBy"
        errors += [invalid(here, shown, says) for shown, says in names.domain_prefixed_path(manager)]
        if len(manager) > _MANAGER_MAX:
            errors.append(too_long(here, _MANAGER_MAX))
    errors += _mode(spec, path)
    if spec.get("podFailurePolicy") is not None:
        errors += validate_failure_policy(spec, f"{path}.podFailurePolicy")
    if spec.get("successPolicy") is not None:
        here = f"{path}.successPolicy"
        if spec.get("completionMode") == _INDEXED:
            errors += validate_success_policy(spec, here)
        else:
            errors.append(invalid(here, go_struct("batch.SuccessPolicy"), "requires indexed completion mode"))
    errors += validate_replacement(spec, f"{path}.podReplacementPolicy")
    template = spec.get("template")
    if template is None:
        errors.append(required(f"{path}.template"))
    else:
        errors += validate_pod_template(template, f"{path}.template")
        errors += _restart(template, spec, f"{path}.template.spec.restartPolicy")
    if "selector" in spec:
        errors += validate_label_selector(spec["selector"], f"{path}.selector")
    return errors


def _mode(spec: Obj, path: str) -> Errors:
    mode, each, most = spec.get("completionMode"), spec.get("backoffLimitPerIndex"), spec.get("maxFailedIndexes")
    errors: Errors = []
    if mode not in (None, "NonIndexed", _INDEXED):
        errors.append(not_supported(f"{path}.completionMode", mode, ("NonIndexed", _INDEXED)))
    if mode == _INDEXED:
        return errors + _indexed(spec, path)
    if mode in (None, "NonIndexed"):
        errors += [
            invalid(f"{path}.{key}", value, "requires indexed completion mode")
            for key, value in (("backoffLimitPerIndex", each), ("maxFailedIndexes", most))
            if value is not None
        ]
    return errors


def _indexed(spec: Obj, path: str) -> Errors:
    completions, parallelism, most = (spec.get(key) for key in ("completions", "parallelism", "maxFailedIndexes"))
    errors: Errors = []

    def at_most(key: str, value: int | None, limit: int, why: str) -> None:
        if value is not None and value > limit:
            errors.append(invalid(f"{path}.{key}", value, f"must be less than or equal to {limit}{why}"))

    if completions is None:
        errors.append(required(f"{path}.completions", "when completion mode is Indexed"))
    at_most("parallelism", parallelism, _MANY, " when completion mode is Indexed")
    if completions is not None and most is not None and most > completions:
        errors.append(invalid(f"{path}.maxFailedIndexes", most, "must be less than or equal to completions"))
    at_most("maxFailedIndexes", most, _MANY, "")
    if (completions or 0) > _MANY and spec.get("backoffLimitPerIndex") is not None:
        if most is None:
            says = f"must be specified when completions is above {_MANY}"
            errors.append(required(f"{path}.maxFailedIndexes", says))
        why = f" when completions are above {_MANY} and used with backoff limit per index"
        at_most("parallelism", parallelism, _FEW, why)
        at_most("maxFailedIndexes", most, _FEW, why)
    return errors


def _restart(template: Obj, spec: Obj, path: str) -> Errors:
    restart = (template.get("spec") or {}).get("restartPolicy", "Always")
    if restart == "Always":
        return [required(path, 'valid values: "OnFailure", "Never"')]
    if restart not in ("OnFailure", "Never"):
        return [not_supported(path, restart, ("OnFailure", "Never"))]
    if spec.get("podFailurePolicy") is not None and restart != "Never":
        return [invalid(path, restart, 'only "Never" is supported when podFailurePolicy is specified')]
    return []


def validate_job_update(new: Obj, old: Obj) -> Errors:
    now, before = new.get("spec") or {}, old.get("spec") or {}
    if now is before:
        return []
    errors = _job_spec(now, "spec")
    if now.get("completions") != before.get("completions"):
        if now.get("completionMode") != _INDEXED:
            errors += immutable("spec.completions", now.get("completions"), before.get("completions"))
        elif now.get("completions") is not None and now.get("completions") != now.get("parallelism"):
            says = "can only be modified in tandem with spec.parallelism"
            errors.append(invalid("spec.completions", now.get("completions"), says))
    errors += immutable(
        "spec.selector", now.get("selector"), before.get("selector"), shown=label_selector(now.get("selector") or {})
    )
    fresh, known = now.get("template") or {}, before.get("template") or {}
    if _is_movable(old):
        fresh, known = _fixed(fresh), _fixed(known)
    errors += immutable("spec.template", fresh, known, shown=go_struct("core.PodTemplateSpec"))
    for key, kind in (
        ("completionMode", ""),
        ("podFailurePolicy", "batch.PodFailurePolicy"),
        ("backoffLimitPerIndex", ""),
        ("managedBy", ""),
        ("successPolicy", "batch.SuccessPolicy"),
    ):
        shown = go_struct(kind) if kind and now.get(key) is not None else None
        errors += immutable(f"spec.{key}", now.get(key), before.get(key), shown=shown)
    return errors


def _is_movable(job: Obj) -> bool:
    """Where pods may go can change while the job is suspended and has not begun."""
    return bool(job["spec"].get("suspend")) and not (job.get("status") or {}).get("startTime")


def _fixed(template: Obj) -> Obj:
    metadata = {k: v for k, v in (template.get("metadata") or {}).items() if k not in ("annotations", "labels")}
    spec = {k: v for k, v in (template.get("spec") or {}).items() if k not in _MOVABLE}
    affinity = {k: v for k, v in (spec.pop("affinity", None) or {}).items() if k != "nodeAffinity"}
    return {"metadata": metadata, "spec": {**spec, "affinity": affinity}}


# Cron jobs


def validate_new_cron_job(cron_job: Obj) -> Errors:
    name = (cron_job.get("metadata") or {}).get("name", "")
    errors = _cron_job_spec(cron_job.get("spec") or {}, {})
    if len(name) > _CRON_NAME_MAX:
        errors.append(invalid("metadata.name", name, f"must be no more than {_CRON_NAME_MAX} characters"))
    return errors


def validate_cron_job_update(new: Obj, old: Obj) -> Errors:
    now, before = new.get("spec") or {}, old.get("spec") or {}
    return [] if now is before else _cron_job_spec(now, before)


def _cron_job_spec(spec: Obj, before: Obj) -> Errors:
    schedule, zone, path = spec.get("schedule", ""), spec.get("timeZone"), "spec.schedule"
    errors: Errors = []
    if not schedule:
        errors.append(required(path))
    elif "TZ" in schedule:
        says = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        errors.append(invalid(path, schedule, says))
    elif (problem := cron_problem(schedule)) is not None:
        errors.append(invalid(path, schedule, problem))
    errors += not_negative("spec.startingDeadlineSeconds", spec.get("startingDeadlineSeconds"))
    if zone is not None and zone != before.get("timeZone"):
        errors += _zone(zone, "spec.timeZone")
    policy, path = spec.get("concurrencyPolicy", ""), "spec.concurrencyPolicy"
    if policy not in _CONCURRENCY:
        errors.append(not_supported(path, policy, _CONCURRENCY) if policy else required(path))
    errors += _job_template(spec.get("jobTemplate") or {}, "spec.jobTemplate")
    errors += not_negative("spec.successfulJobsHistoryLimit", spec.get("successfulJobsHistoryLimit"))
    return errors + not_negative("spec.failedJobsHistoryLimit", spec.get("failedJobsHistoryLimit"))


def _job_template(template: Obj, path: str) -> Errors:
    spec = template.get("spec") or {}
    errors = _job_spec(spec, f"{path}.spec")
    if "selector" in spec:
        says = "`selector` will be auto-generated"
        errors.append(invalid(f"{path}.spec.selector", label_selector(spec["selector"]), says))
    if spec.get("manualSelector"):
        errors.append(not_supported(f"{path}.spec.manualSelector", True, ("nil", "false")))
    return errors


def _zone(zone: str, path: str) -> Errors:
    if not zone:
        return [invalid(path, zone, "timeZone must be nil or non-empty string")]
    unknown = f"unknown time zone {zone}"
    if any(part in (".", "..") or not _ZONE_PART.fullmatch(part) for part in zone.split("/")):
        return [invalid(path, zone, unknown)]
    errors: Errors = []
    if zone.lower() == "local":
        says = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        return [invalid(path, zone, says)]
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        errors.append(invalid(path, zone, unknown))
    return errors


def cron_problem(schedule: str) -> str | None:
    """What the cron parser says about a schedule, None when it can read it."""
    if schedule.startswith("@"):
        known = schedule in _CRON_MACROS or schedule.startswith("@every ")
        return None if known else f"unrecognized descriptor: {schedule}"
    fields = schedule.split()
    if len(fields) != 5:
        return f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]"
    for text, (low, high) in zip(fields, _CRON_BOUNDS, strict=True):
        if (problem := _field_problem(text, low, high)) is not None:
            return problem
    return None


def _field_problem(text: str, low: int, high: int) -> str | None:
    return next((problem for part in text.split(",") if (problem := _part_problem(part, low, high))), None)


def _part_problem(part: str, low: int, high: int) -> str | None:
    span, _, step = part.partition("/")
    ends = [] if span in ("*", "?") else span.split("-")
    for number in [*ends, *([step] if "/" in part else [])]:
        if not number.isdigit() and not _CRON_WORDS.fullmatch(number):
            return f'failed to parse int from {number}: strconv.Atoi: parsing "{number}": invalid syntax'
    if len(ends) > 2:
        return f"too many hyphens: {part}"
    numbers = [int(end) for end in ends if end.isdigit()]
    if numbers and numbers[0] < low:
        return f"beginning of range ({numbers[0]}) below minimum ({low}): {part}"
    if numbers and numbers[-1] > high:
        return f"end of range ({numbers[-1]}) above maximum ({high}): {part}"
    if len(numbers) == 2 and numbers[0] > numbers[1]:
        return f"beginning of range ({numbers[0]}) beyond end of range ({numbers[1]}): {part}"
    return None
