"""The Pod Security Standards: which settings of a pod the levels baseline and restricted forbid, in upstream's words.

https://kubernetes.io/docs/concepts/security/pod-security-standards/; one function a file of `pod-security-admission/policy/check_*.go`
(1.33). Each returns `(reason, detail)` or None.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from simulator.engine.plain import Obj

Finding = tuple[str, str] | None
#: The minor version of this server: what `latest` means.
LATEST = 33

_DEFAULT_CAPABILITIES = (
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
)
#: Sysctl → the minor version since which it is safe.
_SAFE_SYSCTLS = {
    "kernel.shm_rmid_forced": 0,
    "net.ipv4.ip_local_port_range": 0,
    "net.ipv4.tcp_syncookies": 0,
    "net.ipv4.ping_group_range": 0,
    "net.ipv4.ip_unprivileged_port_start": 0,
    "net.ipv4.ip_local_reserved_ports": 27,
    "net.ipv4.tcp_keepalive_time": 29,
    "net.ipv4.tcp_fin_timeout": 29,
    "net.ipv4.tcp_keepalive_intvl": 29,
    "net.ipv4.tcp_keepalive_probes": 29,
    "net.ipv4.tcp_rmem": 32,
    "net.ipv4.tcp_wmem": 32,
}
_SELINUX_TYPES = {"": 0, "container_t": 0, "container_init_t": 0, "container_kvm_t": 0, "container_engine_t": 31}
_APP_ARMOR_NOTE = "container.apparmor.security.beta.kubernetes.io/"
_SECCOMP_NOTE, _SECCOMP_CONTAINER_NOTE = (
    "seccomp.security.alpha.kubernetes.io/pod",
    "container.seccomp.security.alpha.kubernetes.io/",
)
_OPEN_VOLUMES = (
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
)
#: In the order in which a volume of several kinds would be named; others are "unknown".
_SHUT_VOLUMES = (
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "nfs",
    "iscsi",
    "glusterfs",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "fc",
    "azureFile",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "storageos",
)
_GOOD_PROFILES = ("RuntimeDefault", "Localhost")


@dataclass(frozen=True, slots=True)
class PodView:
    """A pod or pod template, as the checks look at it."""

    spec: Obj
    version: int
    annotations: Obj

    @property
    def containers(self) -> list[Obj]:
        parts = ("initContainers", "containers", "ephemeralContainers")
        return [container for part in parts for container in self.spec.get(part) or ()]

    @property
    def is_windows(self) -> bool:
        return self.version >= 25 and (self.spec.get("os") or {}).get("name") == "windows"

    def pod_context(self) -> Obj:
        return self.spec.get("securityContext") or {}

    def where(self, is_bad: Callable[[Obj], bool]) -> list[str]:
        """Names of the containers whose security context is bad."""
        return [str(one["name"]) for one in self.containers if is_bad(one.get("securityContext") or {})]


Check = Callable[[PodView], Finding]


def findings(level: str, pod: Obj, version: int) -> list[tuple[str, str]]:
    """Everything the level forbids about a pod or a pod's template: checks of baseline first, each family in the order of its names."""
    if level == "privileged":
        return []
    view = PodView(pod.get("spec") or {}, version, (pod.get("metadata") or {}).get("annotations") or {})
    checks = _BASELINE if level == "baseline" else _restricted(version)
    return [found for check in checks if (found := check(view)) is not None]


def quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _plural(noun: str, many: list[str]) -> str:
    return noun if len(many) == 1 else f"{noun}s"


def _containers(names: list[str]) -> str:
    return f"container{'s' if len(names) > 1 else ''} {quoted(names)}"


def _setters(is_pod: bool, names: list[str]) -> str:
    return " and ".join([*(["pod"] if is_pod else []), *([_containers(names)] if names else [])])


# Baseline


def _app_armor(view: PodView) -> Finding:
    def is_bad(context: Obj) -> bool:
        return _profile(context) not in ("", *_GOOD_PROFILES)

    bad_pod, names = is_bad(view.pod_context()), view.where(is_bad)
    contexts = [view.pod_context(), *(c.get("securityContext") or {} for c in view.containers)]
    values = sorted({_profile(context): None for context in contexts if is_bad(context)})
    notes = [f'{key}="{text}"' for key, text in sorted(view.annotations.items()) if _is_bad_app_armor(key, text)]
    if not values and not notes:
        return None
    setters = [part for part in (_setters(bad_pod, names), _plural("annotation", notes) if notes else "") if part]
    values += notes
    detail = f"{' and '.join(setters)} must not set AppArmor profile type to {quoted(values)}"
    return _plural("forbidden AppArmor profile", values), detail


def _is_bad_app_armor(key: str, text: str) -> bool:
    return key.startswith(_APP_ARMOR_NOTE) and not (text in ("", "runtime/default") or text.startswith("localhost/"))


