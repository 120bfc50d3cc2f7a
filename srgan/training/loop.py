"""The training loop: a folder of pictures becomes a model. Read it from top to bottom.

data -> discriminator's step -> generator's step -> average -> watch -> log -> validate -> checkpoint

What each player minimises is in games.py and losses.py; R1 is added in adversary.py; and what of all this is kept from
step to step is in run.py.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from srgan import options
from srgan.data.crops import check_comparable, check_pairs, pairs
from srgan.data.pictures import Pictures, load_pictures
from srgan.data.prefetch import prefetched
from srgan.data.sources import Data, Source, sources, usable
from srgan.errors import ConfigError, NoPicturesError
from srgan.evaluation.scoring import evaluate
from srgan.models.file import check_card, save
from srgan.models.model import Model, check_ours
from srgan.training.augment import off_grid
from srgan.training.config import TrainConfig
from srgan.training.log import Log, account
from srgan.training.pace import steps_within
from srgan.training.run import Run
from srgan.training.schedule import averaging_at, check_warmup, learning_rate_at
from srgan.training.sheets import write_curves, write_sheet
from srgan.training.state import WEIGHTS, Checkpoints, begun_for, folder_of, identity
from srgan.training.together import together
from srgan.training.watch import UnhealthyError


@dataclass(frozen=True)
class _Given:
    """What a run is given beside its configuration: where to begin, what to learn from and to be scored on."""

    model: Model
    every: Sequence[Source]
    pictures: Callable[[], Pictures]
    validation: Sequence[Source] | None
    card: Mapping[str, object]
    progress: bool


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
        validation: the same; scored, and not trained on. What cannot be read is left out, with a warning.
        card: what the weights file should say beside, such as "licence".
        progress: show a bar on stderr.

    Raises:
        TrainingError: `out` holds a run with other settings, or weights of none; the data are unusable; or the run went
            wrong again and again (training/watch.py has the rules).
        ConfigError: pairs do not tell the task enough, `out` is the folder of the pictures, or the card cannot be
            written.
        NoPicturesError: no picture is large enough, or none to be scored on can be used.
    """
    check_ours(model)
    check_card(card or {})
    if card and "training" in card:
        raise ConfigError("card: the run itself says its training: choose another name")
    began, config = time.perf_counter(), options.checked(config, TrainConfig)
    folder = folder_of(out, data)
    given = _gathered(model, data, config, validation, card or {}, progress)
    with together(config.device) as processes:
        processes.check(config.batch, config.minutes)
        if config.minutes:
            config = replace(config, steps=_steps_within(config.minutes, given, config, folder, began))
        check_warmup(config)
        checkpoints = Checkpoints(folder, identity(model, given.every, config))
        return _learn_again(given, config, checkpoints)


def _gathered(
    model: Model,
    data: Data,
    config: TrainConfig,
    validation: Data | None,
    card: Mapping[str, object],
    progress: bool,
) -> _Given:
    side, scale = config.crop * model.task.scale, model.task.scale
    every, held_out = sources(data), None if validation is None else sources(validation)
    check_pairs(model.task, every)
    if held_out is not None:
        check_comparable(model.task, held_out)
        held_out = usable(held_out, scale, smallest=scale)  # or the first validation would end the run
        if not held_out:
            raise NoPicturesError("no picture to be scored on can be used; the warnings above say why")
    pictures = cache(
        partial(load_pictures, data, smallest=side, memory=config.memory, scale=scale, seed=config.seed)
    )  # which a finished run does not need
    return _Given(model, every, pictures, held_out, card, progress)


def _steps_within(minutes: float, given: _Given, config: TrainConfig, folder: Path, began: float) -> int:
    """How many steps the time from `began` on is enough for: as a run said that was begun, else tried out."""
    steps = begun_for(folder)
    if steps is None:
        given.pictures()
        steps = steps_within(minutes, config, time.perf_counter() - began, partial(_trial, given))
    return steps


def _trial(given: _Given, config: TrainConfig, out: Path) -> None:
    _learn(replace(given, card={}, progress=False), config, Checkpoints(out, {}))


def _learn_again(given: _Given, config: TrainConfig, checkpoints: Checkpoints) -> Model:
    """The averaged model after all steps; from an earlier checkpoint once more wherever the run goes wrong."""
    while True:
        try:
            return _learn(given, config, checkpoints)
        except UnhealthyError as trouble:
            checkpoints.go_back(config.rollbacks, trouble)


