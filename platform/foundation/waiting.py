"""Waiting for an event with a limit of time.

`asyncio.wait_for` may lose a cancellation that comes at the moment of the event (before Python 3.12), and whoever waits for the cancelled
task waits for ever. `asyncio.timeout` does not.
"""

import asyncio


async def is_set_within(event: asyncio.Event, seconds: float | None) -> bool:
    """Whether the event is set before so many seconds are over; None: waits as long as it takes."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
