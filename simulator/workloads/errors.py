"""What can be wrong with an image or with the data that describes one."""


class WorkloadError(Exception):
    """Base of everything this package raises."""


class InvalidImageName(WorkloadError):
    """The text is no image reference at all; the kubelet's waiting reason has the same name."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(f'couldn\'t parse image name "{text}": {reason}')


class CatalogError(WorkloadError):
    """An entry of the catalogue is malformed: says where, what was found and what was wanted."""
