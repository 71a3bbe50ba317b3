"""What a cloud answers instead of doing it."""


class CloudRefused(Exception):
    """A quota that is used up, or a service that is out of order; the text is the provider's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
