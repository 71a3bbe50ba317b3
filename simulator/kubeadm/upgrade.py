"""`kubeadm upgrade plan|apply|node`: the control plane's manifests get other images, kube-proxy follows, kubelets wait for their own package.

`cmd/kubeadm/app/cmd/upgrade/`, `phases/upgrade/policy.go`, `staticpods.go`; https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/kubeadm-upgrade/. Upgrades stay within v1.33, whose
behaviour this is. Left out: other configurations, `diff`, `--etcd-upgrade`.
"""

from __future__ import annotations

import re

from simulator.apiserver.errors import ApiUnavailable
from simulator.kubeadm.arguments import Arguments
from simulator.kubeadm.certificates import renew_all
from simulator.kubeadm.machines import VERSIONS, KubeadmError, Machines
from simulator.kubeadm.tokens import WHO
from simulator.kubectl.aligned import align
from simulator.kubectl.small_command import Outcome
from simulator.manifests import ETCD_VERSION, manifests

_PARTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")
_COREDNS = "v1.12.0"
_CONFIG = """[upgrade/config] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...
[upgrade/config] Use 'kubeadm init phase upload-config --config your-config-file' to re-upload it.
"""
_TITLE = "The table below shows the current state of component configs as understood by this version of kubeadm.\n"
_CONFIGS = """Configs that have a "yes" mark in the "MANUAL UPGRADE REQUIRED" column require manual config upgrade or
resetting to kubeadm defaults before a successful upgrade can be performed. The version to manually
upgrade to is denoted in the "PREFERRED VERSION" column.
"""
_RULE = "_____________________________________________________________________\n"


def upgrade(machines: Machines, machine: str, arguments: Arguments) -> Outcome:
    """Raises KubeadmError."""
    try:
        machines.parts.registry.availability.reach()
    except ApiUnavailable as error:
        why = str(error) or f"dial tcp {machines.endpoints[1]}: connect: connection refused"
        where = f'Get "https://{machines.endpoint}/api/v1/namespaces/kube-system/configmaps/kubeadm-config?timeout=10s"'
        raise KubeadmError(f"[upgrade/init config] FATAL: failed to get node registration: {where}: {why}") from error
    match arguments.words:
        case ["plan", *given]:
            return _plan(machines, machine, given[0] if given else VERSIONS[-1])
        case ["apply", version]:
            return _apply(machines, machine, version, arguments)
        case ["apply"]:
            raise KubeadmError("missing one or more required arguments. Required arguments: [version]")
        case ["node"]:
            return _node(machines, machine)
    raise KubeadmError("missing subcommand; wanted plan, apply VERSION or node")


# The versions


def _number(version: str) -> tuple[int, ...]:
    found = _VERSION.fullmatch(version)
    if found is None:
        raise KubeadmError(f'couldn\'t parse kubernetes version "{version}"')
    return tuple(int(part) for part in found.groups())


def _refuse_skew(machines: Machines, machine: str, version: str, *, force: bool) -> None:
    """`EnforceVersionPolicies`, in its words."""
    wanted = _number(version)
    cluster, own = _number(machines.parts.registry.version), _number(machines.package(machine, "kubeadm"))
    mandatory, skippable = [], []
    if wanted[1] > cluster[1] + 1:
        says = "is too high; kubeadm can upgrade only 1 minor version at a time"
        mandatory.append(f'Specified version to upgrade to "{version}" {says}')
    if wanted[1] < cluster[1] - 1:
        says = "is too low; kubeadm can downgrade only 1 minor version at a time"
        mandatory.append(f'Specified version to downgrade to "{version}" {says}')
    if own < wanted:
        if wanted[1] > own[1]:
            says = (
                f"is at least one minor release higher than the kubeadm minor release ({wanted[1]} > {own[1]}). "
                "Such an upgrade is not supported"
            )
            mandatory.append(f'Specified version to upgrade to "{version}" {says}')
        else:
            package = machines.package(machine, "kubeadm")
            says = f'is higher than the kubeadm version "{package}". Upgrade kubeadm first using the tool you used to install kubeadm'
            skippable.append(f'Specified version to upgrade to "{version}" {says}')
    if own[1] > wanted[1]:
        package = machines.package(machine, "kubeadm")
        skippable.append(f"Kubeadm version {package} can only be used to upgrade to Kubernetes version 1.{own[1]}")
    if mandatory:
        _fatal("the --version argument is invalid due to these fatal errors:", mandatory)
    if skippable and not force:
        _fatal("the --version argument is invalid due to these errors:", skippable, can_be_forced=True)
    if version not in VERSIONS:
        raise KubeadmError(
            f"{version}: found a version that is not published here, wanted one of {', '.join(VERSIONS)}"
        )