def _learn(given: _Given, config: TrainConfig, checkpoints: Checkpoints) -> Model:
    """The averaged model after all steps, from the last checkpoint on; UnhealthyError where the run goes wrong."""
    run = _resumed(given.model, config, checkpoints)
    adversary, average, pace = run.adversary, run.average, 0.5**checkpoints.rollbacks
    log = Log(checkpoints.folder, config, run.step, progress=given.progress, writes=run.together.first)
    if run.step == config.steps:
        return average

    batches = pairs(given.pictures(), run.model.task, **config.sampling(), start=run.step, device=run.device)
    with log:
        for *others, pair in prefetched(batches, run.device) if run.device.type == "cuda" else batches:
            step = run.step = run.step + 1
            roll = off_grid(config.seed, step, config.off_grid)
            seen = run.lesson(pair)
            restored = run.restored(seen.observed)
            measured: dict[str, Tensor] = {}
            skipped: list[Tensor] = []

            # The discriminator learns to tell real from restored, on batches of its own where it learns more often...
            if adversary is not None:
                for turn, one in enumerate((*map(run.lesson, others), seen), 1):
                    with torch.no_grad():
                        fake = restored.detach() if one is seen else run.restored(one.observed)
                    looked_at = (roll(one.clean), roll(fake), roll(one.condition), roll(one.hole))
                    measured = adversary.learn(*looked_at, step, turn % config.discriminator_steps, pace)
                    skipped.append(measured["skipped"])

            # ...and the generator to restore what was lost, and to be taken for real.
            terms = run.objective.terms(restored, seen.clean, seen.condition, adversary, roll, seen.hole)
            loss = torch.stack(list(terms.values())).sum()
            torch.autograd.backward(loss)
            loss = run.together.average(run.model.parameters(), loss)
            norm = torch.nn.utils.clip_grad_norm_(run.model.parameters(), config.clip).detach()
            finite = torch.isfinite(loss) & torch.isfinite(norm)
            learning_rate = pace * learning_rate_at(step, config)
            run.optimizer.step(learning_rate, finite)

            # What is kept is the average of the weights.
            decay = averaging_at(step, config, fresh=run.model.fresh)
            torch._foreach_lerp_(average.numbers(), run.model.numbers(), 1 - decay)

            measured |= {"gradient": norm, **run.model.task.compared(restored.detach(), seen.clean)}
            measured["skipped"] = torch.stack([*skipped, (~finite).float()]).amax()
            run.watch.add(terms, measured)
            log.tick(step, loss)
            if step % config.log_every and step != config.steps:
                continue  # up to here, nothing has waited for the device

            line: dict[str, Any] = {"step": step, "learning_rate": learning_rate, "rollbacks": checkpoints.rollbacks}
            line |= run.watch.line(terms, restored.detach(), seen.clean)
            line["steps_per_second"] = log.rate(step)
            if run.together.first:
                if given.validation is not None and _due(step, config.validate_every, config):
                    run.scores = line["validation"] = _scores(average, given.validation, config)
                log.write(line)
                if _due(step, config.checkpoint_every, config):
                    _keep(run, given, config, checkpoints, log.path)
            if step == config.steps:
                break
            log.resume(step)
    return average


def _keep(run: Run, given: _Given, config: TrainConfig, checkpoints: Checkpoints, log: Path) -> None:
    """Writes the averaged weights, what the run resumes from, and what there is to look at."""
    folder, average = checkpoints.folder, run.average
    average.card = _card(run, given, config)
    save(average, folder / WEIGHTS)
    checkpoints.save(run.state_dict())
    write_curves(log, folder / "curves.png")
    sheet = folder / "sheets" / f"step-{run.step:07d}.png"
    write_sheet(average, given.validation, sheet, **config.judging(average.generator))


def _resumed(model: Model, config: TrainConfig, checkpoints: Checkpoints) -> Run:
    """A run as its last checkpoint left it, or at its beginning."""
    run = Run(model, config)
    with run.together.in_turn():  # the first sets aside what is damaged
        state = checkpoints.newest()
    if state is not None:
        run.load_state_dict(state)
        if checkpoints.rollbacks > state["rollbacks"]:
            run.watch.be_patient()
    return run


def _due(step: int, every: int, config: TrainConfig) -> bool:
    return step % every == 0 or step == config.steps


def _scores(average: Model, validation: Sequence[Source], config: TrainConfig) -> dict[str, float | None]:
    metrics = ("psnr", "lpips") if config.playing else ("psnr",)
    where = config.judging(average.generator)
    scores: dict[str, float | None] = evaluate(average, validation, metrics=metrics, baselines=False, **where)["mean"]
    return scores


def _card(run: Run, given: _Given, config: TrainConfig) -> dict[str, object]:
    """What the weights file says beside the weights."""
    before = given.model.card
    training = account(config, run.step, given.pictures(), run.scores, before=before.get("training"))
    licence = {"licence": before["licence"]} if "licence" in before else {}
    return {"training": training, **licence, **given.card}
