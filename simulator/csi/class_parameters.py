"""What the provisioner itself reads in a StorageClass' parameters; the rest is the driver's.

Follows kubernetes-csi/external-provisioner, `pkg/controller/controller.go`: prepareProvision, removePrefixedParameters.
"""

from collections.abc import Mapping

from simulator.csi.backend import Refused

_PREFIX = "csi.storage.k8s.io/"
_FS_TYPE = f"{_PREFIX}fstype"
_SECRETS = ("provisioner", "controller-publish", "node-stage", "node-publish", "controller-expand", "node-expand")
_KNOWN = {
    _FS_TYPE,
    f"{_PREFIX}secret-name",
    f"{_PREFIX}secret-namespace",
    *(f"{_PREFIX}{secret}-secret-{part}" for secret in _SECRETS for part in ("name", "namespace")),
}


def check_parameters(parameters: Mapping[str, str]) -> None:
    """Raises Refused."""
    if sum(key.lower() == "fstype" or key == _FS_TYPE for key in parameters) > 1:
        raise Refused(f'fstype specified in parameters with both "fstype" and "{_FS_TYPE}" keys')
    for key in sorted(parameters):
        if key.startswith(_PREFIX) and key not in _KNOWN:
            why = f'found unknown parameter key "{key}" with reserved namespace {_PREFIX}'
            raise Refused(f"failed to strip CSI Parameters of prefixed keys: {why}")
