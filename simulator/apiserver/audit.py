"""The audit log: one line of JSON for each stage of each request that the policy wants to keep.

https://kubernetes.io/docs/tasks/debug/debug-cluster/audit/. Without a policy nothing is kept and nothing costs anything. The newest thousand lines stay. What components
write is logged under the identity of their credentials; what they only read reaches them through watches and is not.
"""

from collections import deque
from hashlib import blake2b
from typing import Any
from urllib.parse import urlencode

import msgspec

from simulator.apiserver.admission.identities import user_of
from simulator.apiserver.admission.webhooks import PATCH_NOTE
from simulator.apiserver.audit_policy import METADATA, NONE, REQUEST, REQUEST_RESPONSE, Policy, Verdict, read_policy
from simulator.apiserver.authorization.attributes import Attributes
from simulator.apiserver.request import Request, Response, User
from simulator.engine import Engine, Plain
from simulator.engine.plain import Obj
from simulator.machinery.kinds import Kinds
from simulator.machinery.store import Key

MAX_LINES = 1_000
_RECEIVED, _COMPLETE = "RequestReceived", "ResponseComplete"
_HOST = "172.18.0.1"
_VERBS = {"bind": "create", "scale": "update"}


class Audit:
    name = "audit"

    def __init__(self, engine: Engine, kinds: Kinds) -> None:
        self.text = ""
        """The policy in force; empty: none."""
        self._engine = engine
        self._kinds = kinds
        self._policy: Policy | None = None
        self.is_on = False
        """Whether anything is written down; follows the policy."""
        self._lines: deque[str] = deque(maxlen=MAX_LINES)
        self._count = 0
        engine.register(self)

    @property
    def version(self) -> int:
        """Grows with every line."""
        return self._count

    def configure(self, text: str) -> None:
        """Takes a policy into force. Raises AuditPolicyError and keeps the old one."""
        self._policy = read_policy(text) if text.strip() else None
        self.is_on = self._policy is not None
        self.text = text

    def log(self) -> str:
        return "".join(f"{line}\n" for line in self._lines)

    # What is written down

    def request(
        self, request: Request, caller: User, asked: Attributes, response: Response, notes: dict[str, str]
    ) -> str:
        """A person's request and its answer; returns its audit id, or nothing when it is not kept.

        `caller` is who knocked, `request.user` whom they act for.
        """
        verdict = self._verdict(request.user, asked)
        if verdict.level == NONE:
            return ""
        event = self._event(verdict, request.user, asked, _uri(request), request.headers.get("user-agent", ""))
        if caller.name != request.user.name:
            event["user"] = _user(caller)
            event["impersonatedUser"] = _user(request.user)
        self._add(event, _RECEIVED, verdict, {})
        _name_object(event, request.body)
        body = response.body if isinstance(response.body, dict) else None
        extra: Obj = {"responseStatus": _status(response)}
        if verdict.wants(REQUEST) and isinstance(request.body, dict | list):
            extra["requestObject"] = _without_managed(request.body) if verdict.without_managed_fields else request.body
        if verdict.wants(REQUEST_RESPONSE) and body is not None:
            extra["responseObject"] = _without_managed(body) if verdict.without_managed_fields else body
        if not verdict.wants(REQUEST):
            notes = {key: text for key, text in notes.items() if not key.startswith(PATCH_NOTE)}
        self._add(event, _COMPLETE, verdict, extra, notes)
        return str(event["auditID"])

    def component(self, who: str, verb: str, resource: str, key: Key, obj: Obj) -> None:
        """A component's write."""
        kind = self._kinds.by_name(resource)
        if kind is None or self._policy is None:
            return
        user = user_of(who)
        verb, subresource = _VERBS.get(verb, verb), "binding" if verb == "bind" else ""
        asked = Attributes(verb, kind.plural, kind.group, subresource, namespace=key[0], name=key[1])
        verdict = self._verdict(user, asked)
        if verdict.level == NONE:
            return
        root = f"/apis/{kind.api_version}" if kind.group else f"/api/{kind.version}"
        within = f"/namespaces/{key[0]}" if key[0] else ""
        name = "" if verb == "create" and not subresource else f"/{key[1]}"
        event = self._event(verdict, user, asked, f"{root}{within}/{kind.plural}{name}", who.partition("/")[0])
        extra: Obj = {"responseStatus": {"metadata": {}, "code": 201 if verb == "create" else 200}}
        if verdict.wants(REQUEST_RESPONSE):
            extra["responseObject"] = obj
        self._add(event, _COMPLETE, verdict, extra)

    # Inside

    def _verdict(self, user: User, asked: Attributes) -> Verdict:
        return Verdict(NONE) if self._policy is None else self._policy.verdict(user, asked)

    def _event(self, verdict: Verdict, user: User, asked: Attributes, uri: str, agent: str) -> Obj:
        event: Obj = {
            "kind": "Event",
            "apiVersion": "audit.k8s.io/v1",
            "level": verdict.level,
            "auditID": self._id(),
            "stage": "",
            "requestURI": uri,
            "verb": asked.verb,
            "user": _user(user),
            "sourceIPs": [_HOST],
            "userAgent": agent[:1_024],
        }
        if asked.resource:
            event["objectRef"] = _reference(asked, self._kinds)
        return event

    def _add(self, event: Obj, stage: str, verdict: Verdict, extra: Obj, notes: dict[str, str] | None = None) -> None:
        if stage in verdict.omitted or not verdict.wants(METADATA):
            return
        now = self._engine.micro_timestamp(self._engine.now)
        whole = {**event, "stage": stage, **extra, "requestReceivedTimestamp": now, "stageTimestamp": now}
        if stage == _COMPLETE:
            whole["annotations"] = {
                "authorization.k8s.io/decision": "allow",
                "authorization.k8s.io/reason": "",
                **(notes or {}),
            }
        self._lines.append(msgspec.json.encode(whole).decode())
        self._count += 1

    def _id(self) -> str:
        digits = blake2b(f"{self._engine.seed}/audit/{self._count}".encode(), digest_size=16).hexdigest()
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"

    # State

    def dump(self) -> Plain:
        return {"text": self.text, "lines": list(self._lines), "count": self._count}

    def load(self, state: Plain) -> None:
        self.configure(state["text"])
        self._lines = deque(state["lines"], maxlen=MAX_LINES)
        self._count = state["count"]


