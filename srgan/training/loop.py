"""The training loop: a folder of pictures becomes a model. Read it from top to bottom."""

from __future__ import annotations

import copy
import json
import logging
import math
import os
import time
from collections.abc import Mapping
from pathlib import Path

import torch
from tqdm import tqdm

from srgan import options
from srgan.data import Pictures, load_pictures, pairs
from srgan.engines.precision import choose_device, choose_dtype
from srgan.errors import MachineError
from srgan.evaluation import evaluate
from srgan.images import write_bytes
from srgan.losses import LOSSES
from srgan.model import Model, save
from srgan.training.config import TrainConfig
from srgan.training.optimizer import Optimizer
from srgan.training.state import identity, load_state, save_state

log = logging.getLogger(__name__)


def train(
    model: Model,
    data: str | os.PathLike[str],
    out: str | os.PathLike[str],
    config: TrainConfig | None = None,
    *,
    validation: str | os.PathLike[str] | None = None,
    card: Mapping[str, object] | None = None,
    progress: bool = False,
) -> Model:
    """The model trained on the pictures of a folder; a fresh model learns from nothing, a loaded one is fine-tuned.

    Writes into `out`: `model.safetensors` (the averaged weights), `state.pt` (to resume from) and `log.jsonl`. The same
    call continues a run that was interrupted, and ends where the uninterrupted run would have, bit for bit on a CPU.

    Args:
        data: a folder of pictures or tar shards, or a tar file.
        validation: a folder of pictures whose PSNR is logged; they are not trained on.
        card: what the weights file should say beside, such as "licence".
        progress: show a bar on stderr.

    Raises:
        TrainingError: `out` holds the state of a run with other settings, or the data are unusable.
        NoPicturesError: no picture is large enough.
    """
    config = config or TrainConfig()
    out = Path(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MachineError(f"{out}: cannot be made ({error.strerror}); choose another output") from error
    device = choose_device(config.device)
    half = choose_dtype(device, config.precision) is torch.bfloat16
    who = identity(model, config)

    model = model.to(device).train()
    average = copy.deepcopy(model).requires_grad_(False).eval()
    remembered: list[torch.Tensor] = list(average.parameters())
    optimizer = Optimizer(model.parameters(), config)

    start = 0
    state = load_state(out / "state.pt", who)
    if state is not None:
        start = state["step"]
        model.generator.load_state_dict(state["generator"])
        average.generator.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        log.info("continues at step %d", start)
    _keep_log_until(out / "log.jsonl", start)
    if start >= config.steps:
        return average

    pictures = load_pictures(data, smallest=config.crop * model.task.scale, memory=config.memory)
    scores: dict[str, float | None] = {}
    sums = {name: torch.zeros((), device=device) for name in config.objective}
    clock = time.perf_counter()
    bar = tqdm(total=config.steps, initial=start, unit="step", disable=not progress, smoothing=0.05)

    for step, (observed, clean) in enumerate(
        pairs(pictures, model.task, config, start=start, device=device), start + 1
    ):
        learning_rate = learning_rate_at(step, config)
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            restored = model(observed)
        terms = {name: weight * LOSSES[name](restored, clean) for name, weight in config.objective.items()}
        torch.autograd.backward(torch.stack(list(terms.values())).sum())
        torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip)
        optimizer.step(learning_rate)
        decay = min(config.ema, (1 + step) / (10 + step))  # young weights are not worth remembering
        torch._foreach_lerp_(remembered, [p.detach() for p in model.parameters()], 1 - decay)
        bar.update()

        # Nothing above waits for the device; reading the sums does.
        for name, term in terms.items():
            sums[name] += term.detach()
        if step % config.log_every and step != config.steps:
            continue
        line: dict[str, object] = {"step": step, "learning_rate": learning_rate}
        line |= {name: total.item() / config.log_every for name, total in sums.items()}
        sums = {name: torch.zeros((), device=device) for name in sums}
        line["steps_per_second"] = config.log_every / (time.perf_counter() - clock)

        if validation is not None and (step % config.validate_every == 0 or step == config.steps):
            result = evaluate(average, validation, metrics=("psnr",), baselines=False)
            scores = {"psnr": result["mean"]["psnr"]}
            line["validation"] = scores
            bar.set_postfix(psnr=scores["psnr"])
        with (out / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

        if step % config.checkpoint_every == 0 or step == config.steps:
            training = _account(config, step, pictures, scores, before=model.card.get("training"))
            licence = {"licence": model.card["licence"]} if "licence" in model.card else {}
            save(average, out / "model.safetensors", card={"training": training, **licence, **(card or {})})
            save_state(
                out / "state.pt",
                step,
                who,
                generator=model.generator.state_dict(),
                average=average.generator.state_dict(),
                optimizer=optimizer.state_dict(),
            )
        if step == config.steps:
            break
        clock = time.perf_counter()
    bar.close()
    return average


def learning_rate_at(step: int, config: TrainConfig) -> float:
    """A linear warm-up, then half a cosine (Loshchilov and Hutter 2017, SGDR, arXiv:1608.03983, Eq. 5)."""
    if step <= config.warmup:
        return config.learning_rate * step / config.warmup
    done = (step - config.warmup) / max(1, config.steps - config.warmup)
    span = config.learning_rate - config.final_learning_rate
    return config.final_learning_rate + span * (1 + math.cos(math.pi * done)) / 2


def _account(
    config: TrainConfig, step: int, pictures: Pictures, scores: Mapping[str, float | None], before: object
) -> dict[str, object]:
    """What the weights file says of how it was made; `before` is the same of the weights it started from, or None."""
    data = {"pictures": len(pictures.pictures), "megapixels": round(pictures.megapixels, 1), "bad": len(pictures.bad)}
    account = {"step": step, "config": options.record(config), "data": data, "validation": dict(scores)}
    return account if before is None else {**account, "before": before}


def _keep_log_until(path: Path, step: int) -> None:
    """Drops the lines that a killed run wrote after its last checkpoint."""
    if path.exists():
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= step]
        write_bytes(path, "".join(kept).encode())
