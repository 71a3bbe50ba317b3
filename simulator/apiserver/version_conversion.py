"""Between the versions of a kind: an object is stored under one of them and served under every other.

Custom kinds say how (`spec.conversion`): `None` changes nothing but `apiVersion`, `Webhook` asks a service with a ConversionReview
(https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#webhook-conversion; `apiextensions-apiserver/pkg/apiserver/conversion/webhook_converter.go`, 1.33, whose
texts these are). Of the built-in kinds HorizontalPodAutoscaler has two versions (`autoscalers.py`). An object is stored again under the storage version
with its next write.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from simulator.apiserver import autoscalers
from simulator.apiserver.admission.webhooks import CallFailed, service_url
from simulator.apiserver.errors import StatusError
from simulator.engine import Engine
from simulator.engine.plain import Obj
from simulator.machinery.custom.definitions import Definition
from simulator.machinery.custom.structural import BadMetadata, defaulted, pruned
from simulator.machinery.kinds import Kinds
from simulator.machinery.resources import Resource

_TIMEOUT_S = 30


class ConversionCalls(Protocol):
    """The API server's connections to conversion webhooks."""

    def convert(self, client: Obj, timeout_s: int, request: Obj) -> Obj:
        """The `response` to a ConversionReview. Raises CallFailed."""


class Converter:
    """Holds no state of its own but the connection."""

    def __init__(self, engine: Engine, kinds: Kinds) -> None:
        self.calls: ConversionCalls | None = None
        self._engine = engine
        self._kinds = kinds

    def served(self, obj: Obj, resource: Resource) -> Obj:
        """A stored object under the version that was asked for. Raises StatusError."""
        is_plain = obj["apiVersion"] == resource.api_version and self._kinds.definition(resource.name) is None
        return obj if is_plain else self.all_served([obj], resource)[0]

    def all_served(self, objects: Sequence[Obj], resource: Resource) -> list[Obj]:
        definition = self._kinds.definition(resource.name)
        if definition is not None:
            read = [completed(one, definition) for one in objects]
            return self.converted(read, definition, resource.api_version)
        if resource.name == autoscalers.RESOURCE:
            return [autoscalers.served(one, resource.api_version) for one in objects]
        return [_renamed(one, resource.api_version) for one in objects]

    def converted(self, objects: Sequence[Obj], definition: Definition, version: str) -> list[Obj]:
        """Custom objects under another version, in one call for all that need it. Raises StatusError."""
        if definition.webhook is None:
            return [_renamed(one, version) for one in objects]
        others = [one for one in objects if one["apiVersion"] != version]
        answers = iter(self._called(definition, definition.webhook, others, version) if others else ())
        return [one if one["apiVersion"] == version else next(answers) for one in objects]

    def stored(self, obj: Obj, definition: Definition) -> Obj:
        """A custom object as it is kept; another version may have brought no value where this one has a default. Raises StatusError."""
        kept = self.converted([obj], definition, definition.storage_version)[0]
        return kept if kept is obj else defaulted(kept, definition.version(definition.storage).schema)

    def _called(self, definition: Definition, webhook: Obj, objects: list[Obj], version: str) -> list[Obj]:
        about = f"{objects[0]['apiVersion']}, Kind={definition.kind}"
        client = webhook.get("clientConfig") or {}
        uid = f"{self._engine.rng('admission').bits64():016x}"
        request = {"uid": uid, "desiredAPIVersion": version, "objects": objects}
        url = f"{service_url(client)}?timeout={_TIMEOUT_S}s"
        if self.calls is None:
            raise _failed(f'conversion webhook for {about} failed: Post "{url}": no route to the cluster\'s network')
        try:
            answer = self.calls.convert(client, _TIMEOUT_S, request)
        except CallFailed as error:
            raise _failed(f'conversion webhook for {about} failed: Post "{url}": {error}') from error
        result = answer.get("result") or {}
        if result.get("status") != "Success":
            why = result.get("message") or f"response.result.status was '{result.get('status', '')}', not 'Success'"
            raise _failed(f"conversion webhook for {about} failed: {why}")
        found = answer.get("convertedObjects") or []
        if len(found) != len(objects):
            raise _failed(f"conversion webhook for {about} returned {len(found)} objects, expected {len(objects)}")
        return [_checked(before, after, version, about) for before, after in zip(objects, found, strict=True)]


def completed(obj: Obj, definition: Definition) -> Obj:
    """A stored custom object with the defaults that its definition has got since, and without the fields that it has lost
    (`customresource_handler.go`: unstructuredDefaulter, schemaCoercingDecoder)."""
    if int(obj["metadata"].get("resourceVersion") or 0) > definition.revision:
        return obj
    name = obj["apiVersion"].rpartition("/")[2]
    schema = next((version.schema for version in definition.versions if version.name == name), None)
    if schema is None:
        return obj
    try:
        return defaulted(pruned(obj, schema)[0], schema)
    except BadMetadata:
        return obj


def _renamed(obj: Obj, version: str) -> Obj:
    return obj if obj["apiVersion"] == version else {**obj, "apiVersion": version}


def _failed(says: str) -> StatusError:
    return StatusError(500, "", says)


def _checked(before: Obj, after: Any, version: str, about: str) -> Obj:
    """`validateConvertedObject`, `restoreObjectMeta`: of the metadata only labels and annotations may change."""
    if after.get("apiVersion") != version:
        why = f"invalid groupVersion (expected {version}, received {after.get('apiVersion', '')})"
        raise _failed(f"conversion webhook for {about} returned invalid object at index 0: {why}")
    given, kept = after.get("metadata"), before["metadata"]
    if given is None:
        raise _failed(f"conversion webhook for {about} returned invalid metadata: missing metadata in converted object")
    for field, name in (("name", "name"), ("namespace", "namespace"), ("uid", "UID")):
        if kept.get(field, "") != given.get(field, ""):
            why = f"must have the same {name}: {kept.get(field, '')} != {given.get(field, '')}"
            raise _failed(f"conversion webhook for {about} returned invalid object: {why}")
    metadata = {key: value for key, value in kept.items() if key not in ("labels", "annotations")}
    metadata |= {key: given[key] for key in ("labels", "annotations") if given.get(key)}
    return {**after, "metadata": metadata}
