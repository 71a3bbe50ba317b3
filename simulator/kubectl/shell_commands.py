"""The small commands beside kubectl: files and the environment.

Each is a function of its words and standard input. They speak as GNU coreutils and bash do, as far as they go.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from simulator.kubectl.docker_command import docker, ssh
from simulator.kubectl.home import HOME, FileError
from simulator.kubectl.jq.command import jq
from simulator.kubectl.kind_command import kind
from simulator.kubectl.openssl_command import openssl
from simulator.kubectl.small_command import Outcome, Small, Surface, fail, options
from simulator.kubectl.stream_filters import STREAM_FILTERS
from simulator.kubectl.text_filters import FILTERS
from simulator.kubectl.vault_command import vault


def ls(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    parsed = options(words, "la1hR")
    if isinstance(parsed, str):
        return fail("ls", f"invalid option -- '{parsed}'", 2)
    letters, paths = parsed
    home, outcome = surface.home, Outcome()
    for path in paths or ["."]:
        if home.is_file(path):
            outcome.stdout += f"{path}\n"
        elif home.is_directory(path):
            names = [n for n in home.entries(path) if "a" in letters or not n.startswith(".")]
            head = f"{path}:\n" if len(paths) > 1 else ""
            outcome.stdout += head + "".join(f"{name}\n" for name in names)
        else:
            outcome.stderr += f"ls: cannot access '{path}': No such file or directory\n"
            outcome.exit = 2
    return outcome


def pwd(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    return Outcome(surface.home.cwd + "\n")


def cd(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    if len(words) > 1:
        return fail("bash: cd", "too many arguments")
    path = words[0] if words else HOME
    try:
        surface.home.change_directory(path)
    except FileError as error:
        return fail("bash: cd", f"{path}: {error}")
    return Outcome()


def echo(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    words = list(words)
    end, escapes = "\n", False
    while words and re.fullmatch(r"-[ne]+", words[0]):
        end = "" if "n" in words[0] else end
        escapes = escapes or "e" in words[0]
        words.pop(0)
    text = " ".join(words)
    if escapes:
        text = _unescaped(text)
    return Outcome(text + end)


_SPECIFIER = re.compile(r"%(-?0?\d*)(?:\.\d+)?([sdb%])")


def printf(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    """The format as often as there are words left for it; `%s`, `%d`, `%b` and `%%`, with widths."""
    if not words:
        return Outcome(stderr="bash: printf: usage: printf [-v var] format [arguments]\n", exit=2)
    left, text = list(words[1:]), ""
    while True:
        before = len(left)
        text += _SPECIFIER.sub(lambda found: _filled(found, left), _unescaped(words[0]))
        if not left or len(left) == before:
            return Outcome(text)


def _filled(found: re.Match[str], left: list[str]) -> str:
    if found[2] == "%":
        return "%"
    word = left.pop(0) if left else ("0" if found[2] == "d" else "")
    word = _unescaped(word) if found[2] == "b" else word
    width = int(found[1].lstrip("-") or 0)
    return (
        word.ljust(width) if found[1].startswith("-") else word.rjust(width, "0" if found[1].startswith("0") else " ")
    )


def _unescaped(text: str) -> str:
    signs = {"n": "\n", "t": "\t", "\\": "\\", '"': '"', "r": "\r"}
    return re.sub(r'\\([nrt\\"])', lambda sign: signs[sign[1]], text)


def clear(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    return Outcome(clear=True)


def export(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    if not words:
        return Outcome("".join(f'declare -x {k}="{v}"\n' for k, v in sorted(surface.environment.items())))
    for word in words:
        name, equals, value = word.partition("=")
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            return fail("bash: export", f"`{word}': not a valid identifier")
        if equals:
            surface.environment[name] = value
    return Outcome()


def unset(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    for name in words:
        surface.environment.pop(name, None)
    return Outcome()


def env(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    return Outcome("".join(f"{name}={value}\n" for name, value in sorted(surface.environment.items())))


def alias(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    outcome = Outcome()
    for word in words:
        name, equals, text = word.partition("=")
        if equals:
            surface.aliases[name] = text
        elif name in surface.aliases:
            outcome.stdout += f"alias {name}='{surface.aliases[name]}'\n"
        else:
            return fail("bash: alias", f"{name}: not found")
    if not words:
        outcome.stdout = "".join(f"alias {name}='{text}'\n" for name, text in sorted(surface.aliases.items()))
    return outcome


def rm(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    parsed = options(words, "rRfv")
    if isinstance(parsed, str):
        return fail("rm", f"invalid option -- '{parsed}'")
    letters, paths = parsed
    outcome = Outcome()
    for path in paths:
        try:
            if surface.home.is_directory(path) and ("r" in letters or "R" in letters):
                surface.home.remove_directory(path)
            else:
                surface.home.remove(path)
        except FileError as error:
            if "f" not in letters or str(error) != "No such file or directory":
                outcome.stderr += f"rm: cannot remove '{path}': {error}\n"
                outcome.exit = 1
    return outcome


def mkdir(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    paths = [word for word in words if word != "-p"]
    for path in paths:
        try:
            for part in _parents(path) if "-p" in words else [path]:
                if not ("-p" in words and surface.home.is_directory(part)):
                    surface.home.make_directory(part)
        except FileError as error:
            return fail("mkdir", f"cannot create directory '{path}': {error}")
    return Outcome()


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return [found for found in ("/".join(parts[: end + 1]) for end in range(len(parts))) if found]


def touch(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    for path in words:
        try:
            if not surface.home.is_file(path):
                surface.home.write(path, "")
        except FileError as error:
            return fail("touch", f"cannot touch '{path}': {error}")
    return Outcome()


def copy(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    return _transfer(surface, "cp", words, keep=True)


def move(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    return _transfer(surface, "mv", words, keep=False)


def _transfer(surface: Surface, name: str, words: Sequence[str], *, keep: bool) -> Outcome:
    if len(words) != 2:
        return fail(name, "missing file operand" if len(words) < 2 else "extra operand")
    source, target = words
    if surface.home.is_directory(target):
        target = target.rstrip("/") + "/" + source.rpartition("/")[2]
    try:
        surface.home.write(target, surface.home.read(source))
        if not keep:
            surface.home.remove(source)
    except FileError as error:
        return fail(name, f"cannot {'copy' if keep else 'move'} '{source}' to '{target}': {error}")
    return Outcome()


def nothing(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    return Outcome()


def false(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    return Outcome(exit=1)


def whoami(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    return Outcome("learner\n")


def help_page(surface: Surface, words: Sequence[str], stdin: str) -> Outcome:
    return Outcome(_HELP)


_HELP = """This terminal holds kubectl (also as k) and a small part of bash:

  kubectl            talk to the cluster; kubectl --help lists its commands
  cat ls cd pwd rm mkdir touch cp mv    files of this workstation
  grep head tail wc sort uniq cut tr sed awk jq tee xargs    filters, for use behind a pipe
  echo env export unset alias           text and variables
  kind create|delete|get|load           more clusters beside the first one
  docker ps|exec|cp, ssh NODE    commands and files on the machines: ls, cat, mv, kubeadm, crictl, systemctl
  openssl genrsa|req|x509    keys, signing requests and certificates
  vault kv put|get|delete|list    secrets outside the cluster, for the Secrets Store CSI Driver
  curl URL           ask forwarded ports, the API server and node ports over HTTP
  COMMAND &          let it go on behind the prompt: jobs, fg, bg, kill %1, wait, sleep; Ctrl-C ends, Ctrl-Z stops
  watch COMMAND      run a command again and again
  clear help

The arrow keys bring back earlier lines. Pipes (|), files (> >> <), lists (&& || ;), quotes, $VARIABLES and here-documents
(kubectl apply -f - <<EOF) work as in bash.
"""

SMALL: dict[str, Small] = {
    **FILTERS,
    **STREAM_FILTERS,
    "docker": docker,
    "kind": kind,
    "ssh": ssh,
    "openssl": openssl,
    "jq": jq,
    "vault": vault,
    "ls": ls,
    "pwd": pwd,
    "cd": cd,
    "echo": echo,
    "printf": printf,
    "clear": clear,
    "export": export,
    "unset": unset,
    "env": env,
    "printenv": env,
    "alias": alias,
    "rm": rm,
    "mkdir": mkdir,
    "touch": touch,
    "cp": copy,
    "mv": move,
    "true": nothing,
    ":": nothing,
    "false": false,
    "whoami": whoami,
    "help": help_page,
}
