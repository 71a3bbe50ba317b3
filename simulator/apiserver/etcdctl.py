"""`etcdctl` inside an etcd pod: members and their state (`etcd_members`), `get`, `del` of nothing less than everything, and snapshots.

https://etcd.io/docs/v3.5/op-guide/recovery/. Options that name endpoints and certificates are accepted: inside the pod there is only one etcd to talk to.
"""

import json
from base64 import b64encode

from simulator.apiserver.etcd_members import EtcdMembers
from simulator.apiserver.etcdctl_refusals import refusal, whole_command
from simulator.apiserver.storage_browser import StorageBrowser

_VALUE_OPTIONS = (
    "--endpoints",
    "--cacert",
    "--cert",
    "--key",
    "-w",
    "--write-out",
    "--limit",
    "--data-dir",
    "--command-timeout",
    "--peer-urls",
)


def etcdctl(browser: StorageBrowser, words: list[str], members: EtcdMembers) -> tuple[str, str, int]:
    """(standard output, standard error, exit code) of `etcdctl WORDS…`."""
    options, rest = _parsed(words)
    rest[:1] = [whole_command(one) for one in rest[:1]]
    if (refused := refusal(rest, options)) is not None:
        return "", *refused
    if (told := members.run(rest, options)) is not None:
        return told
    match rest:
        case ["get", key]:
            return _get(browser, key, options)
        case ["get", key, end]:
            return _shown(browser, [one for one in browser.keys("") if key <= one < end], options)
        case ["del", ""] if "--prefix" in options:
            return f"{browser.wipe()}\n", "", 0
        case ["snapshot", "save", name]:
            count = browser.save(name)
            return f'{{"level":"info","msg":"saved","path":"{name}","keys":{count}}}\nSnapshot saved at {name}\n', "", 0
        case ["snapshot", "restore", name]:
            found = browser.restore(name)
            if found is None:
                return "", f"Error: open {name}: no such file or directory\n", 1
            return f'{{"level":"info","msg":"restored snapshot","path":"{name}","changes":{found}}}\n', "", 0
        case ["version"]:
            return "etcdctl version: 3.5.21\nAPI version: 3.5\n", "", 0
    known = 'member list|add|remove, endpoint status|health, move-leader ID, get KEY [--prefix] [--keys-only], snapshot save|restore FILE, del "" --prefix, version'
    return "", f"Error: found {' '.join(rest) or 'nothing'}, wanted {known}\n", 1


def _get(browser: StorageBrowser, key: str, options: dict[str, str]) -> tuple[str, str, int]:
    if "--from-key" in options:
        return _shown(browser, [one for one in browser.keys("") if one >= key], options)
    keys = browser.keys(key) if "--prefix" in options else [key] * (browser.value(key) is not None)
    return _shown(browser, keys, options)


def _shown(browser: StorageBrowser, keys: list[str], options: dict[str, str]) -> tuple[str, str, int]:
    if options.get("-w", options.get("--write-out", "")) == "json":
        return _as_json(browser, keys), "", 0
    lines = []
    for one in keys:
        if "--print-value-only" not in options:
            lines.append(one)
        if "--keys-only" in options:
            lines.append("")
        else:
            lines.append((browser.value(one) or b"").decode(errors="replace").rstrip("\n"))
    return "".join(f"{line}\n" for line in lines), "", 0


def _as_json(browser: StorageBrowser, keys: list[str]) -> str:
    pairs = [(b64encode(key.encode()).decode(), b64encode(browser.value(key) or b"").decode()) for key in keys]
    return json.dumps({"kvs": [{"key": key, "value": value} for key, value in pairs], "count": len(pairs)}) + "\n"


def _parsed(words: list[str]) -> tuple[dict[str, str], list[str]]:
    options: dict[str, str] = {}
    rest: list[str] = []
    remaining = list(words)
    while remaining:
        word = remaining.pop(0)
        if not word.startswith("-") or not word.strip("-"):
            rest.append(word)
            continue
        name, equals, value = word.partition("=")
        if not equals and name in _VALUE_OPTIONS and remaining:
            value = remaining.pop(0)
        options[name] = value
    return options, rest
