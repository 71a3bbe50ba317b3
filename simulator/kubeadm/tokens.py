"""`kubeadm token`: create, list, delete and generate bootstrap tokens.

`cmd/kubeadm/app/cmd/token.go`; https://kubernetes.io/docs/reference/setup-tools/kubeadm/kubeadm-token/.
"""

from __future__ import annotations

import re

from simulator.apiserver.errors import ApiUnavailable, StatusError
from simulator.kubeadm.arguments import Arguments
from simulator.kubeadm.machines import KubeadmError, Machines
from simulator.kubectl.aligned import align
from simulator.kubectl.small_command import Outcome
from simulator.machinery import bootstrap_tokens
from simulator.machinery.bootstrap_tokens import DEFAULT_GROUP, NAMESPACE, PATTERN, PREFIX, BootstrapToken

WHO = "kubernetes-admin"
_ID = re.compile(r"[a-z0-9]{6}")
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


def token(machines: Machines, arguments: Arguments) -> Outcome:
    """Raises KubeadmError."""
    try:
        match arguments.words:
            case ["create", *given]:
                return _create(machines, arguments, given)
            case ["list"] | []:
                return _list(machines)
            case ["delete", *given] if given:
                return _delete(machines, given)
            case ["delete"]:
                raise KubeadmError('missing subcommand; "token delete" is missing token of form "[a-z0-9]{6}"')
            case ["generate"]:
                return Outcome(f"{_generated(machines)}\n")
    except ApiUnavailable as error:
        refused = f"dial tcp {machines.endpoints[1]}: connect: connection refused"
        where = f"https://{machines.endpoint}/api/v1/namespaces/kube-system/secrets?fieldSelector=type%3Dbootstrap.kubernetes.io%2Ftoken"
        raise KubeadmError(f'failed to list bootstrap tokens: Get "{where}": {str(error) or refused}') from error
    raise KubeadmError("invalid subcommand")


def _create(machines: Machines, arguments: Arguments, given: list[str]) -> Outcome:
    text = given[0] if given else _generated(machines)
    if PATTERN.fullmatch(text) is None:
        raise KubeadmError(
            f'bootstrapTokens: Invalid value: "{text}": the bootstrap token "{text}" was not of the form '
            r'"\A([a-z0-9]{6})\.([a-z0-9]{16})\z"'
        )
    id, _, secret = text.partition(".")
    ttl = _seconds(arguments.flag("ttl", "24h0m0s"))
    engine = machines.parts.engine
    made = BootstrapToken(
        id,
        secret,
        engine.timestamp(engine.now + ttl * 1_000_000) if ttl else "",
        tuple(arguments.flag("usages", "signing,authentication").split(",")),
        tuple(arguments.flag("groups", DEFAULT_GROUP).split(",")),
        arguments.flag("description", ""),
    )
    if machines.parts.registry.find(WHO, "secrets", NAMESPACE, PREFIX + id) is not None:
        raise KubeadmError(f'a token with id "{id}" already exists')
    machines.parts.registry.create(WHO, "secrets", bootstrap_tokens.written(made))
    if arguments.has("print-join-command"):
        return Outcome(
            f"kubeadm join {machines.endpoint} --token {text} --discovery-token-ca-cert-hash {machines.pin} \n"
        )
    return Outcome(f"{text}\n")


def _list(machines: Machines) -> Outcome:
    found = [one for one in machines.parts.registry.list(WHO, "secrets", NAMESPACE) if one.get("type")]
    known = [token for secret in found if (token := bootstrap_tokens.read(secret)) is not None]
    rows = [_row(machines, one) for one in known]
    header = "TOKEN\tTTL\tEXPIRES\tUSAGES\tDESCRIPTION\tEXTRA GROUPS"
    return Outcome(align("\n".join([header, *rows]), min_width=10, padding=3) + "\n" if rows else "")


def _row(machines: Machines, one: BootstrapToken) -> str:
    engine = machines.parts.engine
    ttl = short_duration((engine.micros(one.expires) - engine.now) // 1_000_000) if one.expires else "<forever>"
    usages = ",".join(one.usages) or "<none>"
    cells = (one.text, ttl, one.expires or "<never>", usages, one.description or "<none>")
    return "\t".join([*cells, ",".join(one.groups) or "<none>"])


def _delete(machines: Machines, given: list[str]) -> Outcome:
    said = ""
    for text in given:
        id = text.partition(".")[0]
        if _ID.fullmatch(id) is None or ("." in text and PATTERN.fullmatch(text) is None):
            pattern = r"\A([a-z0-9]{6})\z"
            raise KubeadmError(f'given token didn\'t match pattern "{pattern}" or "{pattern}"')
        try:
            machines.parts.registry.delete(WHO, "secrets", NAMESPACE, PREFIX + id)
        except StatusError as error:
            raise KubeadmError(f'failed to delete bootstrap token "{id}": {error.message}') from error
        said += f'bootstrap token "{id}" deleted\n'
    return Outcome(said)


def _generated(machines: Machines) -> str:
    rng = machines.parts.engine.rng("kubeadm")
    return f"{rng.suffix(6)}.{rng.suffix(16)}"


def _seconds(text: str) -> int:
    found = _DURATION.fullmatch(text)
    if text == "0":
        return 0
    if not text or found is None:
        raise KubeadmError(f'invalid argument "{text}" for "--ttl" flag: time: invalid duration "{text}"')
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return hours * 3_600 + minutes * 60 + seconds


def short_duration(seconds: int) -> str:
    """`ShortHumanDuration`: one unit."""
    if seconds < 0:
        return "<invalid>" if seconds < -1 else "0s"
    for most, size, unit in ((60, 1, "s"), (3_600, 60, "m"), (86_400, 3_600, "h"), (31_536_000, 86_400, "d")):
        if seconds < most:
            return f"{seconds // size}{unit}"
    return f"{seconds // 31_536_000}y"
