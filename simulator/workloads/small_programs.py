"""What `echo`, `printf`, `date`, `test`, `sleep` and shell arithmetic make of their words: pure functions of them."""

import re

from simulator.workloads.shell_scripts import NotSimulated

#: In a line of output: a time that is only known when the line is written, as `AT format END`.
AT, END = "\x01", "\x02"
_USUAL_DATE = "%a %b %e %H:%M:%S UTC %Y"


def seconds_us(words: list[str]) -> int:
    """`sleep`'s argument: `30`, `0.5`, `1h`, `infinity`."""
    scale = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    total = 0.0
    for word in words:
        if word in ("infinity", "inf"):
            return 1 << 60
        match = re.fullmatch(r"(\d{0,12}\.?\d{1,12})([smhd]?)", word)
        total += float(match.group(1)) * scale[match.group(2) or "s"] if match else 0
    return round(total * 1_000_000)


def pi_digits(count: int) -> str:
    """Machin's formula in whole numbers, with ten digits to spare."""
    one = int("1" + "0" * (count + 10))

    def arctan_inverse(x: int) -> int:
        power = total = one // x
        divisor, sign = 3, -1
        while power:
            power //= x * x
            total += sign * (power // divisor)
            divisor, sign = divisor + 2, -sign
        return total

    digits = str(4 * (4 * arctan_inverse(5) - arctan_inverse(239)))[:count]
    return f"{digits[0]}.{digits[1:]}"


def echo_lines(words: list[str]) -> list[str]:
    escapes = False
    while words and words[0] in ("-e", "-n", "-ne", "-en"):
        escapes = escapes or "e" in words[0]
        words = words[1:]
    text = " ".join(words)
    if escapes:
        text = text.replace("\\n", "\n").replace("\\t", "\t")
    return text.split("\n")


def printf_lines(words: list[str]) -> list[str]:
    if not words:
        return []
    text = words[0].replace("\\n", "\n").replace("\\t", "\t")
    for value in words[1:]:
        text = re.sub(r"%[-0-9]*[sd]", lambda _: value, text, count=1)  # noqa: B023
    return text.removesuffix("\n").split("\n")


def date_text(words: list[str]) -> str:
    wanted = next((word[1:].strip("'\"") for word in words if word.startswith("+")), _USUAL_DATE)
    return f"{AT}{wanted}{END}"


def is_true(words: list[str], files: dict[str, str]) -> bool:
    if words[:1] == ["!"]:
        return not is_true(words[1:], files)
    match words:
        case [left, operator, right] if operator in ("-eq", "-ne", "-lt", "-le", "-gt", "-ge"):
            a, b = number(left), number(right)
            return {"-eq": a == b, "-ne": a != b, "-lt": a < b, "-le": a <= b, "-gt": a > b, "-ge": a >= b}[operator]
        case [left, "=" | "==", right]:
            return left == right
        case [left, "!=", right]:
            return left != right
        case ["-f" | "-e" | "-d" | "-s", path]:
            return path in files
        case ["-z", text]:
            return text == ""
        case ["-n", text] | [text]:
            return text != ""
    return False


def number(text: str) -> int:
    """The whole number at the start of a text, 0 when there is none."""
    match = re.match(r"\s*(-?\d{1,18})", text)
    return int(match.group(1)) if match else 0


_TERM = re.compile(r"\s*([-+*/%])?\s*(\$?[A-Za-z_]\w*|\d+)")


def arithmetic(text: str, env: dict[str, str]) -> int:
    """A chain of terms from left to right, which is all that counters need."""
    total, at = 0, 0
    text = text.strip()
    while at < len(text):
        match = _TERM.match(text, at)
        if match is None:
            raise NotSimulated(f"$(({text})) is not simulated")
        value = match.group(2).lstrip("$")
        term = number(value) if value.isdigit() else number(env.get(value, "0"))
        total = _wrapped(_apply(match.group(1) or "+", total, term))
        at = match.end()
    return total


def _apply(operator: str, left: int, right: int) -> int:
    match operator:
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left // right if right else 0
        case "%":
            return left % right if right else 0
    return left + right


def _wrapped(amount: int) -> int:
    """Shells count in 64 bits and go around."""
    return (amount + (1 << 63)) % (1 << 64) - (1 << 63)
