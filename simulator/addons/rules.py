"""Custom controllers that a learner writes as rules: for each object of a kind make these others, and say so in its status.

`docs/rules.md` describes the format (`ControllerRule`). Promises: what is made belongs to the object it was made for; a rule with a finalizer
holds a deleted object until its things are gone; while the controller does not run, nothing happens.
"""

from collections.abc import Iterator
from typing import Any, ClassVar

from simulator.addons.objects import BadObject, complete, owner_reference, with_condition
from simulator.apiserver.errors import StatusError
from simulator.client import About, Controller
from simulator.engine.plain import Obj
from simulator.machinery.jsonpath import JsonPath, JsonPathError
from simulator.machinery.patches import merge_patch

RULES = "controllerrules.rules.drydock.example"
#: Built-in kinds that a rule may make, whose changes are heard.
_MADE = (
    "configmaps",
    "secrets",
    "services",
    "serviceaccounts",
    "persistentvolumeclaims",
    "deployments.apps",
    "statefulsets.apps",
    "daemonsets.apps",
    "jobs.batch",
    "cronjobs.batch",
    "ingresses.networking.k8s.io",
    "networkpolicies.networking.k8s.io",
)


class RuleError(Exception):
    """A template of the rule cannot be filled in, or names a kind that nobody serves."""


