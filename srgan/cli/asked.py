"""What is asked of a server, as the commands understand the same flags."""

from __future__ import annotations

from srgan.cli.inpaint import filling
from srgan.cli.restore import choices_of
from srgan.cli.upscale import shipped, tag_of
from srgan.cli.weights import Choice, Choices, dialled
from srgan.inference.sizes import Size
from srgan.pages.asked import Asked


def chosen(asked: Asked, masked: bool) -> Choice | Choices:
    """The models that the commands choose by the same flags.

    Raises:
        ConfigError: there are none such.
    """
    if asked.task == "upscale":
        return shipped(asked.source, asked.dial, Size(scale=asked.scale), asked.grain)
    if asked.task == "denoise":
        return Choice((dialled("denoise", asked.dial or 0.0),), {"strength": asked.strength, "keep_grain": asked.grain})
    if asked.task == "inpaint":
        return filling(asked.texture)
    size = None if asked.scale == 1 else Size(scale=asked.scale)
    filler = filling(asked.texture) if masked else None
    return choices_of(size, asked.strength, asked.grain, asked.dial, filler)


def tag(asked: Asked) -> str:
    """What the commands add to the name of a folder."""
    enlarged = tag_of(asked.scale, None, None, None)
    restored = "restored" if asked.scale == 1 else f"restored-{enlarged}"
    return "-" + {"upscale": enlarged, "denoise": "clean", "inpaint": "filled", "restore": restored}[asked.task]
