"""Journal: everything a run says while it trains, on the terminal, in its log, in its report and to TensorBoard.

One process of a run has one, the first; it is called on the thread that trains. Nothing that happens here ends a
training: a disk that is full or a terminal that has gone is said once, and the run goes on.
"""

import contextlib
import logging
import os
import shutil
import statistics
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

import cv2

from lama_desktop.errors import Cancelled, LamaDesktopError
from lama_desktop.training.log import Entry, Kind, Log, State, read_log
from lama_desktop.training.report import REPORT, duration, write_report

logger = logging.getLogger(__name__)

GENERATOR_TERMS = ("l1", "adversarial", "feature_matching", "perceptual")
"""The weighted terms whose sum is the generator's loss; it is recorded as `total` unless it is given."""
SHORT = {
    "total": "loss",
    "l1": "l1",
    "adversarial": "adv",
    "feature_matching": "fm",
    "perceptual": "pl",
    "discriminator": "disc",
    "penalty": "r1",
}
"""What stands on the progress line, in this order; everything else is in the log."""
RECENT = 31
"""Intervals of the log from which the time left is estimated: their median, so that a busy moment does not count."""
PLAIN_EVERY = 30.0
"""Seconds between progress lines where the stream is no terminal."""
REPORT_EVERY = 60.0
"""Seconds between two writings of the report, and how many times longer than the writing takes they are at least."""
REPORT_SHARE = 50


