"""What pictures suffer: pure functions of a picture and a random generator, each with its source."""

from srgan.degrade.jpeg import jpeg
from srgan.degrade.masks import HOLES, draw, mask
from srgan.degrade.noise import camera, film, gaussian, grain, sensor
from srgan.degrade.photo import compressed, photo, processed
from srgan.degrade.snapshots import SNAPSHOTS, coded, raw, snapshot

__all__ = [
    "HOLES",
    "SNAPSHOTS",
    "camera",
    "coded",
    "compressed",
    "draw",
    "film",
    "gaussian",
    "grain",
    "jpeg",
    "mask",
    "photo",
    "processed",
    "raw",
    "sensor",
    "snapshot",
]
