"""Pictures of what a test sees, for whoever asks for them by `DRYDOCK_PICTURES=FOLDER`."""

import os
from collections.abc import Sequence

from playwright.sync_api import Page

SIZES = ((1440, 900), (390, 844))


def pictures(page: Page, name: str, *, sizes: Sequence[tuple[int, int]] = SIZES) -> None:
    """The page in each size, light and dark; the first size is the one it has afterwards."""
    if not (folder := os.environ.get("DRYDOCK_PICTURES")):
        return
    for width, height in (*sizes, sizes[0]):
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(400)
            page.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png")
