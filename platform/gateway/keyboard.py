"""What a terminal driver does between a keyboard and a shell: echo, erase, whole lines.

kubectl puts the learner's terminal into raw mode and sends every key as it is; the other side of the wire is the driver.
"""

from dataclasses import dataclass, field

_ERASE = (0x08, 0x7F)
_INTERRUPT, _END, _ESCAPE = 0x03, 0x04, 0x1B
END_OF_INPUT = None


@dataclass(slots=True)
class Keyboard:
    """Collects keys into lines. `press` gives what to echo and the lines that are complete; None among them is the end."""

    _line: bytearray = field(default_factory=bytearray)
    _in_escape: bool = False

    def press(self, keys: bytes) -> tuple[bytes, list[str | None]]:
        echo, lines = bytearray(), list[str | None]()
        for key in keys:
            if self._in_escape:
                self._in_escape = not (0x40 <= key <= 0x7E and key != 0x5B)
            elif key == _ESCAPE:
                self._in_escape = True
            elif key in (0x0D, 0x0A):
                echo += b"\r\n"
                lines.append(self._line.decode(errors="replace"))
                self._line.clear()
            elif key in _ERASE:
                if self._line:
                    self._line.pop()
                    echo += b"\b \b"
            elif key == _INTERRUPT:
                echo += b"^C\r\n"
                self._line.clear()
                lines.append("")
            elif key == _END:
                if not self._line:
                    lines.append(END_OF_INPUT)
            else:
                self._line.append(key)
                echo.append(key)
        return bytes(echo), lines
