"""Draws what the latents of `digits-dcgan` do, and says how near it comes to digits that it has not seen.

    python scripts/publish/latents.py HELD

HELD are labelled digits that the weights have not learnt from, as `scripts/reproduce/idx.py` cuts them of MNIST. Writes
docs/latents.png, from top to bottom: the way from one seed to another, both chosen for their looks, in each of two
classes; a digit along three main directions; the first held-out digit of each class, and below it the nearest that is
made. Prints how far these are, and how far the nearest other digit of HELD is.
"""

import argparse
import tempfile
from pathlib import Path
from statistics import mean

import numpy as np
import torch

import srgan
from srgan.cli.latents import changes, latent_of, projected, way
from srgan.data.pictures import load_pictures
from srgan.data.sources import classes_of, sources
from srgan.images.image import Image
from srgan.images.writer import write

SHEET = Path(__file__).parents[2] / "docs" / "latents.png"
STEPS, GAP, LARGER = 10, 6, 2


def nearest(model: srgan.Model, held: Path) -> tuple[np.ndarray, list[float], list[float]]:
    """A row of digits above a row of the nearest made ones; how far these are, and the nearest real [levels of 255]."""
    pairs, made, real, every = [], [], [], sources(held)
    pixels = torch.stack(load_pictures(held).pictures).float()
    with tempfile.TemporaryDirectory() as folder:
        for label in classes_of(every):
            number, source = next((number, source) for number, source in enumerate(every) if source.label == label)
            path = Path(folder) / f"{label}.png"
            write(path, source.read(source.clean_bytes(), source.name))
            _, pair, error = projected(model.asked(label=label), path)
            pairs.append(np.concatenate(np.split(pair.rgb, 2, axis=1)))
            made.append(255 * error**0.5)
            apart = (pixels - pixels[number]).square().mean(dim=(1, 2, 3)).sqrt()
            real.append(apart.topk(2, largest=False).values[1].item())
    return np.concatenate(pairs, axis=1), made, real


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("held", type=Path)
    given = parser.parse_args()
    model = srgan.load("digits-dcgan")
    ways = [way(model.asked(label=label), (2, 5), STEPS, "cpu").rgb for label in ("2", "5")]
    four = model.asked(label="4")
    along = changes(four, latent_of(four, 0), 3, (-3.0, 3.0), STEPS, "cpu").rgb
    found, made, real = nearest(model, given.held)
    gap = np.full((GAP, found.shape[1], 3), 255, np.uint8)
    sheet = np.concatenate([*ways, gap, along, gap, found])
    write(SHEET, Image(sheet.repeat(LARGER, axis=0).repeat(LARGER, axis=1), grey=True))
    for what, errors in (("made", made), ("real", real)):
        print(f"nearest {what}: {', '.join(f'{error:.0f}' for error in errors)}; mean {mean(errors):.1f} levels")


if __name__ == "__main__":
    main()
