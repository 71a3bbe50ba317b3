"""What `echo -e`, `printf`, `date` and `sleep` make of their words: pure functions of them."""

import re

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


def escaped(text: str) -> str:
    """`\\n`, `\\t` and their like, as `echo -e` and `printf` read them."""
    return _ESCAPE.sub(lambda match: _ESCAPES.get(match.group(1)) or chr(int(match.group(1)[1:] or "0", 8)), text)


_ESCAPE = re.compile(r"\\([nrtabfv\\\"]|0[0-7]{0,3})")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\\": "\\", '"': '"'}
_DIRECTIVE = re.compile(r"%(-?0?\d*(?:\.\d+)?)([sdicxqfb%])")


def format_text(format: str, values: list[str]) -> str:
    """`printf`: the format is used again until no value is left."""
    rest = list(values)
    out = ""
    while True:
        before = len(rest)
        out += _DIRECTIVE.sub(lambda match: _formatted(match, rest), escaped(format))
        if not rest or len(rest) == before:
            return out


def _formatted(match: re.Match[str], rest: list[str]) -> str:
    width, letter = match.groups()
    if letter == "%":
        return "%"
    value = rest.pop(0) if rest else ""
    if AT in value:
        return value
    match letter:
        case "d" | "i":
            return f"%{width}d" % number(value)
        case "x":
            return f"%{width}x" % number(value)
        case "f":
            whole = re.match(r"-?\d+(?:\.\d+)?", value)
            return f"%{width}f" % float(whole.group() if whole else "0")
        case "c":
            return value[:1]
        case "b":
            return escaped(value)
    return f"%{width}s" % value


def date_text(words: list[str]) -> str:
    wanted = next((word[1:].strip("'\"") for word in words if word.startswith("+")), _USUAL_DATE)
    return f"{AT}{wanted}{END}"


def number(text: str) -> int:
    """The whole number at the start of a text, 0 when there is none."""
    match = re.match(r"\s*([-+]?\d{1,18})", text)
    return int(match.group(1)) if match else 0