def _name_object(event: Obj, body: Any) -> None:
    """What is created is named by the object that was sent (`audit/request.go: LogRequestObject`)."""
    reference, metadata = event.get("objectRef"), body.get("metadata") if isinstance(body, dict) else None
    if reference and not reference.get("name") and isinstance(metadata, dict) and metadata.get("name"):
        event["objectRef"] = {**reference, "name": metadata["name"]}


def _user(user: User) -> Obj:
    return {**user.info(), "groups": list(user.groups)}


def _uri(request: Request) -> str:
    return f"{request.path}?{urlencode(sorted(request.query.items()))}" if request.query else request.path


def _reference(asked: Attributes, kinds: Kinds) -> Obj:
    found: Obj = {"resource": asked.resource}
    if asked.namespace:
        found["namespace"] = asked.namespace
    if asked.name:
        found["name"] = asked.name
    if asked.group:
        found["apiGroup"] = asked.group
    kind = kinds.by_name(f"{asked.resource}.{asked.group}" if asked.group else asked.resource)
    if kind is not None:
        found["apiVersion"] = kind.version
    if asked.subresource:
        found["subresource"] = asked.subresource
    return found


def _status(response: Response) -> Obj:
    body = response.body
    if response.ok or not isinstance(body, dict):
        return {"metadata": {}, "code": response.status}
    kept = ("status", "message", "reason", "details")
    return {"metadata": {}, **{key: body[key] for key in kept if key in body}, "code": response.status}


def _without_managed(value: Any) -> Any:
    if isinstance(value, dict) and isinstance(value.get("items"), list):
        return {**value, "items": [_without_managed(item) for item in value["items"]]}
    if not isinstance(value, dict) or "managedFields" not in (value.get("metadata") or {}):
        return value
    return {**value, "metadata": {k: v for k, v in value["metadata"].items() if k != "managedFields"}}
