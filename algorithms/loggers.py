"""Where a run's figures go: CSV, TensorBoard, Weights & Biases, behind one interface."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from algorithms.checkpoint import write_atomically
from algorithms.errors import UserError
from algorithms.tolerance import Tolerance


class Logger(Protocol):
    """Takes named scalars at a step; whatever `log` has returned from outlives this process."""

    def log(self, step: int, values: Mapping[str, float]) -> None: ...
    def close(self) -> None: ...


class CsvLogger:
    """One row a call; a key seen for the first time adds a column, and the file is written anew once for it.

    Killed at any moment, the file holds every row but perhaps the last, of which a part may stand at the end. Rows that
    found no place on the disk are written when there is some again.
    """

    def __init__(self, path: Path, resume_at: int | None = None) -> None:
        self._path = path
        self._torn = False  # a row may be missing or stand there in part
        self._columns: list[str] = ["step"]
        self._rows: list[dict[str, Any]] = []
        if resume_at is not None and path.is_file():
            whole = [line for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]
            reader = csv.DictReader(whole)
            self._columns = list(reader.fieldnames or self._columns)
            # Rows after the saved state belong to work that was lost and will be done again.
            self._rows = [row for row in reader if int(row["step"]) <= resume_at]
        self._rewrite()

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Append a row."""
        row = {"step": step, **values}
        self._rows.append(row)
        added = [key for key in values if key not in self._columns]
        self._columns += added
        whole, self._torn = not (added or self._torn), True
        if whole:
            csv.DictWriter(self._file, self._columns, restval="").writerow(row)
            self._file.flush()
        else:
            with suppress(OSError):  # what it still holds back stands in the new file
                self._file.close()
            self._rewrite()
        self._torn = False

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _rewrite(self) -> None:
        write_atomically(self._path, self._write)
        self._file = self._path.open("a", newline="")

    def _write(self, path: Path) -> None:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, self._columns, restval="")
            writer.writeheader()
            writer.writerows(self._rows)


class TensorBoardLogger:
    """Scalars as TensorBoard event files in `folder`; after a failure they go on in a new file."""

    def __init__(self, folder: Path, resume_at: int | None = None) -> None:
        self._folder = folder
        self._unwritten: list[tuple[int, dict[str, float]]] = []
        # Points after the saved state belong to work that was lost and will be done again.
        self._writer: Any = self._open(None if resume_at is None else resume_at + 1)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Add a point to each curve."""
        self._unwritten.append((step, dict(values)))
        writer, self._writer = self._writer, None  # one that has failed cannot be used any more
        if writer is None:
            writer = self._open(self._unwritten[0][0])
        for at, row in self._unwritten:
            for name, value in row.items():
                writer.add_scalar(name, value, at)
        writer.flush()
        self._unwritten.clear()
        self._writer = writer

    def close(self) -> None:
        """Close the file."""
        if self._writer is not None:
            self._writer.close()

    def _open(self, purge_step: int | None) -> Any:
        """A new file, which supersedes points from `purge_step` on."""
        from torch.utils.tensorboard import SummaryWriter

        return SummaryWriter(str(self._folder), purge_step=purge_step)


class WandbLogger:
    """Scalars to Weights & Biases, and a run's last networks as an artefact (`WANDB_MODE=offline`: in `folder` only).

    A resumed run goes on as the same run there: its id is kept in `folder`. If its process is killed, its curves end
    there until the run is resumed.
    """

    def __init__(
        self, folder: Path, project: str, entity: str | None, name: str, config: Mapping[str, Any],
        resume_at: int | None = None,
    ) -> None:  # fmt: skip
        try:
            import wandb
        except ImportError as error:
            raise UserError("wandb is not installed: pip install wandb, or set disable_wandb=True") from error
        self._wandb, self._folder = wandb, folder
        kept = folder / "wandb_id.txt"
        known = kept.read_text().strip() if resume_at is not None and kept.is_file() else None
        self._run = wandb.init(
            project=project, entity=entity, name=name, dir=str(folder), config=dict(config), id=known,
            resume="allow" if known else None,
        )  # fmt: skip
        write_atomically(kept, lambda path: path.write_text(self._run.id))

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Send one row."""
        self._run.log(dict(values), step=step)

    def close(self) -> None:
        """Send the networks of the end, and finish the run."""
        final = self._folder / "model" / "final"
        if final.is_dir():
            networks = self._wandb.Artifact(f"networks-{self._run.id}", type="model")
            networks.add_dir(str(final))
            self._run.log_artifact(networks)
        self._run.finish()


class Loggers:
    """Several loggers as one, which does without those that fail."""

    def __init__(self, loggers: Sequence[Logger]) -> None:
        self._loggers = list(loggers)
        self._tolerance = Tolerance()

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """To each of them."""
        for logger in self._loggers:
            with self._tolerance.of(f"logging with {type(logger).__name__}"):
                logger.log(step, values)

    def close(self) -> None:
        """Each of them."""
        for logger in self._loggers:
            with self._tolerance.of(f"closing {type(logger).__name__}"):
                logger.close()
