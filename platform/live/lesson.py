"""Keeps the lesson panel of one open lab true: asks the simulator about the current step when the cluster changed.

At most twice a second, and once more after the last change. What the answers mean is decided by
`progress.services.step_record`, named in the settings.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from channels.db import database_sync_to_async
from django.conf import settings
from django.utils.module_loading import import_string

from accounts.models import User
from foundation.waiting import is_set_within
from labs.router import Router

logger = logging.getLogger(__name__)
PAUSE_S = 0.5


class LessonWatch:
    """One learner, one cluster, one lesson. `tell` sends a message to the page."""

    def __init__(
        self,
        *,
        user: User,
        cluster: str,
        lesson: str,
        router: Router,
        tell: Callable[[dict[str, Any]], Awaitable[None]],
    ) -> None:
        self._user, self._cluster, self._lesson = user, cluster, lesson
        self._router, self._tell = router, tell
        self._step = ""
        self._has_begun = False
        self._last: dict[str, Any] | None = None
        self._wake = asyncio.Event()
        self._now = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name=f"lesson of {cluster}")

    def show(self, step: str) -> None:
        """The learner looks at another step. Nothing is told before the page has its first picture."""
        is_new, self._step = step != self._step, step
        if not self._has_begun:
            return
        self._wake.set()
        if is_new:
            self._now.set()

    def changed(self) -> None:
        """The cluster changed, or the page has its first picture."""
        self._has_begun = True
        self._wake.set()

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            begin = time.monotonic()
            if self._step and not await self._look():
                self._wake.set()  # a cluster that stands still gives no other occasion
            self._now.clear()
            # another step is looked at without delay
            await is_set_within(self._now, max(0.0, PAUSE_S - (time.monotonic() - begin)))

    async def _look(self) -> bool:
        """The door of the panel: a failure costs one look, never the page. False when it is worth another."""
        try:
            said = await self._judged(self._step)
            if said is not None and said != self._last:
                await self._tell({"t": "lesson", **said})
                self._last = said
        except Exception:
            logger.exception("cluster %s: step %s of %s could not be checked", self._cluster, self._step, self._lesson)
            return False
        return said is not None

    async def _judged(self, step: str) -> dict[str, Any] | None:
        checks = import_string(settings.DRYDOCK_STEP_CHECKS)(self._lesson, step)
        results: list[dict[str, Any]] = []
        if checks:
            told = await self._router.call(self._cluster, "query", {"kind": "check", "checks": checks})
            if not told.is_ok:
                logger.info("cluster %s: step %s waits, the cluster said %d", self._cluster, step, told.status)
                return None
            results = told.json()["reply"]["results"]
        record = database_sync_to_async(import_string(settings.DRYDOCK_STEP_RECORD))
        said: dict[str, Any] = await record(self._user, self._lesson, step, results)
        return said