def _fatal(head: str, errors: list[str], *, can_be_forced: bool = False) -> None:
    lines = "\n".join(f"\t- {one}" for one in errors)
    tail = (
        "\nCan be bypassed if you pass the --force flag"
        if can_be_forced
        else "\nPlease fix the misalignments highlighted above and try upgrading again"
    )
    raise KubeadmError(f"[upgrade/version] FATAL: {head}\n\n{lines}{tail}")


# The plan


def _plan(machines: Machines, machine: str, target: str) -> Outcome:
    current, own = machines.parts.registry.version, machines.package(machine, "kubeadm")
    said = (
        "[preflight] Running pre-flight checks.\n" + _CONFIG + "[upgrade] Running cluster health checks\n"
        "[upgrade] Fetching available versions to upgrade to\n"
        f"[upgrade/versions] Cluster version: {current.removeprefix('v')}\n"
        f"[upgrade/versions] kubeadm version: {own}\n"
        f"[upgrade/versions] Target version: {target}\n"
        f"[upgrade/versions] Latest version in the v1.33 series: {target}\n\n"
    )
    if _number(current) >= _number(target):
        return Outcome(said + _component_configs())
    kubelets = sorted(machines.parts.registry.list(WHO, "nodes"), key=lambda one: str(one["metadata"]["name"]))
    rows = ["COMPONENT\tNODE\tCURRENT\tTARGET"]
    for node in kubelets:
        version = node["status"]["nodeInfo"]["kubeletVersion"]
        if version != target:
            rows.append(f"kubelet\t{node['metadata']['name']}\t{version}\t{target}")
    if len(rows) > 1:
        head = "Components that must be upgraded manually after you have upgraded the control plane with 'kubeadm upgrade apply':\n"
        said += head + _table(rows)
    planes = [node.name for node in machines.parts.config.control_planes]
    rows = ["COMPONENT\tNODE\tCURRENT\tTARGET"]
    rows += [f"{part}\t{plane}\t{current}\t{target}" for part in _PARTS for plane in planes]
    rows += [f"kube-proxy\t\t{current.removeprefix('v')}\t{target}", f"CoreDNS\t\t{_COREDNS}\t{_COREDNS}"]
    rows += [f"etcd\t{plane}\t{ETCD_VERSION}\t{ETCD_VERSION}" for plane in planes]
    said += f"Upgrade to the latest version in the v1.33 series:\n\n{_table(rows)}"
    said += f"You can now apply the upgrade by executing the following command:\n\n\tkubeadm upgrade apply {target}\n\n"
    if own != target:
        said += f"Note: Before you can perform this upgrade, you have to update kubeadm to {target}.\n\n"
    return Outcome(f"{said}{_RULE}\n\n{_component_configs()}")


def _table(rows: list[str]) -> str:
    return align("\n".join(rows), min_width=10, padding=3) + "\n\n"


def _component_configs() -> str:
    rows = [
        "API GROUP\tCURRENT VERSION\tPREFERRED VERSION\tMANUAL UPGRADE REQUIRED",
        "kubeproxy.config.k8s.io\tv1alpha1\tv1alpha1\tno",
        "kubelet.config.k8s.io\tv1beta1\tv1beta1\tno",
    ]
    return f"{_TITLE}{_CONFIGS}\n{align(chr(10).join(rows), min_width=10, padding=3)}\n{_RULE}\n"


