"""Rules for deployments, replica sets, stateful sets, daemon sets and replication controllers.

Follows `pkg/apis/apps/validation/validation.go` (1.33), in its order.
"""

from __future__ import annotations

from typing import Any

from simulator.machinery import names, selectors
from simulator.machinery.validation.field_errors import (
    FieldError,
    GoText,
    forbidden,
    go_struct,
    immutable,
    int_or_string,
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

_MISMATCH = "`selector` does not match template `labels`"


def _spec(obj: Obj) -> Obj:
    return obj.get("spec") or {}


def _selector(spec: Obj, kind: str) -> Errors:
    selector = spec.get("selector")
    if selector is None:
        return [required("spec.selector")]
    errors = validate_label_selector(selector, "spec.selector")
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        errors.append(invalid("spec.selector", label_selector(selector), f"empty selector is invalid for {kind}"))
    return errors


def _template(spec: Obj, kind: str) -> Errors:
    """The template fits the selector, is itself valid, and its pods run for ever."""
    path = "spec.template"
    template = spec.get("template")
    if template is None:
        return [required(path)]
    errors: Errors = []
    labels = (template.get("metadata") or {}).get("labels") or {}
    chosen = _readable(spec.get("selector"))
    if chosen is not None and not chosen.empty and not chosen.matches(labels):
        errors.append(invalid(f"{path}.metadata.labels", labels, _MISMATCH))
    errors += validate_pod_template(template, path)
    pod = template.get("spec") or {}
    restart = pod.get("restartPolicy", "Always")
    if restart != "Always":
        errors.append(not_supported(f"{path}.spec.restartPolicy", restart, ("Always",)))
    if "activeDeadlineSeconds" in pod:
        says = f"activeDeadlineSeconds in {kind} is not Supported"
        errors.append(forbidden(f"{path}.spec.activeDeadlineSeconds", says))
    return errors


def _readable(selector: Obj | None) -> selectors.Selector | None:
    try:
        return selectors.from_label_selector(selector) if selector is not None else None
    except (selectors.SelectorError, KeyError):
        return None


def positive_int_or_percent(value: Any, path: str) -> Errors:
    """A count or a percentage, not negative."""
    if isinstance(value, str):
        return [invalid(path, int_or_string(value), says) for says in names.percent(value)]
    return not_negative(path, value)


def not_above_hundred_percent(value: Any, path: str) -> Errors:
    """A percentage is one of a whole."""
    if isinstance(value, str) and not names.percent(value) and int(value[:-1]) > 100:
        return [invalid(path, int_or_string(value), "must not be greater than 100%")]
    return []


def _is_zero(value: Any) -> bool:
    return value in (0, "0%")


# Deployments


def validate_deployment(deployment: Obj) -> Errors:
    spec = _spec(deployment)
    errors = not_negative("spec.replicas", spec.get("replicas"))
    errors += _selector(spec, "deployment")
    errors += _template(spec, "ReplicaSet")
    errors += _deployment_strategy(spec.get("strategy") or {}, "spec.strategy")
    ready = spec.get("minReadySeconds", 0)
    errors += not_negative("spec.minReadySeconds", ready)
    errors += not_negative("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"))
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None:
        errors += not_negative("spec.progressDeadlineSeconds", deadline)
        if deadline <= ready:
            errors.append(invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"))
    return errors


def _deployment_strategy(strategy: Obj, path: str) -> Errors:
    kind, rolling = strategy.get("type", ""), strategy.get("rollingUpdate")
    if kind == "Recreate":
        says = "may not be specified when strategy `type` is 'Recreate'"
        return [forbidden(f"{path}.rollingUpdate", says)] if rolling is not None else []
    if kind != "RollingUpdate":
        return [not_supported(path, go_struct("apps.DeploymentStrategy"), ("Recreate", "RollingUpdate"))]
    if rolling is None:
        return [required(f"{path}.rollingUpdate", "this should be defaulted and never be nil")]
    return _rolling_deployment(rolling, f"{path}.rollingUpdate")


def _rolling_deployment(rolling: Obj, path: str) -> Errors:
    unavailable, surge = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    errors = positive_int_or_percent(unavailable, f"{path}.maxUnavailable")
    errors += positive_int_or_percent(surge, f"{path}.maxSurge")
    if _is_zero(unavailable) and _is_zero(surge):
        errors.append(
            invalid(f"{path}.maxUnavailable", int_or_string(unavailable), "may not be 0 when `maxSurge` is 0")
        )
    return errors + not_above_hundred_percent(unavailable, f"{path}.maxUnavailable")


def _selector_kept(new: Obj, old: Obj) -> Errors:
    now, before = _spec(new).get("selector"), _spec(old).get("selector")
    return immutable("spec.selector", now, before, shown=label_selector(now or {}))


def validate_deployment_update(new: Obj, old: Obj) -> Errors:
    if _spec(new) is _spec(old):
        return []
    return validate_deployment(new) + _selector_kept(new, old)


# Replica sets and replication controllers


def validate_replica_set(replica_set: Obj) -> Errors:
    spec = _spec(replica_set)
    errors = not_negative("spec.replicas", spec.get("replicas"))
    errors += not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    return errors + _selector(spec, "deployment") + _template(spec, "ReplicaSet")


def validate_replica_set_update(new: Obj, old: Obj) -> Errors:
    if _spec(new) is _spec(old):
        return []
    return validate_replica_set(new) + _selector_kept(new, old)


def validate_replication_controller(controller: Obj) -> Errors:
    spec = _spec(controller)
    errors = not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    selector = spec.get("selector") or {}
    if not selector:
        errors.append(required("spec.selector"))
    errors += not_negative("spec.replicas", spec.get("replicas"))
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    if selector and "template" in spec and not selectors.from_labels(selector).matches(labels):
        errors.append(invalid("spec.template.metadata.labels", labels, _MISMATCH))
    return errors + _template({"template": spec.get("template")}, "ReplicationController")


# Stateful sets

_STATEFUL_MUTABLE = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)


