"""The training loop: a folder of pictures becomes a model. Read it from top to bottom."""

from __future__ import annotations

import copy
import json
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from srgan.data.crops import check_pairs, pairs
from srgan.data.pictures import Pictures, load_pictures
from srgan.data.sources import Data, Source, sources
from srgan.engines.precision import choose_device, choose_numbers
from srgan.errors import MachineError, TrainingError
from srgan.evaluation.scoring import evaluate
from srgan.models.file import save
from srgan.models.model import Model
from srgan.training.adversary import Adversary
from srgan.training.augment import off_grid
from srgan.training.config import TrainConfig
from srgan.training.log import account, keep_until
from srgan.training.objective import Objective
from srgan.training.optimizer import Optimizer
from srgan.training.pace import Pace, steps_within
from srgan.training.schedule import averaging_at, learning_rate_at, warmup_of
from srgan.training.sheets import board, write_curves, write_sheet
from srgan.training.state import begun_for, identity, load_state, note_rollbacks, noted_rollbacks, save_state
from srgan.training.watch import UnhealthyError, Watch
from srgan.types import Batch, Observed

log = logging.getLogger(__name__)


def train(
    model: Model,
    data: Data,
    out: str | os.PathLike[str],
    config: TrainConfig | None = None,
    *,
    validation: Data | None = None,
    card: Mapping[str, object] | None = None,
    progress: bool = False,
) -> Model:
    """The model trained on the pictures of a folder; a fresh model learns from nothing, a loaded one is fine-tuned.

    Writes into `out`: `model.safetensors` (the averaged weights), `state.pt` (to resume from), `log.jsonl`, and to look
    at `curves.png` and `sheets/`. The same call continues a run that was interrupted, and ends where the uninterrupted
    run would have, bit for bit on a CPU.

    Args:
        data: a folder of pictures or tar shards, a tar file, or `Paired` folders.
        validation: the same; scored, and not trained on.
        card: what the weights file should say beside, such as "licence".
        progress: show a bar on stderr.

    Raises:
        TrainingError: `out` holds the state of a run with other settings, the data are unusable, or the run went wrong
            again and again (training/watch.py has the rules).
        ConfigError: pairs do not tell the task enough.
        NoPicturesError: no picture is large enough.
    """
    config = config or TrainConfig()
    began, out = time.perf_counter(), Path(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MachineError(f"{out}: cannot be made ({error.strerror}); choose another output") from error
    held_out = None if validation is None else sources(validation)
    every = sources(data)
    for given in (every, held_out or ()):
        check_pairs(model.task, given)
    side, scale = config.crop * model.task.scale, model.task.scale
    load = partial(load_pictures, data, smallest=side, memory=config.memory, scale=scale, seed=config.seed)
    pictures: Pictures | None = None
    if config.minutes:
        steps = begun_for(out)
        if steps is None:
            pictures = load()
            trial = partial(_trial, model, pictures, held_out)
            steps = steps_within(config.minutes, config, time.perf_counter() - began, trial)
        config = replace(config, steps=steps)
    if warmup_of(config) != config.warmup:
        log.warning("warmup=%d is not below steps=%d: %d steps instead", config.warmup, config.steps, warmup_of(config))
    who = identity(model, every, config)
    rollbacks = 0
    while True:
        state = load_state(out, who)
        reached, told = (0, 0) if state is None else (state["step"], state["rollbacks"])
        rollbacks = max(rollbacks, told, noted_rollbacks(out, who, reached))
        if rollbacks > told:
            note_rollbacks(out, who, reached, rollbacks)
        if pictures is None and (state is None or state["step"] < config.steps):
            pictures = load()
        try:
            return _run(
                copy.deepcopy(model), pictures, out, config, who, state, rollbacks, held_out, card or {}, progress
            )
        except UnhealthyError as trouble:
            rollbacks += 1
            if rollbacks > config.rollbacks:
                raise TrainingError(f"{out}: stopped after {config.rollbacks} rollbacks: {trouble}") from trouble
            log.warning("%s; goes back to the last checkpoint with learning rates / %d", trouble, 2**rollbacks)


def _trial(
    model: Model, pictures: Pictures, validation: Sequence[Source] | None, config: TrainConfig, out: Path
) -> None:
    _run(copy.deepcopy(model), pictures, out, config, {}, None, 0, validation, {}, False)


def _run(
    model: Model,
    pictures: Pictures | None,
    out: Path,
    config: TrainConfig,
    who: Mapping[str, Any],
    state: dict[str, Any] | None,
    rollbacks: int,
    validation: Sequence[Source] | None,
    card: Mapping[str, object],
    progress: bool,
) -> Model:
    """The averaged model after all steps, from `state` or the beginning; UnhealthyError where the run goes wrong."""
    device = choose_device(config.device)
    dtype = choose_numbers(device, config.precision, among=("fp32", "bf16")).dtype
    half = dtype is torch.bfloat16
    pace = 0.5**rollbacks

    model = model.to(device).train()
    average = copy.deepcopy(model).requires_grad_(False).eval()
    remembered: list[torch.Tensor] = list(average.parameters())
    optimizer = Optimizer(model.parameters(), config)
    objective = Objective(config, model.task.scale, device, dtype)
    adversary: Adversary | None = None
    if config.playing:
        channels = model.task.out_channels * (2 if config.conditional else 1)
        adversary = Adversary(config, channels, config.crop * model.task.scale, device, dtype)
    watch = Watch()
    scores: dict[str, float | None] = {}

    @torch.no_grad()
    def restore(observed: Observed) -> Batch:
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            restored: Batch = average(observed)
        return restored

    start, draws = 0, torch.Generator(device)
    if state is not None:
        start = state["step"]
        model.generator.load_state_dict(state["generator"])
        average.generator.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        watch.load_state_dict(state["watch"], afresh=rollbacks > state["rollbacks"])
        average.card = json.loads(state["card"])
        scores = average.card["training"]["validation"]
        if adversary is not None:
            adversary.load_state_dict(state["adversary"])
        log.info("continues at step %d", start)
    keep_until(out / "log.jsonl", start)
    if pictures is None:
        return average

    clock, estimate = time.perf_counter(), Pace(start, config.steps)
    with (
        tqdm(total=config.steps, initial=start, unit="step", disable=not progress, smoothing=0.05) as bar,
        board(out / "tensorboard", start, wanted=config.tensorboard) as show,
    ):
        for step, (*others, (observed, clean)) in enumerate(
            pairs(pictures, model.task, **config.sampling(), start=start, device=device), start + 1
        ):
            learning_rate = pace * learning_rate_at(step, config)
            roll = off_grid(config.seed, step)
            draws.manual_seed((config.seed * 1_000_003 + step) * 1009 - 1)
            clean = model.task.wanted(observed, clean, restore, draws)
            condition = model.task.condition(observed) if config.conditional else None
            hole = model.task.lost(observed)
            measured: dict[str, torch.Tensor] = {}
            turns: list[torch.Tensor] = []

            # The discriminator learns to tell real from restored...
            with torch.autocast(device.type, torch.bfloat16, enabled=half):
                restored = model(observed)
            if adversary is not None:
                for turn, (seen, real) in enumerate(others, 1):
                    real = model.task.wanted(seen, real, restore, draws)
                    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=half):
                        fake = model(seen)
                    beside = model.task.condition(seen) if config.conditional else None
                    beside, lost = _rolled(roll, beside, model.task.lost(seen))
                    turns.append(adversary.learn(roll(real), roll(fake), beside, step, turn, pace, lost)["skipped"])
                beside, lost = _rolled(roll, condition, hole)
                measured |= adversary.learn(roll(clean), roll(restored.detach()), beside, step, 0, pace, lost)
                turns.append(measured["skipped"])

            # ...and the generator to be taken for real.
            terms = objective.terms(restored, clean, condition, adversary, roll, hole)
            loss = torch.stack(list(terms.values())).sum()
            torch.autograd.backward(loss)
            norm = torch.nn.utils.clip_grad_norm_(model.parameters(), config.clip).detach()
            finite = torch.isfinite(loss) & torch.isfinite(norm)
            optimizer.step(learning_rate, finite)
            decay = averaging_at(step, config, fresh=model.fresh)
            torch._foreach_lerp_(remembered, [p.detach() for p in model.parameters()], 1 - decay)
            bar.update()
            estimate.step(step, loss)

            measured |= {"gradient": norm, "distance": (restored.detach() - clean).abs().mean()}
            measured["skipped"] = torch.stack([*turns, (~finite).float()]).amax()
            watch.add(terms, measured)
            if step % config.log_every and step != config.steps:
                continue

            # Above, Muon waits for the device to look at the gradient, as do the draws of some tasks; this does, too.
            line: dict[str, Any] = {"step": step, "learning_rate": learning_rate, "rollbacks": rollbacks}
            line |= watch.line(terms, restored.detach(), clean)
            line["steps_per_second"] = config.log_every / (time.perf_counter() - clock)
            if validation is not None and (step % config.validate_every == 0 or step == config.steps):
                metrics = ("psnr", "lpips") if config.playing else ("psnr",)
                where = {"device": config.device, "precision": config.precision}
                scores = evaluate(average, validation, metrics=metrics, baselines=False, **where)["mean"]
                line["validation"] = scores
                bar.set_postfix(scores)
            with (out / "log.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            show(line)

            if step % config.checkpoint_every == 0 or step == config.steps:
                training = account(config, step, pictures, scores, before=model.card.get("training"))
                licence = {"licence": model.card["licence"]} if "licence" in model.card else {}
                average.card = {"training": training, **licence, **card}
                save(average, out / "model.safetensors")
                save_state(
                    out,
                    step,
                    who,
                    generator=model.generator.state_dict(),
                    average=average.generator.state_dict(),
                    optimizer=optimizer.state_dict(),
                    watch=watch.state_dict(),
                    rollbacks=rollbacks,
                    card=json.dumps(average.card),
                    **({} if adversary is None else {"adversary": adversary.state_dict()}),
                )
                write_curves(out / "log.jsonl", out / "curves.png")
                if validation is not None:
                    sheet = out / "sheets" / f"step-{step:07d}.png"
                    write_sheet(average, validation, sheet, config.device, config.precision)
            if step == config.steps:
                break
            clock = time.perf_counter()
    return average


def _rolled(roll: Callable[[Tensor], Tensor], *beside: Tensor | None) -> list[Tensor | None]:
    """What is shown beside pictures, rolled as they are."""
    return [None if one is None else roll(one) for one in beside]