def _profile(context: Obj) -> str:
    return str((context.get("appArmorProfile") or {}).get("type", ""))


def _capabilities_baseline(view: PodView) -> Finding:
    return _added(view, _DEFAULT_CAPABILITIES, "non-default capabilities")


def _added(view: PodView, allowed: tuple[str, ...], reason: str) -> Finding:
    def extra(context: Obj) -> list[str]:
        return [one for one in (context.get("capabilities") or {}).get("add") or () if one not in allowed]

    names = view.where(lambda context: bool(extra(context)))
    if not names:
        return None
    added = sorted({one: None for c in view.containers for one in extra(c.get("securityContext") or {})})
    return reason, f"{_containers(names)} must not include {quoted(added)} in securityContext.capabilities.add"


def _host_namespaces(view: PodView) -> Finding:
    shared = [f"{key}=true" for key in ("hostNetwork", "hostPID", "hostIPC") if view.spec.get(key)]
    return ("host namespaces", ", ".join(shared)) if shared else None


def _host_path(view: PodView) -> Finding:
    names = [str(volume["name"]) for volume in view.spec.get("volumes") or () if volume.get("hostPath") is not None]
    return ("hostPath volumes", f"volume{'s' if len(names) > 1 else ''} {quoted(names)}") if names else None


def _host_ports(view: PodView) -> Finding:
    using = {
        c["name"]: [port["hostPort"] for port in c.get("ports") or () if port.get("hostPort")] for c in view.containers
    }
    names = [name for name, ports in using.items() if ports]
    if not names:
        return None
    ports = sorted({str(port): None for found in using.values() for port in found})
    verb, noun = "use" if len(names) > 1 else "uses", "hostPorts" if len(ports) > 1 else "hostPort"
    return "hostPort", f"{_containers(names)} {verb} {noun} {', '.join(ports)}"


def _privileged(view: PodView) -> Finding:
    names = view.where(lambda context: bool(context.get("privileged")))
    return ("privileged", f"{_containers(names)} must not set securityContext.privileged=true") if names else None


def _proc_mount(view: PodView) -> Finding:
    names = view.where(lambda context: context.get("procMount", "Default") != "Default")
    if not names:
        return None
    mounts = sorted(
        {str((c.get("securityContext") or {}).get("procMount")): None for c in view.containers if c["name"] in names}
    )
    return "procMount", f"{_containers(names)} must not set securityContext.procMount to {quoted(mounts)}"


def _selinux(view: PodView) -> Finding:
    types: dict[str, None] = {}
    rules: dict[str, None] = {}

    def is_bad(context: Obj) -> bool:
        options = context.get("seLinuxOptions") or {}
        kind = options.get("type", "")
        if _SELINUX_TYPES.get(kind, LATEST + 1) > view.version:
            types[kind] = None
        rules.update(dict.fromkeys(f"{key} may not be set" for key in ("user", "role") if options.get(key)))
        return _SELINUX_TYPES.get(kind, LATEST + 1) > view.version or bool(options.get("user") or options.get("role"))

    bad_pod = is_bad(view.pod_context())
    names = view.where(is_bad)
    if not bad_pod and not names:
        return None
    bad = [f"type{'s' if len(types) > 1 else ''} {quoted(sorted(types))}"] if types else []
    bad += [rule for rule in ("user may not be set", "role may not be set") if rule in rules]
    return (
        "seLinuxOptions",
        f"{_setters(bad_pod, names)} set forbidden securityContext.seLinuxOptions: {'; '.join(bad)}",
    )


def _seccomp_baseline(view: PodView) -> Finding:
    return _bad_seccomp(view) if view.version >= 19 else _seccomp_notes(view)


def _seccomp_notes(view: PodView) -> Finding:
    """Before 1.19 the profile was an annotation."""
    keys = [_SECCOMP_NOTE, *(f"{_SECCOMP_CONTAINER_NOTE}{container['name']}" for container in view.containers)]
    good = ("runtime/default", "docker/default")
    bad = sorted(
        f'{key}="{text}"'
        for key in keys
        if (text := view.annotations.get(key)) is not None and text not in good and not text.startswith("localhost/")
    )
    return ("seccompProfile", f"forbidden {_plural('annotation', bad)} {', '.join(bad)}") if bad else None


def _bad_seccomp(view: PodView) -> Finding:
    def is_bad(context: Obj) -> bool:
        return context.get("seccompProfile") is not None and _seccomp(context) not in _GOOD_PROFILES

    bad_pod, names = is_bad(view.pod_context()), view.where(is_bad)
    if not bad_pod and not names:
        return None
    contexts = [view.pod_context(), *(c.get("securityContext") or {} for c in view.containers)]
    values = sorted({_seccomp(context): None for context in contexts if is_bad(context)})
    detail = f"{_setters(bad_pod, names)} must not set securityContext.seccompProfile.type to {quoted(values)}"
    return "seccompProfile", detail