def validate_stateful_set(stateful_set: Obj) -> Errors:
    spec = _spec(stateful_set)
    errors: Errors = []
    management = spec.get("podManagementPolicy", "")
    if management not in ("OrderedReady", "Parallel"):
        says = "must be 'OrderedReady' or 'Parallel'"
        errors.append(
            invalid("spec.podManagementPolicy", management, says)
            if management
            else required("spec.podManagementPolicy")
        )
    errors += _stateful_strategy(spec.get("updateStrategy") or {}, "spec.updateStrategy")
    errors += _retention(spec.get("persistentVolumeClaimRetentionPolicy") or {})
    errors += not_negative("spec.replicas", spec.get("replicas"))
    errors += not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    errors += not_negative("spec.ordinals.start", (spec.get("ordinals") or {}).get("start"))
    errors += not_negative("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"))
    selector = spec.get("selector")
    if selector is None:
        errors.append(required("spec.selector"))
    else:
        errors += validate_label_selector(selector, "spec.selector")
        if not selector.get("matchLabels") and not selector.get("matchExpressions"):
            errors.append(
                invalid("spec.selector", label_selector(selector), "empty selector is invalid for statefulset")
            )
    return errors + _stateful_template(spec)


def _stateful_template(spec: Obj) -> Errors:
    """Volumes of the claim templates count as volumes of the pod."""
    template = spec.get("template")
    if template is None:
        return _template(spec, "StatefulSet")
    pod = template.get("spec") or {}
    claims = [
        {"name": claim["metadata"]["name"], "emptyDir": {}}
        for claim in spec.get("volumeClaimTemplates") or ()
        if (claim.get("metadata") or {}).get("name")
    ]
    named = [claim["name"] for claim in claims]
    volumes = [volume for volume in pod.get("volumes") or () if volume.get("name") not in named]
    whole = {**template, "spec": {**pod, "volumes": volumes + claims}}
    return _template({**spec, "template": whole}, "StatefulSet")


