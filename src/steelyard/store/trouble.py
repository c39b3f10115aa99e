"""What does the log say while the database is away, or a disk is full?

One line when it begins, one a minute while it lasts, one when it is over; whoever asks meanwhile is refused, and
need not write it down as well.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

log = logging.getLogger("steelyard.store")
SAID_EVERY_S = 60.0


class Trouble:
    """Of one database. Until it has worked once it is not spoken of: whoever opens it is told by the error."""

    def __init__(self, *, worked: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._worked = worked
        self._said_at: float | None = None  # None: there is none

    def met(self, message: str) -> None:
        """Something could not be done, by no fault of ours."""
        with self._lock:
            now = self._clock()
            if not self._worked or (self._said_at is not None and now - self._said_at < SAID_EVERY_S):
                return
            self._said_at = now
        log.error("%s; requests are refused until that is over", message)

    def over(self) -> None:
        """Something was written. Costs nothing while all is well."""
        if self._worked and self._said_at is None:
            return
        with self._lock:
            was, self._worked, self._said_at = self._said_at, True, None
        if was is not None:
            log.warning("what could not be written can be written again")
