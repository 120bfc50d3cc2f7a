"""What is said of a picture does not depend on how many of its rows are looked at at a time."""

import numpy as np
import pytest

from srgan.inference.remarks import Remarks
from srgan.tasks.denoise import Denoise
from srgan.tasks.upscale import Upscale

PICTURE = np.random.default_rng(0).integers(0, 256, (61, 20, 3), np.uint8)


def enlarged(worst):
    """The picture twice as large, farthest from it in one row."""
    large = PICTURE.repeat(2, 0).repeat(2, 1)
    large[2 * worst : 2 * worst + 2] = 255 - large[2 * worst : 2 * worst + 2]
    return large


@pytest.mark.parametrize("high", [1, 2, 3, 4, 7, 60])
@pytest.mark.parametrize(
    "task, restored",
    [(Denoise(), PICTURE[::-1]), *((Upscale(scale=2, rounds=1), enlarged(row)) for row in (0, 1, 6, 7, 31, 59, 60))],
)
def test_bands_say_what_the_whole_picture_says(task, restored, high):
    whole, parts = Remarks(task), Remarks(task)
    whole.add(PICTURE, restored, last=True)

    for top in range(0, 61, high):
        stop = min(top + high, 61)
        parts.add(PICTURE[top:stop], restored[top * task.scale : stop * task.scale], last=stop == 61)

    assert parts.said() == whole.said() != ()


def test_tasks_with_nothing_to_say_say_nothing():
    for task in (Denoise(strength="50"), Upscale(scale=2)):
        remarks = Remarks(task)
        remarks.add(PICTURE, PICTURE.repeat(task.scale, 0).repeat(task.scale, 1), last=True)
        assert remarks.said() == ()