def _stateful_strategy(strategy: Obj, path: str) -> Errors:
    kind, rolling = strategy.get("type", ""), strategy.get("rollingUpdate")
    if not kind:
        return [required(path)]
    if kind == "OnDelete":
        says = "only allowed for updateStrategy 'RollingUpdate'"
        shown = go_struct("apps.RollingUpdateStatefulSetStrategy")
        return [invalid(f"{path}.rollingUpdate", shown, says)] if rolling is not None else []
    if kind != "RollingUpdate":
        says = "must be 'RollingUpdate' or 'OnDelete'"
        shown = GoText(
            f'apps.StatefulSetUpdateStrategy{{Type:"{kind}", RollingUpdate:(*apps.RollingUpdateStatefulSetStrategy)(nil)}}'
        )
        return [invalid(path, shown, says)]
    return not_negative(f"{path}.rollingUpdate.partition", (rolling or {}).get("partition"))


def _retention(policy: Obj) -> Errors:
    path = "spec.persistentVolumeClaimRetentionPolicy"
    return [
        not_supported(f"{path}.{key}", policy[key], ("Retain", "Delete"))
        for key in ("whenDeleted", "whenScaled")
        if policy.get(key, "Retain") not in ("Retain", "Delete")
    ]


def validate_stateful_set_update(new: Obj, old: Obj) -> Errors:
    if _spec(new) is _spec(old):
        return []
    errors = validate_stateful_set(new)
    now = {k: v for k, v in _spec(new).items() if k not in _STATEFUL_MUTABLE}
    before = {k: v for k, v in _spec(old).items() if k not in _STATEFUL_MUTABLE}
    if now != before:
        listed = "', '".join(_STATEFUL_MUTABLE[:-1])
        says = (
            f"updates to statefulset spec for fields other than '{listed}' and '{_STATEFUL_MUTABLE[-1]}' are forbidden"
        )
        errors.append(forbidden("spec", says))
    return errors


# Daemon sets


def validate_daemon_set(daemon_set: Obj) -> Errors:
    spec = _spec(daemon_set)
    selector, labels = spec.get("selector"), ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    errors = validate_label_selector(selector, "spec.selector") if selector is not None else []
    chosen = _readable(selector)
    if selector is None or (chosen is not None and not chosen.matches(labels)):
        errors.append(invalid("spec.template.metadata.labels", labels, _MISMATCH))
    if selector is not None and not selector.get("matchLabels") and not selector.get("matchExpressions"):
        errors.append(invalid("spec.selector", label_selector(selector), "empty selector is invalid for daemonset"))
    errors += _template({"template": spec.get("template")}, "DaemonSet")
    errors += not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    errors += _daemon_strategy(spec.get("updateStrategy") or {}, "spec.updateStrategy")
    return errors + not_negative("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"))


def _daemon_strategy(strategy: Obj, path: str) -> Errors:
    kind = strategy.get("type", "")
    if kind == "OnDelete":
        return []
    if kind != "RollingUpdate":
        return [not_supported(path, go_struct("apps.DaemonSetUpdateStrategy"), ("RollingUpdate", "OnDelete"))]
    rolling = strategy.get("rollingUpdate")
    if rolling is None:
        return [required(f"{path}.rollingUpdate")]
    unavailable, surge = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    path = f"{path}.rollingUpdate"
    errors = positive_int_or_percent(unavailable, f"{path}.maxUnavailable")
    errors += positive_int_or_percent(surge, f"{path}.maxSurge")
    errors += not_above_hundred_percent(unavailable, f"{path}.maxUnavailable")
    errors += not_above_hundred_percent(surge, f"{path}.maxSurge")
    if _is_zero(unavailable) and _is_zero(surge):
        errors.append(required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0"))
    if not _is_zero(unavailable) and not _is_zero(surge):
        errors.append(
            invalid(f"{path}.maxSurge", int_or_string(surge), "may not be set when maxUnavailable is non-zero")
        )
    return errors


def validate_daemon_set_update(new: Obj, old: Obj) -> Errors:
    if _spec(new) is _spec(old):
        return []
    return validate_daemon_set(new) + _selector_kept(new, old)
