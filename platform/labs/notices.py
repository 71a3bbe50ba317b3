"""Short notices to open pages: a hint for a learner (`n:{cluster}`), news of a class (`n:class:{id}`).

Promises: whoever has the page open now hears it within a moment. A notice is not kept; what must survive is a row
first and a notice second.
"""

from typing import Any

from labs.bus.selection import publish_now
from labs.messages import encode_json


def publish(topic: str, payload: dict[str, Any]) -> int:
    """Send `payload` to every page that listens to `topic`; how many processes heard it. For code without a loop."""
    return publish_now(topic, encode_json(payload))
