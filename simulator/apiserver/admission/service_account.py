"""ServiceAccount: every pod runs as an account that exists, with its pull secrets and, unless it says no, its token.

`plugin/pkg/admission/serviceaccount/admission.go` (1.33). Upstream waits a second or two for the account `default` of a new
namespace; here its absence is never held against a pod, because the controller is about to create it.
"""

from simulator.apiserver import errors
from simulator.engine.plain import Obj
from simulator.machinery.store import Store

DEFAULT = "default"


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
