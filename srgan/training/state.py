"""What a run resumes from: `state.pt`, apart from the weights file that is deployed."""

import io
import json
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from srgan import options
from srgan.errors import TrainingError
from srgan.images import write_bytes
from srgan.model import Model
from srgan.training.config import TrainConfig

_FREE = ("log_every", "checkpoint_every", "validate_every", "device", "memory")


def identity(model: Model, config: TrainConfig) -> dict[str, Any]:
    """What must be the same for a run to be the same run."""
    settings = {name: value for name, value in options.record(config).items() if name not in _FREE}
    return {"task": {"name": model.task.name, **options.record(model.task)}, "network": model.network, **settings}


def save_state(path: Path, step: int, who: Mapping[str, Any], **parts: Mapping[str, Any]) -> None:
    """Writes the state after `step` updates, whole or not at all."""
    buffer = io.BytesIO()
    torch.save({"step": step, "identity": json.dumps(who), **parts}, buffer)
    write_bytes(path, buffer.getvalue())


def load_state(path: Path, who: Mapping[str, Any]) -> dict[str, Any] | None:
    """The state to resume from, or None where there is none.

    Raises:
        TrainingError: the state is damaged, or of a run with other settings.
    """
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        theirs = json.loads(state["identity"])
    except (RuntimeError, pickle.UnpicklingError, zipfile.BadZipFile, EOFError, KeyError, ValueError) as error:
        raise TrainingError(f"{path}: damaged ({error}); delete it to begin again") from error
    ours = json.loads(json.dumps(who))
    if theirs != ours:
        different = sorted(key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key))
        raise TrainingError(
            f"{path} belongs to a run with another {', '.join(different)}: give those as they were, or another --out"
        )
    return state
