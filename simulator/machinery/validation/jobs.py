"""Rules for jobs and cron jobs. Follows `pkg/apis/batch/validation/validation.go` (1.33)."""

from __future__ import annotations

import re
from typing import Any

from simulator.machinery.validation.field_errors import (
    FieldError,
    GoText,
    immutable,
    invalid,
    label_selector,
    not_negative,
    not_supported,
    required,
)
from simulator.machinery.validation.pods import validate_pod_template
from simulator.machinery.validation.selectors import validate_label_selector

Obj = dict[str, Any]
Errors = list[FieldError]

_COUNTS = ("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished")
_CRON_NAME_MAX = 52
_CRON_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_CRON_WORDS = re.compile("(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)", re.IGNORECASE)
_CRON_MACROS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")


def validate_job(job: Obj) -> Errors:
    return _job_spec(job.get("spec") or {}, "spec")


def _job_spec(spec: Obj, path: str) -> Errors:
    errors: Errors = []
    for key in _COUNTS:
        errors += not_negative(f"{path}.{key}", spec.get(key))
    mode = spec.get("completionMode")
    if mode is not None and mode not in ("NonIndexed", "Indexed"):
        errors.append(not_supported(f"{path}.completionMode", mode, ("Indexed", "NonIndexed")))
    if mode == "Indexed" and spec.get("completions") is None:
        errors.append(required(f"{path}.completions", "when completion mode is Indexed"))
    if "selector" in spec:
        errors += validate_label_selector(spec["selector"], f"{path}.selector")
    template = spec.get("template")
    if template is None:
        return [*errors, required(f"{path}.template")]
    errors += validate_pod_template(template, f"{path}.template")
    restart = (template.get("spec") or {}).get("restartPolicy", "Always")
    if restart not in ("OnFailure", "Never"):
        where = f"{path}.template.spec.restartPolicy"
        if restart == "Always":
            errors.append(required(where, 'valid values: "OnFailure", "Never"'))
        else:
            errors.append(not_supported(where, restart, ("OnFailure", "Never")))
    return errors


def validate_job_update(new: Obj, old: Obj) -> Errors:
    now, before = new.get("spec") or {}, old.get("spec") or {}
    errors = validate_job(new)
    if now.get("completions") != before.get("completions") and now.get("completionMode") != "Indexed":
        errors += immutable("spec.completions", now.get("completions"), before.get("completions"))
    errors += immutable(
        "spec.selector", now.get("selector"), before.get("selector"), shown=label_selector(now.get("selector") or {})
    )
    if not before.get("suspend"):
        errors += immutable(
            "spec.template", now.get("template"), before.get("template"), shown=GoText("core.PodTemplateSpec{…}")
        )
    return errors + immutable("spec.completionMode", now.get("completionMode"), before.get("completionMode"))


def validate_cron_job(cron_job: Obj) -> Errors:
    spec, name = cron_job.get("spec") or {}, (cron_job.get("metadata") or {}).get("name", "")
    errors: Errors = []
    schedule = spec.get("schedule", "")
    if not schedule:
        errors.append(required("spec.schedule"))
    elif "TZ" in schedule:
        says = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        errors.append(invalid("spec.schedule", schedule, says))
    elif (problem := cron_problem(schedule)) is not None:
        errors.append(invalid("spec.schedule", schedule, problem))
    errors += not_negative("spec.startingDeadlineSeconds", spec.get("startingDeadlineSeconds"))
    policy = spec.get("concurrencyPolicy", "")
    if policy not in ("Allow", "Forbid", "Replace"):
        errors.append(
            not_supported("spec.concurrencyPolicy", policy, ("Allow", "Forbid", "Replace"))
            if policy
            else required("spec.concurrencyPolicy")
        )
    errors += not_negative("spec.successfulJobsHistoryLimit", spec.get("successfulJobsHistoryLimit"))
    errors += not_negative("spec.failedJobsHistoryLimit", spec.get("failedJobsHistoryLimit"))
    errors += _job_spec((spec.get("jobTemplate") or {}).get("spec") or {}, "spec.jobTemplate.spec")
    if len(name) > _CRON_NAME_MAX:
        errors.append(invalid("metadata.name", name, f"must be no more than {_CRON_NAME_MAX} characters"))
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
