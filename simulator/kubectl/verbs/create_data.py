"""`kubectl create` for ConfigMaps and Secrets: from literals, files and env files."""

from __future__ import annotations

import base64
import json
import posixpath
import re

from simulator.engine.plain import Obj
from simulator.kubectl.call import Call
from simulator.kubectl.cli import Command, Flag
from simulator.kubectl.errors import CommandError
from simulator.kubectl.home import FileError
from simulator.kubectl.kustomize.generators import hash_of
from simulator.kubectl.verbs.create_objects import NO_TIME, built, create_built


def config_map(call: Call) -> None:
    name = call.one_name()
    obj: Obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**NO_TIME, "name": name}}
    data = _data_from_flags(call, "ConfigMap", name)
    create_built(call, _hashed(call, {**obj, "data": data} if data else obj), what="configmap")


def generic_secret(call: Call) -> None:
    name = call.one_name()
    obj: Obj = {"apiVersion": "v1", "kind": "Secret", "metadata": {**NO_TIME, "name": name}}
    data = {
        key: base64.b64encode(text.encode()).decode() for key, text in _data_from_flags(call, "Secret", name).items()
    }
    if data:
        obj["data"] = data
    if call.text("type"):
        obj["type"] = call.text("type")
    create_built(call, _hashed(call, obj), what="secret")


def tls_secret(call: Call) -> None:
    name, cert, key = call.one_name(), call.text("cert"), call.text("key")
    if not cert or not key:
        raise CommandError("key and cert must be specified")
    data = {"tls.crt": _encoded(_read_pem(call, cert)), "tls.key": _encoded(_read_pem(call, key))}
    metadata = {**NO_TIME, "name": name}
    obj = {"apiVersion": "v1", "data": data, "kind": "Secret", "metadata": metadata, "type": "kubernetes.io/tls"}
    create_built(call, _hashed(call, obj), what="secret")


def _read_pem(call: Call, path: str) -> str:
    try:
        return call.session.home.read(path)
    except FileError:
        raise CommandError(f"Cannot read file {path}, open {path}: no such file or directory") from None


def registry_secret(call: Call) -> None:
    name = call.one_name()
    user, password, server = call.text("docker-username"), call.text("docker-password"), call.text("docker-server")
    if not (user and password and server):
        raise CommandError(
            "either --from-file or the combination of --docker-username, --docker-password and --docker-server is required"
        )
    entry = {"username": user, "password": password}
    if call.text("docker-email"):
        entry["email"] = call.text("docker-email")
    entry["auth"] = _encoded(f"{user}:{password}")
    config = json.dumps({"auths": {server: entry}}, separators=(",", ":"))
    obj = {
        "apiVersion": "v1",
        "data": {".dockerconfigjson": _encoded(config)},
        "kind": "Secret",
        "metadata": {**NO_TIME, "name": name},
        "type": "kubernetes.io/dockerconfigjson",
    }
    create_built(call, _hashed(call, obj), what="secret docker-registry")


def _hashed(call: Call, obj: Obj) -> Obj:
    """With a name that changes when the content does, if `--append-hash` asks for it."""
    if not call.on("append-hash"):
        return obj
    name = f"{obj['metadata']['name']}-{hash_of(obj, name=obj['metadata']['name'])}"
    return {**obj, "metadata": {**obj["metadata"], "name": name}}


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _data_from_flags(call: Call, kind: str, name: str) -> dict[str, str]:
    data: dict[str, str] = {}
    _refuse_env_files_beside_others(call)
    for key, text in (*_from_files(call), *_from_literals(call), *_from_env_files(call)):
        if key in data:
            if kind == "Secret":
                raise CommandError(f"cannot add key {key}, another key by that name already exists")
            raise CommandError(
                f'cannot add key "{key}", another key by that name already exists in Data for ConfigMap "{name}"'
            )
        data[key] = text
    return data


def _refuse_env_files_beside_others(call: Call) -> None:
    if call.many("from-env-file") and (call.many("from-file") or call.many("from-literal")):
        raise CommandError("from-env-file cannot be combined with from-file or from-literal")


def _from_literals(call: Call) -> list[tuple[str, str]]:
    found = []
    for source in call.many("from-literal"):
        key, equals, text = source.partition("=")
        if not equals or not key:
            raise CommandError(f"invalid literal source {source}, expected key=value")
        quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
        found.append((key, text[1:-1] if quoted else text))
    return found


def _from_files(call: Call) -> list[tuple[str, str]]:
    home = call.session.home
    found: list[tuple[str, str]] = []
    for source in call.many("from-file"):
        if source.count("=") > 1:
            raise CommandError("key names or file paths cannot contain '='")
        key, equals, path = source.rpartition("=") if "=" in source else ("", "", source)
        if equals and not (key and path):
            raise CommandError(f"{'key name' if not key else 'file path'} for file path {path or key} missing")
        if not equals and home.is_directory(path):
            entries = [entry for entry in home.entries(path) if not entry.endswith("/")]
            found += [(entry, home.read(posixpath.join(path, entry))) for entry in entries]
            continue
        found.append((key or posixpath.basename(path), _read(call, path)))
    return found


_ENV_NAME = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_WHY_ENV_NAME = (
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start "
    "with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is "
    "'[-._a-zA-Z][-._a-zA-Z0-9]*')"
)


def _from_env_files(call: Call) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for path in call.many("from-env-file"):
        for line in _read(call, path).splitlines():
            line = line.lstrip()
            if not line or line.startswith("#"):
                continue
            key, equals, text = line.partition("=")
            if not _ENV_NAME.fullmatch(key):
                raise CommandError(f'"{key}" is not a valid key name: {_WHY_ENV_NAME}')
            found.append((key, text if equals else call.session.environment.get(key, "")))
    return found


def _read(call: Call, path: str) -> str:
    try:
        return call.session.home.read(path)
    except FileError as error:
        raise CommandError(f"error reading {path}: {str(error).lower()}") from error


_APPEND_HASH = Flag("append-hash", kind="bool", help="End the name with a hash of the content")
_DATA_FLAGS = (
    Flag("from-literal", kind="array", help="key=value"),
    Flag("from-file", kind="array", help="A file (its name is the key), key=file, or a directory"),
    Flag("from-env-file", kind="array", help="A file of KEY=value lines"),
    _APPEND_HASH,
)

CONFIG_MAP = built("configmap", "Create a ConfigMap", config_map, *_DATA_FLAGS, aliases=("cm",))
SECRET = Command(
    "secret",
    "Create a Secret",
    commands=(
        built("generic", "From files, literals or env files", generic_secret, *_DATA_FLAGS, Flag("type")),
        built(
            "tls",
            "From a certificate and its key",
            tls_secret,
            Flag("cert"),
            Flag("key"),
            _APPEND_HASH,
        ),
        built(
            "docker-registry",
            "For pulling images",
            registry_secret,
            Flag("docker-username"),
            Flag("docker-password"),
            Flag("docker-email"),
            Flag("docker-server", default="https://index.docker.io/v1/"),
            _APPEND_HASH,
        ),
    ),
)