def _seccomp(context: Obj) -> str:
    return str((context.get("seccompProfile") or {}).get("type", ""))


def _sysctls(view: PodView) -> Finding:
    used = [str(one["name"]) for one in view.pod_context().get("sysctls") or ()]
    unsafe = [name for name in used if _SAFE_SYSCTLS.get(name, LATEST + 1) > view.version]
    return ("forbidden sysctls", ", ".join(unsafe)) if unsafe else None


def _host_process(view: PodView) -> Finding:
    def is_bad(context: Obj) -> bool:
        return bool((context.get("windowsOptions") or {}).get("hostProcess"))

    bad_pod, names = is_bad(view.pod_context()), view.where(is_bad)
    if not bad_pod and not names:
        return None
    return "hostProcess", f"{_setters(bad_pod, names)} must not set securityContext.windowsOptions.hostProcess=true"


# Restricted


def _escalation(view: PodView) -> Finding:
    names = view.where(lambda context: context.get("allowPrivilegeEscalation") is not False)
    if view.is_windows or not names:
        return None
    says = f"{_containers(names)} must set securityContext.allowPrivilegeEscalation=false"
    return "allowPrivilegeEscalation != false", says


def _capabilities_restricted(view: PodView) -> Finding:
    if view.is_windows:
        return None
    names = view.where(lambda context: "ALL" not in ((context.get("capabilities") or {}).get("drop") or ()))
    details = [f'{_containers(names)} must set securityContext.capabilities.drop=["ALL"]'] if names else []
    added = _added(view, ("NET_BIND_SERVICE",), "")
    details += [added[1]] if added else []
    return ("unrestricted capabilities", "; ".join(details)) if details else None


def _volumes(view: PodView) -> Finding:
    bad = [volume for volume in view.spec.get("volumes") or () if not any(key in volume for key in _OPEN_VOLUMES)]
    if not bad:
        return None
    names = [str(volume["name"]) for volume in bad]
    kinds = [next((kind for kind in _SHUT_VOLUMES if kind in volume), "unknown") for volume in bad]
    types = sorted(dict.fromkeys(kinds))
    verb = "use" if len(names) > 1 else "uses"
    noun = f"restricted volume type{'s' if len(types) > 1 else ''}"
    return (
        "restricted volume types",
        f"volume{'s' if len(names) > 1 else ''} {quoted(names)} {verb} {noun} {quoted(types)}",
    )


def _non_root(view: PodView) -> Finding:
    pod = view.pod_context().get("runAsNonRoot")
    explicit = view.where(lambda context: context.get("runAsNonRoot") is False)
    if pod is False or explicit:
        return (
            "runAsNonRoot != true",
            f"{_setters(pod is False, explicit)} must not set securityContext.runAsNonRoot=false",
        )
    implicit = [] if pod else view.where(lambda context: context.get("runAsNonRoot") is None)
    if not implicit:
        return None
    return "runAsNonRoot != true", f"pod or {_containers(implicit)} must set securityContext.runAsNonRoot=true"


def _root_user(view: PodView) -> Finding:
    bad_pod = view.pod_context().get("runAsUser") == 0
    names = view.where(lambda context: context.get("runAsUser") == 0)
    return ("runAsUser=0", f"{_setters(bad_pod, names)} must not set runAsUser=0") if bad_pod or names else None


def _seccomp_restricted(view: PodView) -> Finding:
    if view.is_windows:
        return None
    if (bad := _bad_seccomp(view)) is not None:
        return bad
    if view.pod_context().get("seccompProfile") is not None:
        return None
    names = view.where(lambda context: context.get("seccompProfile") is None)
    if not names:
        return None
    says = (
        f'pod or {_containers(names)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    )
    return "seccompProfile", says


_BASELINE: tuple[Check, ...] = (
    _app_armor,
    _capabilities_baseline,
    _host_namespaces,
    _host_path,
    _host_ports,
    _privileged,
    _proc_mount,
    _selinux,
    _seccomp_baseline,
    _sysctls,
    _host_process,
)
#: Check → the minor version since which restricted has it, and the check of baseline whose place it takes.
_RESTRICTED: tuple[tuple[Check, int, Check | None], ...] = (
    (_escalation, 8, None),
    (_capabilities_restricted, 22, _capabilities_baseline),
    (_volumes, 0, _host_path),
    (_non_root, 0, None),
    (_root_user, 23, None),
    (_seccomp_restricted, 19, _seccomp_baseline),
)


def _restricted(version: int) -> list[Check]:
    found = [(check, other) for check, since, other in _RESTRICTED if since <= version]
    replaced = [other for _, other in found]
    return [*(check for check in _BASELINE if check not in replaced), *(check for check, _ in found)]
