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
from srgan.data.sources import Source
from srgan.errors import TrainingError
from srgan.files import write_bytes
from srgan.models.model import Model
from srgan.training.config import TrainConfig

log = logging.getLogger(__name__)

NEWEST, BEFORE, DAMAGED = "state.pt", "state-before.pt", "state-damaged.pt"
ROLLBACKS = "rollbacks.json"

_FREE = ("log_every", "checkpoint_every", "validate_every", "device", "features", "tensorboard")


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


def save_state(folder: Path, step: int, who: Mapping[str, Any], **parts: Any) -> None:
    """Writes the state after `step` updates, whole or not at all; the one before is kept beside it."""
    buffer = io.BytesIO()
    torch.save({"step": step, "identity": json.dumps(who), **parts}, buffer)
    newest, before = folder / NEWEST, folder / BEFORE
    if newest.exists():
        os.replace(newest, before)
    write_bytes(newest, buffer.getvalue())


def load_state(folder: Path, who: Mapping[str, Any]) -> dict[str, Any] | None:
    """The newest state that is whole, or None where there is none.

    Raises:
        TrainingError: all that is there is damaged, or of a run with other settings.
    """
    damage: TrainingError | None = None
    for path in (folder / NEWEST, folder / BEFORE):
        if path.exists():
            try:
                state = _load(path, who)
            except _DamagedError as error:
                log.warning("%s", error)
                damage = error
                continue
            if damage is not None:  # or the next state would push the good one aside for the bad one
                os.replace(folder / NEWEST, folder / DAMAGED)
            return state
    if damage is not None:
        raise damage
    return None


def begun_for(folder: Path) -> int | None:
    """The steps that the run in a folder was begun for, or None where no state of it can be read."""
    for path in (folder / NEWEST, folder / BEFORE):
        if path.exists():
            try:
                return int(json.loads(_read(path)["identity"])["steps"])
            except _DamagedError:
                continue
    return None


def note_rollbacks(folder: Path, who: Mapping[str, Any], step: int, rollbacks: int) -> None:
    """Writes down that the run went back to `step` for so many times, which no checkpoint tells yet."""
    note = {"identity": _digest(who), "step": step, "rollbacks": rollbacks}
    write_bytes(folder / ROLLBACKS, json.dumps(note).encode())


def noted_rollbacks(folder: Path, who: Mapping[str, Any], step: int) -> int:
    """How many times this run has gone back, as far as it was to `step` or before; else it was begun again since."""
    try:
        note = json.loads((folder / ROLLBACKS).read_bytes())
        return int(note["rollbacks"]) if note["identity"] == _digest(who) and note["step"] <= step else 0
    except (FileNotFoundError, ValueError, LookupError, TypeError):
        return 0


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
    ours, theirs = json.loads(json.dumps(who)), json.loads(state["identity"])
    if theirs != ours:
        different = sorted(key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key))
        what = ", ".join(different)
        raise TrainingError(
            f"{path} belongs to another run (different: {what}): give those as they were, or another --out"
        )
    return state
