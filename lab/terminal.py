"""How training shows itself on a terminal: one line a stage that fills, or plain lines where nobody watches."""

import sys
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from satipatthana.train.records import StepRecord

CELLS = 24
REFRESH_S = 0.1
PARTS = 5  # plain lines a stage


class StageBar:
    """The progress of one stage: `show` after every step, `end` at the end."""

    def __init__(self, title: str, done: int, until: int, out: TextIO | None = None) -> None:
        """From step `done` to step `until` of the stage."""
        self._title, self._first, self._until = title, done, until
        self._out = out or sys.stderr
        self._live = self._out.isatty()
        self._began = time.monotonic()
        self._drawn = float("-inf")
        self._part = self._taken = 0
        if not self._live:
            self._say(f"{title}: steps {done} to {until}")

    def show(self, record: "StepRecord") -> None:
        """One more step was taken."""
        self._taken += 1
        done, total = self._taken, self._until - self._first
        now = time.monotonic()
        if self._live:
            if now - self._drawn >= REFRESH_S or done == total:
                self._drawn = now
                self._out.write("\r" + self._line(record, now) + "\x1b[K")
                self._out.flush()
        elif done * PARTS // total > self._part:
            self._part = done * PARTS // total
            self._say("  " + self._figures(record, now))

    def end(self) -> float:
        """Closes the line; returns the seconds it took."""
        if self._live:
            self._say("")
        return time.monotonic() - self._began

    def _line(self, record: "StepRecord", now: float) -> str:
        share = self._taken / (self._until - self._first)
        filled = round(CELLS * share)
        return f"{self._title:<30} {'█' * filled}{'░' * (CELLS - filled)} {self._figures(record, now)}"

    def _figures(self, record: "StepRecord", now: float) -> str:
        step = self._first + self._taken
        speed = self._taken / max(now - self._began, 1e-9)
        left = (self._until - step) / speed
        width = len(str(self._until))
        return (
            f"{step:>{width}}/{self._until}  loss {record.losses['total']:.4f}  {speed:.1f} steps/s  {left:.0f} s left"
        )

    def _say(self, text: str) -> None:
        print(text, file=self._out, flush=True)