# The deed


def _apply(machines: Machines, machine: str, version: str, arguments: Arguments) -> Outcome:
    version = f"v{version}" if version[:1].isdigit() else version
    if not machines.is_control_plane(machine):
        raise KubeadmError(
            f"{machine}: found a worker, wanted a machine of the control plane; a worker takes `kubeadm upgrade node`"
        )
    _refuse_skew(machines, machine, version, force=arguments.has("force"))
    said = (
        f"{_CONFIG}[upgrade/preflight] Running preflight checks\n[upgrade] Running cluster health checks\n"
        f'[upgrade/preflight] You have chosen to upgrade the cluster version to "{version}"\n'
        f"[upgrade/versions] Cluster version: {machines.parts.registry.version}\n"
        f"[upgrade/versions] kubeadm version: {machines.package(machine, 'kubeadm')}\n"
    )
    said += _control_plane(machines, machine, version)
    _proxy(machines, version)
    return Outcome(
        f"{said}[addons] Applied essential addon: CoreDNS\n[addons] Applied essential addon: kube-proxy\n\n"
        f'[upgrade] SUCCESS! A control plane node of your cluster was upgraded to "{version}".\n\n'
        "[upgrade] Now please proceed with upgrading the rest of the nodes by following the right order.\n"
    )


def _control_plane(machines: Machines, machine: str, version: str) -> str:
    """The manifests of one machine, with the flags that somebody may have given them."""
    said = f'[upgrade/control-plane] Upgrading your static Pod-hosted control plane to version "{version}" (timeout: 5m0s)...\n'
    parts = machines.parts
    index = next(index for index, node in enumerate(parts.config.nodes) if node.name == machine)
    for path, manifest in manifests(parts.config, index).items():
        component = manifest["metadata"]["name"]
        if component not in _PARTS:
            continue
        text = parts.files.read(machine, path)
        if text is None:
            continue
        image = f"registry.k8s.io/{component}:"
        parts.files.write(machine, path, re.sub(rf"{re.escape(image)}v[0-9.]+", f"{image}{version}", text))
        said += f'[upgrade/staticpods] Component "{component}" upgraded successfully!\n'
    renew_all(machines)
    return (
        f"{said}[upgrade/control-plane] The control plane instance for this node was successfully upgraded!\n"
        "[upgrade/kubelet-config] The kubelet configuration for this node was successfully upgraded!\n"
    )


def _proxy(machines: Machines, version: str) -> None:
    registry = machines.parts.registry
    proxy = registry.find(WHO, "daemonsets.apps", "kube-system", "kube-proxy")
    if proxy is None:
        return
    template = proxy["spec"]["template"]
    containers = [
        {**one, "image": f"registry.k8s.io/kube-proxy:{version}"} if one["name"] == "kube-proxy" else one
        for one in template["spec"]["containers"]
    ]
    fresh = {**template, "spec": {**template["spec"], "containers": containers}}
    registry.update(WHO, "daemonsets.apps", {**proxy, "spec": {**proxy["spec"], "template": fresh}})


def _node(machines: Machines, machine: str) -> Outcome:
    said = (
        '[upgrade] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...\n'
        "[upgrade] Use 'kubeadm init phase upload-config --config your-config-file' to re-upload it.\n"
        "[upgrade/preflight] Running pre-flight checks\n"
    )
    if not machines.is_node(machine):
        raise KubeadmError(
            'couldn\'t create a Kubernetes client from file "/etc/kubernetes/kubelet.conf": failed to load admin kubeconfig: '
            "open /etc/kubernetes/kubelet.conf: no such file or directory"
        )
    if machines.is_control_plane(machine):
        return Outcome(said + _control_plane(machines, machine, machines.parts.registry.version))
    return Outcome(
        f"{said}[upgrade/control-plane] Skipping phase. Not a control plane node.\n"
        "[upgrade/kubelet-config] The kubelet configuration for this node was successfully upgraded!\n"
    )
