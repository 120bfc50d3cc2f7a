"""How many steps a second the training loop does, against a plain loop written the usual way, in one run.

    python scripts/measure/training_speed.py --data DIR [--features VGG19] [--rounds 3] [--steps 20] [--json]

The usual way: float32, NCHW, pictures cropped and reduced in DataLoader workers, the same networks, losses, batch and
optimizer. Both play the relativistic game at the batch and crop of the vivid weights. Rounds are interleaved; the
medians are reported, and of ours the share of a step that waits for data.
"""

import argparse
import itertools
import json
import shutil
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import torch
from torch.utils.data import DataLoader, IterableDataset

import srgan
from srgan.data.crops import pairs
from srgan.data.pictures import Pictures, load_pictures
from srgan.engines.devices import choose_device
from srgan.engines.memory import keep_freed_memory
from srgan.networks.discriminators import build_discriminator
from srgan.training.games import GAMES
from srgan.training.losses import l1, perceptual
from srgan.training.vgg import Vgg19


class Crops(IterableDataset):
    """Random pairs of crops, made one by one in a worker."""

    def __init__(self, pictures: Pictures, task: srgan.Upscale, side: int) -> None:
        self.pictures, self.task, self.side = pictures.pictures, task, side

    def __iter__(self):
        rng = torch.Generator().manual_seed(torch.initial_seed())
        while True:
            picture = self.pictures[int(torch.randint(len(self.pictures), (), generator=rng))]
            top, left = (int(torch.randint(size - self.side + 1, (), generator=rng)) for size in picture.shape[1:])
            crop = picture[:, top : top + self.side, left : left + self.side].float() / 255
            crop = crop.flip(2) if torch.rand((), generator=rng) < 0.5 else crop
            yield self.task.degrade(crop[None], rng)[0], crop


def usual_way(pictures: Pictures, config: srgan.TrainConfig, steps: int) -> float:
    """Steps a second of a plain loop."""
    device = choose_device()
    model = srgan.Model(srgan.Upscale(scale=4)).to(device, memory_format=torch.contiguous_format)
    discriminator = build_discriminator(
        config.discriminator,
        3,
        config.crop * model.task.scale,
        width=config.discriminator_width,
        depth=config.discriminator_depth,
        seed=0,
    ).to(device, memory_format=torch.contiguous_format)
    vgg19 = None
    if config.perceptual:
        vgg19 = Vgg19(list(config.layer_weights), config.features or None)
        vgg19.to(device, memory_format=torch.contiguous_format)
    players = [torch.optim.Adam(player.parameters(), lr=1e-4) for player in (model, discriminator)]
    game = GAMES[config.game]
    loader = DataLoader(Crops(pictures, model.task, config.crop * 4), batch_size=config.batch, num_workers=2)
    for step, (lr, hr) in enumerate(loader):
        if step == 3:  # the first steps fill caches and queues
            started = time.perf_counter()
        lr, hr = lr.to(device), hr.to(device)
        sr = model(lr)
        discriminator.requires_grad_(True)
        game.discriminator(discriminator(hr), discriminator(sr.detach())).backward()
        discriminator.requires_grad_(False)
        loss = config.l1 * l1(sr, hr) + config.adversarial * game.generator(discriminator(hr), discriminator(sr))
        if vgg19 is not None:
            seen, wanted = vgg19(sr), vgg19(hr)
            layers = ((weight, seen[name], wanted[name]) for name, weight in config.layer_weights.items())
            loss = loss + config.perceptual * perceptual(layers)
        loss.backward()
        for player in players:
            player.step()
            player.zero_grad()
        loss.item()
        if step == steps + 2:
            return steps / (time.perf_counter() - started)
    raise AssertionError("the loader has no end")


def ours(data: Path, config: srgan.TrainConfig, steps: int) -> float:
    """Steps a second of `srgan.train`, read from its log, without the first line."""
    out = Path(tempfile.mkdtemp())
    try:
        srgan.train(
            srgan.Model(srgan.Upscale(scale=4)), data, out, replace(config, steps=2 * steps, checkpoint_every=2 * steps)
        )
        return float(json.loads((out / "log.jsonl").read_text().splitlines()[1])["steps_per_second"])
    finally:
        shutil.rmtree(out)


def data_seconds(pictures: Pictures, config: srgan.TrainConfig, steps: int) -> float:
    """Seconds that one step of ours spends on crops and what is observed of them."""
    batches = pairs(pictures, srgan.Upscale(scale=4), **config.sampling(), start=0, device=choose_device())
    next(batches)
    started = time.perf_counter()
    for _ in itertools.islice(batches, steps):
        pass
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return (time.perf_counter() - started) / steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--features", default="", help="VGG19's weights, for the perceptual loss; none without it")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--json", action="store_true", dest="as_json")
    arguments = parser.parse_args()
    keep_freed_memory()
    steps = arguments.steps
    config = srgan.TrainConfig(
        batch=8,
        crop=32,
        rescale=0.0,
        optimizer="adam",
        adversarial=0.01,
        perceptual=0.1 if arguments.features else 0.0,
        features=arguments.features,
        discriminator_width=48,
        log_every=steps,
        checkpoint_every=steps,
        validate_every=steps,
    )
    pictures = load_pictures(arguments.data)
    rounds = [
        (ours(arguments.data, config, steps), usual_way(pictures, config, steps)) for _ in range(arguments.rounds)
    ]
    mine, theirs = (statistics.median(column) for column in zip(*rounds, strict=True))
    result = {
        "steps_per_second": mine,
        "usual_way": theirs,
        "ratio": statistics.median(one / other for one, other in rounds),
        "data_share": data_seconds(pictures, config, steps) * mine,
    }
    if arguments.as_json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:18}{value:8.3f}")


if __name__ == "__main__":
    main()
