"""Where a run's figures go: CSV, TensorBoard, Weights & Biases, behind one interface."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from algorithms.checkpoint import write_atomically
from algorithms.errors import UserError


class Logger(Protocol):
    """Takes named scalars at a step."""

    def log(self, step: int, values: Mapping[str, float]) -> None: ...
    def close(self) -> None: ...


class CsvLogger:
    """One row a call; a key seen for the first time adds a column, and the file is written anew once for it.

    Killed at any moment, the file holds every row but perhaps the last, of which a part may stand at the end.
    """

    def __init__(self, path: Path, resume_at: int | None = None) -> None:
        self._path = path
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
        if added:
            self._columns += added
            self._file.close()
            self._rewrite()
        else:
            csv.DictWriter(self._file, self._columns, restval="").writerow(row)
            self._file.flush()

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
    """Scalars as TensorBoard event files in `folder`."""

    def __init__(self, folder: Path, resume_at: int | None = None) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder), purge_step=resume_at)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Add a point to each curve."""
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Flush and close."""
        self._writer.close()


class WandbLogger:
    """Scalars to Weights & Biases, and a run's last networks as an artefact (`WANDB_MODE=offline`: in `folder` only).

    A resumed run goes on as the same run there: its id is kept in `folder`.
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
    """Several loggers as one."""

    def __init__(self, loggers: Sequence[Logger]) -> None:
        self._loggers = list(loggers)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """To each of them."""
        for logger in self._loggers:
            logger.log(step, values)

    def close(self) -> None:
        """Each of them."""
        for logger in self._loggers:
            logger.close()
