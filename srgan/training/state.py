"""What a run resumes from: `state.pt`, apart from the weights file that is deployed, and the state before it."""

import hashlib
import io
import json
import logging
import os
import pickle
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from srgan import options
from srgan.data.sources import Data, Source
from srgan.errors import ConfigError, MachineError, TrainingError
from srgan.files import write_bytes
from srgan.images.find import OF_RUNS
from srgan.models.model import Model
from srgan.training.config import TrainConfig

log = logging.getLogger(__name__)

NEWEST, BEFORE, DAMAGED = "state.pt", "state-before.pt", "state-damaged.pt"
ROLLBACKS = "rollbacks.json"

WEIGHTS = "model.safetensors"
"""What is deployed, in the folder of a run and in that of a fine-tuning."""

_FREE = ("log_every", "checkpoint_every", "validate_every", "device", "features", "tensorboard")


def folder_of(out: str | os.PathLike[str], data: Data) -> Path:
    """The folder of a run, made, and marked so that `find` passes over it: its sheets are no pictures to learn from.

    Raises:
        ConfigError: the pictures lie in that folder itself.
        TrainingError: weights lie there that no run there has made, or else there would be a log.
        MachineError: it cannot be made.
    """
    folder = Path(out)
    check_apart(folder, data)
    if (folder / WEIGHTS).exists() and not (folder / "log.jsonl").exists():
        raise TrainingError(f"{folder}: holds weights that no run there has made; choose another output")
    try:
        (folder / OF_RUNS).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MachineError(f"{folder}: cannot be made ({error.strerror}); choose another output") from error
    return folder


def check_apart(folder: Path, data: Data) -> None:
    """Checks that what is written does not go among the pictures to learn from.

    Raises:
        ConfigError: it would.
    """
    if isinstance(data, str | os.PathLike) and folder.is_dir() and Path(data).exists() and folder.samefile(data):
        raise ConfigError(f"{folder}: holds the pictures to learn from; choose another output")


def identity(model: Model, every: Sequence[Source], config: TrainConfig) -> dict[str, Any]:
    """What must be the same for a run to be the same run: the weights it starts from, its pictures, its settings."""
    settings = {name: value for name, value in options.record(config).items() if name not in _FREE}
    names = hashlib.sha256("\n".join(source.name for source in every).encode(errors="surrogateescape"))
    return {
        "task": {"name": model.task.name, **options.record(model.task)},
        "network": model.network,
        "starting weights": model.digest(),
        "fresh weights": model.fresh,
        "set of pictures": names.hexdigest(),
        **settings,
    }


class Checkpoints:
    """The states of one run in its folder, and how many times it has gone back to one.

    Args:
        who: the identity of the run.
    """

    def __init__(self, folder: Path, who: Mapping[str, Any]) -> None:
        self.folder, self.rollbacks = folder, 0
        self._who = who

    def save(self, state: Mapping[str, Any]) -> None:
        """Writes the state, whole or not at all; the one before is kept beside it."""
        buffer = io.BytesIO()
        torch.save({**state, "identity": json.dumps(self._who), "rollbacks": self.rollbacks}, buffer)
        newest, before = self.folder / NEWEST, self.folder / BEFORE
        if newest.exists():
            os.replace(newest, before)
        write_bytes(newest, buffer.getvalue())

    def newest(self) -> dict[str, Any] | None:
        """The newest state that is whole, or None where there is none.

        Raises:
            TrainingError: all that is there is damaged, or of a run with other settings.
        """
        state = self._newest_whole()
        reached, told = (0, 0) if state is None else (state["step"], state["rollbacks"])
        self.rollbacks = max(self.rollbacks, told, self._noted(reached))
        if state is not None:
            log.info("continues at step %d", reached)
        if self.rollbacks > told:  # which no checkpoint tells yet
            note = {"identity": _digest(self._who), "step": reached, "rollbacks": self.rollbacks}
            write_bytes(self.folder / ROLLBACKS, json.dumps(note).encode())
        return state

    def go_back(self, most: int, trouble: TrainingError) -> None:
        """Counts one return to the newest state.

        Raises:
            TrainingError: it would be more than `most`.
        """
        self.rollbacks += 1
        if self.rollbacks > most:
            raise TrainingError(f"{self.folder}: stopped after {most} rollbacks: {trouble}") from trouble
        log.warning("%s; goes back to the last checkpoint with learning rates / %d", trouble, 2**self.rollbacks)

    def _newest_whole(self) -> dict[str, Any] | None:
        damage: TrainingError | None = None
        for path in (self.folder / NEWEST, self.folder / BEFORE):
            if path.exists():
                try:
                    state = _load(path, self._who)
                except _DamagedError as error:
                    log.warning("%s", error)
                    damage = error
                    continue
                if damage is not None:  # or the next state would push the good one aside for the bad one
                    os.replace(self.folder / NEWEST, self.folder / DAMAGED)
                return state
        if damage is not None:
            raise damage
        return None

    def _noted(self, step: int) -> int:
        """How many times this run has gone back, as far as that was to `step` or before; or it was begun again."""
        try:
            note = json.loads((self.folder / ROLLBACKS).read_bytes())
            return int(note["rollbacks"]) if note["identity"] == _digest(self._who) and note["step"] <= step else 0
        except (FileNotFoundError, ValueError, LookupError, TypeError):
            return 0


def begun_for(folder: Path) -> int | None:
    """The steps that the run in a folder was begun for, or None where no state of it can be read."""
    for path in (folder / NEWEST, folder / BEFORE):
        if path.exists():
            try:
                return int(json.loads(_read(path)["identity"])["steps"])
            except _DamagedError:
                continue
    return None


def _digest(who: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(who).encode(errors="surrogateescape")).hexdigest()


class _DamagedError(TrainingError):
    """A state that cannot be read."""


def _read(path: Path) -> dict[str, Any]:
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        json.loads(state["identity"])
    except (RuntimeError, pickle.UnpicklingError, zipfile.BadZipFile, EOFError, LookupError, ValueError) as error:
        raise _DamagedError(f"{path}: damaged ({error}); delete it to begin again") from error
    return state


def _load(path: Path, who: Mapping[str, Any]) -> dict[str, Any]:
    state = _read(path)
    ours, told = json.loads(json.dumps(who)), json.loads(state["identity"])
    defaults = options.record(TrainConfig())  # of options that are younger than the run
    theirs = {name: defaults[name] for name in ours if name in defaults} | told
    if theirs != ours:
        different = sorted(key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key))
        what = ", ".join(different)
        raise TrainingError(
            f"{path} belongs to another run (different: {what}): give those as they were, or another --out; "
            f"--init {path.with_name(WEIGHTS)} begins with its weights"
        )
    return state