class RuleController(Controller):
    name: ClassVar[str] = "rule-controller"
    watches = {RULES: "on_rule", "*": "on_custom", **dict.fromkeys(_MADE, "on_made")}
    writes = ("*",)

    def about(self, key: str) -> About:
        resource, namespace, name = key.split("|")
        return About(resource, namespace, name)

    def on_rule(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None and (old is None or old["spec"] != new["spec"]):
            resource = self._subject_of(new)
            for obj in self.cache.list(resource) if resource else ():
                self.enqueue(_key(resource, obj))

    def on_custom(self, resource: str, old: Obj | None, new: Obj | None) -> None:
        if resource == RULES:
            return
        if new is not None and self._rules_for(resource):
            self.enqueue(_key(resource, new))
        self.on_made(old, new)

    def on_made(self, old: Obj | None, new: Obj | None) -> None:
        """Something that a rule made changed: its owner is looked at again."""
        obj = new if new is not None else old
        assert obj is not None
        for reference in obj["metadata"].get("ownerReferences") or ():
            kind = self.client.kinds.by_kind(reference["apiVersion"], reference["kind"])
            if kind is not None and self._rules_for(kind.name):
                namespace = obj["metadata"].get("namespace", "") if kind.namespaced else ""
                self.enqueue(f"{kind.name}|{namespace}|{reference['name']}")

    def _subject_of(self, rule: Obj) -> str:
        subject = rule["spec"]["for"]
        kind = self.client.kinds.by_kind(subject["apiVersion"], subject["kind"])
        return "" if kind is None else kind.name

    def _rules_for(self, resource: str) -> list[Obj]:
        return [rule for rule in self.cache.list(RULES) if self._subject_of(rule) == resource]

    # One object

    def reconcile(self, key: str) -> None:
        resource, namespace, name = key.split("|")
        for rule in self._rules_for(resource):
            obj = self._find(resource, namespace, name)
            if obj is None:
                return
            try:
                self._follow(rule, resource, obj)
            except RuleError as error:
                self.client.event(obj, "Warning", "RuleFailed", str(error), source=self.name)

    def _find(self, resource: str, namespace: str, name: str) -> Obj | None:
        try:
            return self.client.get(resource, namespace, name)
        except StatusError as error:
            if error.reason != "NotFound":
                raise
            return None

    def _follow(self, rule: Obj, resource: str, obj: Obj) -> None:
        spec, finalizer = rule["spec"], rule["spec"].get("finalizer", "")
        held = obj["metadata"].get("finalizers") or []
        if "deletionTimestamp" in obj["metadata"]:
            if finalizer in held and not self._clean_up(rule, obj):
                self._set_finalizers(resource, obj, [one for one in held if one != finalizer])
            return
        if finalizer and finalizer not in held:
            obj = self._set_finalizers(resource, obj, [*held, finalizer])
        made = [self._make(rule, obj, wanted) for wanted in self._wanted(rule, obj)]
        if spec.get("status") or spec.get("conditions"):
            self._tell(spec, resource, obj, made)

    def _set_finalizers(self, resource: str, obj: Obj, finalizers: list[str]) -> Obj:
        metadata = obj["metadata"]
        patch = {"metadata": {"finalizers": finalizers or None}}
        return self.client.patch(resource, metadata.get("namespace", ""), metadata["name"], patch)

    # Making

    def _wanted(self, rule: Obj, obj: Obj) -> Iterator[Obj]:
        for template in rule["spec"].get("make") or ():
            yield filled(template, obj)

    def _make(self, rule: Obj, obj: Obj, wanted: Obj) -> Obj:
        resource, namespace, name = self._place(wanted, obj)
        metadata = {
            **wanted["metadata"],
            "ownerReferences": [owner_reference(obj)],
            **({"namespace": namespace} if namespace else {}),
        }
        wanted = {**wanted, "metadata": metadata}
        found = self._find(resource, namespace, name)
        if found is None:
            made = self.client.create(resource, self._whole(resource, wanted))
            says = f"Created {wanted['kind']} {name}"
            self.client.event(obj, "Normal", "Created", says, source=rule["metadata"]["name"])
            return made
        if _holds(wanted, found):
            return found
        return self.client.update(resource, self._whole(resource, merge_patch(found, wanted)))

    def _whole(self, resource: str, obj: Obj) -> Obj:
        try:
            return complete(self.client.kinds, resource, obj)
        except BadObject as error:
            raise RuleError(str(error)) from error

    def _place(self, wanted: Obj, obj: Obj) -> tuple[str, str, str]:
        kind = self.client.kinds.by_kind(str(wanted.get("apiVersion", "")), str(wanted.get("kind", "")))
        name = (wanted.get("metadata") or {}).get("name")
        if kind is None:
            raise RuleError(f"no matches for kind {wanted.get('kind')!r} in version {wanted.get('apiVersion')!r}")
        if not isinstance(name, str) or not name:
            raise RuleError(f"the template of a {kind.kind} gives it no name")
        namespace = wanted["metadata"].get("namespace") or obj["metadata"].get("namespace") or "default"
        return kind.name, namespace if kind.namespaced else "", name

    def _clean_up(self, rule: Obj, obj: Obj) -> bool:
        """Deletes what was made; whether anything of it is still there."""
        left = False
        for wanted in self._wanted(rule, obj):
            resource, namespace, name = self._place(wanted, obj)
            found = self._find(resource, namespace, name)
            if found is None:
                continue
            left = True
            if "deletionTimestamp" not in found["metadata"]:
                self.client.delete(resource, namespace, name, uid=found["metadata"]["uid"])
                left = self._find(resource, namespace, name) is not None
        return left

    # Telling

    def _tell(self, spec: Obj, resource: str, obj: Obj, made: list[Obj]) -> None:
        around = {**obj, "made": made}
        status = {**(obj.get("status") or {}), **filled(spec.get("status") or {}, around)}
        conditions = list(status.get("conditions") or ())
        for wanted in spec.get("conditions") or ():
            generation = {"observedGeneration": obj["metadata"].get("generation", 1)}
            wanted = {"status": "True", "reason": "Reconciled", "message": "", **filled(wanted, around), **generation}
            conditions = with_condition(conditions, wanted, self.engine.timestamp())
        if conditions:
            status["conditions"] = conditions
        if status != (obj.get("status") or {}):
            self.client.update_status(resource, {**obj, "status": status})


def filled(template: Any, obj: Obj) -> Any:
    """The template with its JSONPath expressions replaced; a text that is one expression keeps the type of what it finds."""
    if isinstance(template, dict):
        return {key: filled(value, obj) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, obj) for value in template]
    if not isinstance(template, str) or "{" not in template:
        return template
    try:
        path = JsonPath(template)
        if template.startswith("{") and template.find("}") == len(template) - 1:
            found = path.values(obj)
            return found[0] if found else None
        return path.text(obj)
    except JsonPathError as error:
        raise RuleError(f"{template}: {error}") from error


def _holds(wanted: Any, found: Any) -> bool:
    """Whether everything that is wanted is there; what else is there does not matter."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(_holds(value, found.get(key)) for key, value in wanted.items())
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(wanted) == len(found)
            and all(_holds(one, other) for one, other in zip(wanted, found, strict=True))
        )
    return bool(wanted == found)


def _key(resource: str, obj: Obj) -> str:
    metadata = obj["metadata"]
    return f"{resource}|{metadata.get('namespace', '')}|{metadata['name']}"
