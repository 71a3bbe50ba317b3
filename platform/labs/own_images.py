"""Images that people add to the simulated world, written into the description of a cluster.

Promises: a description without such images stays as it was, to the letter; an image that the description itself has is replaced.
"""

from typing import Any

import yaml
from django.conf import settings
from django.utils.module_loading import import_string

from accounts.models import User
from labs.configs import config_with


def config_with_images(config: str, *, owner: User, lesson: str | None) -> str:
    """The description with the images that a cluster of `owner` gets (setting `DRYDOCK_OWN_IMAGES`)."""
    entries = import_string(settings.DRYDOCK_OWN_IMAGES)(owner, lesson)
    return _with(config, entries) if entries else config


def _with(config: str, entries: list[dict[str, Any]]) -> str:
    described = yaml.safe_load(config) or {}
    if not isinstance(described, dict) or not isinstance(described.get("images") or [], list):
        return config  # whoever checks the description says what is wrong with it
    added = {entry["name"] for entry in entries}
    kept = [one for one in described.get("images") or [] if not isinstance(one, dict) or one.get("name") not in added]
    return config_with(config, "images", [*kept, *entries])
