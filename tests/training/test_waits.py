"""No step of training waits for the device: not to look at a number, nor to count, nor to copy one there."""

import threading
import warnings
from dataclasses import replace

import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from srgan.models.model import Model
from srgan.tasks import TASKS
from srgan.training import loop
from srgan.training.adversary import Adversary
from srgan.training.config import TrainConfig
from srgan.training.games import GAMES
from srgan.training.losses import LOSSES
from srgan.training.watch import Watch
from tests.conftest import SMALL_TASKS, shown

every_task = pytest.mark.parametrize("task", TASKS)

QUICK = {
    "batch": 4,
    "crop": 32,
    "precision": "fp32",
    "steps": 2,
    "log_every": 2,
    "checkpoint_every": 2,
    "validate_every": 2,
}
CROPS = {"upscale": 16, "generate": 8}
PLAYING = {
    **{"adversarial": 0.1, "feature_matching": 0.1, "discriminator_width": 4, "discriminator_depth": 2},
    **{"discriminator_steps": 2, "conditional": True, "augment": True, "r1": 0.1, "r1_every": 1},
}

RELATIVE = [name for name, game in sorted(GAMES.items()) if game.relative]  # whose means are over all of a batch
LOOKS = {"item", "tolist", "numpy", "cpu", "__bool__", "__int__", "__float__", "__index__", "__array__", "nonzero"}
COPIES = {"new_tensor", "tensor", "as_tensor", "from_numpy"}
READS = {
    "_local_scalar_dense",
    "nonzero",
    "is_nonzero",
    "masked_select",
    "equal",
    "linalg_inv_ex",
    "_linalg_check_errors",
}


class Looks(TorchFunctionMode):
    """What is called by name that a GPU would make the program wait for."""

    def __init__(self, seen):
        super().__init__()
        self.seen = seen

    def __torch_function__(self, function, types, arguments=(), options=None):
        name = getattr(function, "__name__", "")
        if name in LOOKS | COPIES:
            self.seen.append(name)
        return function(*arguments, **(options or {}))


class Reads(TorchDispatchMode):
    """What is called below that, such as for choosing by a tensor of truth values."""

    def __init__(self, seen):
        super().__init__()
        self.seen = seen

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        name = function.overloadpacket.__name__
        chosen = arguments[1] if name in ("index", "index_put", "index_put_", "_index_put_impl_") else ()
        if name in READS or any(one is not None and one.dtype in (torch.bool, torch.uint8) for one in chosen):
            self.seen.append(name)
        return function(*arguments, **(options or {}))


@pytest.fixture
def waits(monkeypatch):
    """What was waited for between the moment a batch is there and the end of its step."""
    seen, modes = [], []
    made, end = loop.pairs, Watch.add

    def batches(*arguments, **options):
        for batch in made(*arguments, **options):
            modes.extend([Looks(seen), Reads(seen)])
            for mode in modes:
                mode.__enter__()
            yield batch

    def add(watch, *arguments):
        end(watch, *arguments)
        while modes:
            modes.pop().__exit__(None, None, None)

    monkeypatch.setattr(loop, "pairs", batches)
    monkeypatch.setattr(Watch, "add", add)
    return seen


def fresh(task):
    told = {"told": 1.0} if task == "denoise" else {}  # so that the model is asked what it makes of other noise
    return Model(
        TASKS[task](**told, **SMALL_TASKS.get(task, {})), {"name": "compact", "width": 16, "depth": 2, "fold": 1}
    )


@every_task
@pytest.mark.parametrize("game", [{}, *({**PLAYING, "game": game} for game in RELATIVE)], ids=["none", *RELATIVE])
def test_no_step_waits_for_the_device(photos, tmp_path, waits, task, game):
    losses = {name: 0.1 for name in LOSSES if name not in ("consistency", "checkerboard") or task == "upscale"}
    config = TrainConfig(**{**QUICK, "crop": CROPS.get(task, 32)}, **losses, **game, device="cpu")

    loop.train(fresh(task), shown(task, photos), tmp_path, config)

    assert waits == []


def test_what_waits_is_noticed(photos, tmp_path, waits, monkeypatch):
    learn = Adversary.learn

    def looking(adversary, real, *arguments):
        adversary.told = [real.mean().item(), bool(real.any()), real[real > 0.5], real.flatten()[:2].tolist()]
        return learn(adversary, real, *arguments)

    monkeypatch.setattr(Adversary, "learn", looking)
    config = TrainConfig(**QUICK, **PLAYING | {"discriminator_steps": 1}, device="cpu")

    loop.train(fresh("denoise"), photos, tmp_path, config)

    assert {"item", "__bool__", "index", "tolist"} <= set(waits)


@pytest.mark.gpu
@every_task
@pytest.mark.parametrize("game", [{}, PLAYING], ids=["none", "relativistic"])
def test_no_step_waits_for_a_gpu(photos, tmp_path, monkeypatch, task, game):
    waits, ends, main, end = [], [], threading.get_ident(), Watch.add
    config = TrainConfig(**{**QUICK, "crop": CROPS.get(task, 32)}, **game, device="cuda")
    config = replace(config, steps=6, log_every=6, checkpoint_every=6, validate_every=6)

    def told(message, *arguments, **options):
        if threading.get_ident() == main and "synchronizing CUDA operation" in str(message):
            waits.append((len(ends), str(message)))

    def add(watch, *arguments):
        end(watch, *arguments)
        ends.append(1)

    monkeypatch.setattr(Watch, "add", add)
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = told
            loop.train(fresh(task), shown(task, photos), tmp_path, config)
    finally:
        torch.cuda.set_sync_debug_mode("default")

    assert [wait for wait in waits if 2 <= wait[0] < config.steps] == []  # the first steps fill caches
