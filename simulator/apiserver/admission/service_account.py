"""ServiceAccount: every pod runs as an account that exists, with its pull secrets and, unless it says no, its token.

`plugin/pkg/admission/serviceaccount/admission.go` (1.33). Upstream waits a second or two for the account `default` of a new
namespace; here its absence is never held against a pod, because the controller is about to create it.
"""

from simulator.apiserver import errors
from simulator.apiserver.authorization.node import secret_names
from simulator.engine.plain import Obj
from simulator.machinery.store import Store

DEFAULT = "default"
_ENFORCE = "kubernetes.io/enforce-mountable-secrets"
#: `strconv.ParseBool`.
_TRUE = frozenset({"1", "t", "T", "true", "True", "TRUE"})


def name_in(spec: Obj) -> str:
    return str(spec.get("serviceAccountName") or spec.get("serviceAccount") or DEFAULT)


def find(store: Store, pod: Obj) -> Obj | None:
    """The account of the pod; None while `default` is still to come. Raises StatusError Forbidden."""
    metadata, name = pod["metadata"], name_in(pod["spec"])
    namespace = metadata.get("namespace", "")
    account = store.get("serviceaccounts", (namespace, name))
    if account is None and name != DEFAULT:
        # Upstream looks before the name is generated, so the refusal shows the prefix.
        shown = metadata.get("generateName") or metadata["name"]
        says = f'error looking up service account {namespace}/{name}: serviceaccount "{name}" not found'
        raise errors.forbidden("", "pods", shown, says)
    return account


def mounts_token(spec: Obj, account: Obj) -> bool:
    """The pod's own word counts first, then the account's."""
    for source in (spec, account):
        if source.get("automountServiceAccountToken") is not None:
            return bool(source["automountServiceAccountToken"])
    return True


def refuse_unlisted_secrets(spec: Obj, account: Obj, pod_name: str) -> None:
    """Raises StatusError Forbidden when an account that says so is used with a Secret that it does not list."""
    metadata = account.get("metadata") or {}
    if (metadata.get("annotations") or {}).get(_ENFORCE) not in _TRUE:
        return
    if says := _unlisted(
        spec, account, f"is not allowed because service account {metadata['name']} does not reference that"
    ):
        raise errors.forbidden("", "pods", pod_name, says)


def _unlisted(spec: Obj, account: Obj, why: str) -> str:
    listed = {one.get("name") for one in account.get("secrets") or ()}
    for volume in spec.get("volumes") or ():
        name = (volume.get("secret") or {}).get("secretName")
        if "secret" in volume and name not in listed:
            return f'volume with secret.secretName="{name}" {why} secret'
    for part, word in (("initContainers", "init container"), ("containers", "container")):
        for container in spec.get(part) or ():
            for one in container.get("env") or ():
                reference = (one.get("valueFrom") or {}).get("secretKeyRef")
                if reference is not None and reference.get("name") not in listed:
                    where = f"{word} {container['name']} with envVar {one['name']}"
                    return f'{where} referencing secret.secretName="{reference.get("name")}" {why} secret'
    pulls = {one.get("name") for one in account.get("imagePullSecrets") or ()}
    for index, one in enumerate(spec.get("imagePullSecrets") or ()):
        if one.get("name") not in pulls:
            return f'imagePullSecrets[{index}].name="{one.get("name")}" {why} imagePullSecret'
    return ""


def refuse_mirror(pod: Obj) -> None:
    """Raises StatusError Forbidden: the mirror of a static pod may stand for no account and nothing secret."""
    spec, says = pod["spec"], ""
    if spec.get("serviceAccountName"):
        says = "a mirror pod may not reference service accounts"
    elif any(secret_names(pod)):
        says = "a mirror pod may not reference secrets"
    elif any(
        "serviceAccountToken" in source
        for volume in spec.get("volumes") or ()
        for source in (volume.get("projected") or {}).get("sources") or ()
    ):
        says = "a mirror pod may not use ServiceAccountToken volume projections"
    if says:
        raise errors.forbidden("", "pods", pod["metadata"]["name"], says)


def warnings(account: Obj, old: Obj | None) -> list[str]:
    """`pkg/registry/core/serviceaccount/strategy.go: WarningsOnCreate`."""
    before = ((old or {}).get("metadata") or {}).get("annotations") or {}
    if _ENFORCE not in (account["metadata"].get("annotations") or {}) or _ENFORCE in before:
        return []
    return [
        f"metadata.annotations[{_ENFORCE}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets"
    ]