class Journal:
    """Records a run.

    Use it as a context: leaving it says how the run ended. It finished if all steps were recorded, was stopped if not
    or by `Cancelled` or Ctrl+C, and failed with any other exception.

    Args:
        folder: the folder of the run; `log.jsonl` and `report.html` are written there.
        steps: how many steps there are to be.
        stream: where progress is shown; standard error by default.
        step: how many steps are done already. What the log tells of later ones is cut off.
        tensorboard: also write TensorBoard's files, into `tensorboard/`.
        clock: tells seconds; never goes back.
    """

    def __init__(
        self,
        folder: Path,
        steps: int,
        stream: TextIO | None = None,
        *,
        step: int = 0,
        tensorboard: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder, self.steps = folder, steps
        self._stream = sys.stderr if stream is None else stream
        self._clock = clock
        self._warned: set[str] = set()
        self._line = ""
        self._last_line = -PLAIN_EVERY
        self._report_due = 0.0
        self._step, self._mark = step, clock()
        self._pace: deque[float] = deque(maxlen=RECENT)
        self._broken: set[str] = set()
        self._closed = False
        self._log: Log | None = None
        self._writer: Any = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._log = Log(folder, step)
            self._broken = {name for entry in read_log(folder) for name in entry.names}
        except OSError as error:
            self._warn("log", f"The log of this run cannot be written ({error.strerror or error}): see to {folder}.")
        self._add(Entry(Kind.START, step, time.time(), steps=steps))
        if tensorboard:
            self._writer = self._open_tensorboard()
        self._mark = clock()

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say how the run ended, unless `close` has."""
        if error is None:
            self.close(State.FINISHED if self._step >= self.steps else State.STOPPED)
        elif isinstance(error, Cancelled | KeyboardInterrupt | SystemExit):
            self.close(State.STOPPED)
        else:
            text = str(error) if isinstance(error, LamaDesktopError) else f"{type(error).__name__}: {error}"
            self.close(State.FAILED, text)

    def record(self, step: int, values: Mapping[str, float], images: int) -> None:
        """Record the losses after a step, and show how far the run is.

        Args:
            step: how many steps are done.
            values: figures by name; weighted terms under the names of GENERATOR_TERMS.
            images: how many pictures were trained on since the last record, over all processes.
        """
        if "total" not in values and any(name in values for name in GENERATOR_TERMS):
            values = {"total": sum(values[name] for name in GENERATOR_TERMS if name in values), **values}
        now = self._clock()
        seconds = max(now - self._mark, 1e-9)
        if step > self._step:
            self._pace.append(seconds / (step - self._step))
        self._step, self._mark = step, now
        left = statistics.median(self._pace) * max(self.steps - step, 0) if self._pace else None
        speed = images / seconds
        self._add(Entry(Kind.TRAIN, step, time.time(), values, round(speed, 2), None if left is None else round(left)))
        self._scalars("train", step, {**values, "images_per_second": speed})
        self._show(_progress(step, self.steps, values, speed, left))
        if now >= self._report_due:
            self._write_report()

    def validated(self, step: int, values: Mapping[str, float], sheet: Path | None = None) -> None:
        """Record the figures of a validation, and the sheet of pictures that shows it."""
        shown = "" if sheet is None else os.path.relpath(sheet, self.folder).replace(os.sep, "/")
        self._add(Entry(Kind.VALIDATION, step, time.time(), values, sheet=shown))
        self._scalars("validation", step, values)
        self._picture("sheet", step, sheet)
        self._say(f"validation at {step:,}: " + "  ".join(f"{name} {value:.4g}" for name, value in values.items()))
        self._write_report()

    def note(self, step: int, text: str) -> None:
        """Record a sentence that a person who looks at the run ought to know."""
        self._add(Entry(Kind.NOTE, step, time.time(), text=text))
        self._say(text)

    def broken(self, step: int, names: Iterable[str]) -> None:
        """Record pictures that could not be used; each is listed once, however often it is met."""
        fresh = tuple(dict.fromkeys(name for name in names if name not in self._broken))
        if not fresh:
            return
        self._broken.update(fresh)
        self._add(Entry(Kind.BROKEN, step, time.time(), names=fresh))
        self._say(
            f"{', '.join(fresh[:3])}{' …' if len(fresh) > 3 else ''} cannot be used and "
            f"{'is' if len(fresh) == 1 else 'are'} skipped; broken so far: {len(self._broken)}, listed in {REPORT}."
        )

    @contextlib.contextmanager
    def pause(self, text: str = "") -> Iterator[None]:
        """Do not count the time inside the block as training; the progress line tells what is done meanwhile."""
        if text and self._is_terminal():
            self._draw(f"{self._line.split('  ')[0]}  {text} …")
        start = self._clock()
        try:
            yield
        finally:
            self._mark += self._clock() - start

    def close(self, state: State, text: str = "") -> None:
        """Say how the run ended; only the first call counts.

        Args:
            state: not RUNNING.
            text: why, as a sentence; for the log and the report, since the terminal shows the error itself.
        """
        if self._closed:
            return
        self._closed = True
        self._add(Entry(Kind.END, self._step, time.time(), text=text, state=state))
        self._say(f"{state} at step {self._step:,} of {self.steps:,}; the report: {self.folder / REPORT}")
        self._line = ""
        self._write_report()
        if self._writer is not None:
            with self._tensorboard():
                self._writer.close()

    def _add(self, entry: Entry) -> None:
        if self._log is None:
            return
        try:
            self._log.add(entry)
        except OSError as error:
            self._warn(
                "log",
                f"The log of this run cannot be written ({error.strerror or error}): make room on the disk. Training "
                "goes on, and what is missing is added when there is room.",
            )

    def _write_report(self) -> None:
        start = self._clock()
        try:
            write_report(self.folder)
        except LamaDesktopError as error:
            self._warn("report", f"{error} Training goes on.")
        except OSError as error:
            self._warn("report", f"The report cannot be written ({error.strerror or error}). Training goes on.")
        took = self._clock() - start
        self._mark += took
        self._report_due = self._clock() + max(REPORT_EVERY, REPORT_SHARE * took)

    def _warn(self, what: str, text: str) -> None:
        """Say that something went wrong, the first time that it does."""
        if what not in self._warned:
            self._warned.add(what)
            self._say(text)

    def _show(self, line: str) -> None:
        """Draw the progress line on a terminal; elsewhere print one now and then, and the last."""
        self._line = line
        if self._is_terminal():
            self._draw(line)
        elif self._clock() - self._last_line >= PLAIN_EVERY or self._step >= self.steps:
            self._last_line = self._clock()
            self._write(line + "\n")

    def _say(self, text: str) -> None:
        """Print a line; on a terminal the progress line goes on below it."""
        if self._is_terminal():
            self._write(f"\r\x1b[K{text}\n")
            self._draw(self._line)
        else:
            self._write(text + "\n")

    def _draw(self, line: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        self._write(f"\r{line if len(line) <= width else line[:width].rpartition('  ')[0]}\x1b[K" if line else "")

    def _write(self, text: str) -> None:
        # A terminal that was closed, or one that lacks a character, is no reason to stop.
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()

    def _is_terminal(self) -> bool:
        with contextlib.suppress(ValueError):
            return self._stream.isatty()
        return False

    def _open_tensorboard(self) -> Any:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            self.note(self._step, 'TensorBoard is not installed, so nothing is written for it: pip install ".[train]".')
            return None
        with self._tensorboard():
            return SummaryWriter(str(self.folder / "tensorboard"), purge_step=self._step + 1)
        return None

    def _scalars(self, group: str, step: int, values: Mapping[str, float]) -> None:
        if self._writer is not None:
            with self._tensorboard():
                for name, value in values.items():
                    self._writer.add_scalar(f"{group}/{name}", value, step)

    def _picture(self, name: str, step: int, path: Path | None) -> None:
        if self._writer is not None and path is not None:
            picture = cv2.imread(str(path))
            if picture is not None:
                with self._tensorboard():
                    self._writer.add_image(name, cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), step, dataformats="HWC")

    @contextlib.contextmanager
    def _tensorboard(self) -> Iterator[None]:
        """Give TensorBoard up when anything in it fails: it is somebody else's code, and only looks on."""
        try:
            yield
        except Exception as error:  # noqa: BLE001
            logger.warning("TensorBoard: %s", error)
            self._writer = None
            self._warn(
                "tensorboard", f"TensorBoard's files cannot be written ({error}). Training goes on without them."
            )


def _progress(step: int, steps: int, values: Mapping[str, float], speed: float, left: float | None) -> str:
    """Return the progress line; its parts are set apart by two blanks, so that a narrow terminal can drop the last."""
    parts = [f"{step:,}/{steps:,}", f"{step / max(steps, 1):.1%}"]
    if left is not None:
        parts.append(f"{duration(left)} left")
    parts.append(f"{speed:.1f} images/s" if speed < 100 else f"{speed:,.0f} images/s")
    parts += [f"{short} {values[name]:.3g}" for name, short in SHORT.items() if name in values]
    return "  ".join(parts)
