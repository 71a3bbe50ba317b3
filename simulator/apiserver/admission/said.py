"""What admission has to say beside yes and no: warnings for whoever asked, annotations for the audit log.

Collected while one request is served and taken by whoever answers it; between requests it is empty.
"""


class Said:
    def __init__(self) -> None:
        self.is_wanted = False
        """Whether there is an audit log that annotations go to."""
        self._is_listening = False
        self._warnings: list[str] = []
        self._annotations: dict[str, str] = {}

    def listen(self) -> None:
        """A request begins. What is said to nobody's request is not kept."""
        self._is_listening, self._warnings, self._annotations = True, [], {}

    def stop(self) -> None:
        self._is_listening = False

    def warn(self, text: str) -> None:
        if self._is_listening:
            self._warnings.append(text)

    def note(self, key: str, text: str) -> None:
        """An annotation of the audit event."""
        if self._is_listening:
            self._annotations[key] = text

    def note_all(self, notes: dict[str, str]) -> None:
        for key, text in notes.items():
            self.note(key, text)

    def take_warnings(self) -> list[str]:
        found, self._warnings = self._warnings, []
        return found

    def take_annotations(self) -> dict[str, str]:
        found, self._annotations = self._annotations, {}
        return found
