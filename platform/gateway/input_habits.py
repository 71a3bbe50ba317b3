"""Which programs of a container look at their standard input, and how long: an exec that gets its whole input at once has to know.

A program that is not known here is in doubt: it is given a short while to be sent something.
"""

from collections.abc import Sequence

#: Programs that read their input to its end when so many words at most follow their name that are no options.
_READERS = {
    **dict.fromkeys(("cat", "wc", "sort", "uniq", "head", "tail", "tac", "base64", "md5sum", "sha1sum", "sha256sum", "gzip", "xxd"), 0),
    **dict.fromkeys(("grep", "sed", "awk", "jq"), 1),
    "tr": 2,
    **dict.fromkeys(("tee", "xargs", "dd"), 1_000),
}  # fmt: skip
#: Programs that never look at their input.
_DEAF = frozenset(
    [
        "arch",
        "basename",
        "chmod",
        "chown",
        "cp",
        "date",
        "df",
        "dig",
        "dirname",
        "du",
        "echo",
        "env",
        "false",
        "find",
        "free",
        "getent",
        "hostname",
        "id",
        "ifconfig",
        "ip",
        "kill",
        "ln",
        "ls",
        "mkdir",
        "mount",
        "mv",
        "netstat",
        "nginx",
        "nproc",
        "nslookup",
        "ping",
        "printenv",
        "printf",
        "ps",
        "pwd",
        "readlink",
        "realpath",
        "rm",
        "rmdir",
        "seq",
        "sleep",
        "ss",
        "stat",
        "test",
        "touch",
        "true",
        "tty",
        "uname",
        "uptime",
        "wget",
        "which",
        "whoami",
    ]
)


def reads_archive(command: Sequence[str]) -> bool:
    """`tar -xmf - -C dir`, as `kubectl cp` asks for it: it reads on until the archive ends, however slowly that comes."""
    return bool(command) and command[0].rsplit("/", 1)[-1] == "tar" and any("x" in word for word in command[1:2])


def is_deaf(command: Sequence[str]) -> bool:
    """Whether a command never looks at its input, so that nobody has to wait for any."""
    program, operands = _program(command)
    if program == "tar":
        return not reads_archive(command)
    if program == "curl":
        return not any(word == "-" or word.endswith("@-") for word in command[1:])
    if program in _READERS:
        # An option may take one of the words behind it, so those with options are left in doubt.
        return len(operands) > _READERS[program] and operands == list(command[1:]) and "-" not in operands
    return program in _DEAF


def _program(command: Sequence[str]) -> tuple[str, list[str]]:
    """Its name, and the words behind it that are no options."""
    name = command[0].rsplit("/", 1)[-1] if command else ""
    return name, [word for word in command[1:] if word == "-" or not word.startswith("-")]


def reads_to_the_end(command: Sequence[str]) -> bool:
    """Whether a command does nothing before its input has ended."""
    program, operands = _program(command)
    return reads_archive(command) or len(operands) <= _READERS.get(program, -1)
