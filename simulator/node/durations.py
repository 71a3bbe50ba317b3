"""Durations spelled as Go's `time.Duration` prints them, because event texts contain them."""


def go_duration(micros: int) -> str:
    """`1.234s`, `412ms`, `2m3.5s`, `1h0m0s`, `0s`."""
    if micros == 0:
        return "0s"
    if micros < 1_000:
        return f"{micros}µs"
    if micros < 1_000_000:
        return f"{_decimal(micros, 3)}ms"
    seconds, rest = divmod(micros, 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{_decimal(seconds * 1_000_000 + rest, 6)}s"
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text


def _decimal(amount: int, digits: int) -> str:
    """With a point before the last `digits`."""
    whole, rest = divmod(amount, 10**digits)
    return f"{whole}.{rest:0{digits}d}".rstrip("0") if rest else str(whole)
