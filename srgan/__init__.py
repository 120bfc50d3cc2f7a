"""Makes pictures whole: generators that fill in what was lost of a picture, and what trains and runs them.

    model = srgan.load("upscale-x4")
    big = srgan.restore(model, picture)

Importing this package touches no file and no GPU and does not import torch: names are fetched at first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from srgan.data.sources import Paired as Paired
    from srgan.engines import make_engine as make_engine
    from srgan.errors import SrganError as SrganError
    from srgan.evaluation.scoring import evaluate as evaluate
    from srgan.images.image import Image as Image
    from srgan.images.reader import decode as decode
    from srgan.images.reader import read as read
    from srgan.images.writer import encode as encode
    from srgan.images.writer import write as write
    from srgan.inference.bysource import BySource as BySource
    from srgan.inference.masks import Masks as Masks
    from srgan.inference.restore import restore as restore
    from srgan.inference.sizes import Size as Size
    from srgan.models.file import save as save
    from srgan.models.model import Model as Model
    from srgan.models.zoo import describe as describe
    from srgan.models.zoo import load as load
    from srgan.runner.config import FolderConfig as FolderConfig
    from srgan.runner.outcome import Outcome as Outcome
    from srgan.runner.run import restore_folder as restore_folder
    from srgan.tasks.denoise import Denoise as Denoise
    from srgan.tasks.generate import Generate as Generate
    from srgan.tasks.inpaint import Inpaint as Inpaint
    from srgan.tasks.translate import Translate as Translate
    from srgan.tasks.upscale import Upscale as Upscale
    from srgan.training.config import TrainConfig as TrainConfig
    from srgan.training.finetuning import finetune as finetune
    from srgan.training.loop import train as train

__version__ = "0.1.0"

_HOMES = {
    "BySource": "srgan.inference.bysource",
    "Denoise": "srgan.tasks.denoise",
    "FolderConfig": "srgan.runner.config",
    "Generate": "srgan.tasks.generate",
    "Image": "srgan.images.image",
    "Inpaint": "srgan.tasks.inpaint",
    "Masks": "srgan.inference.masks",
    "Model": "srgan.models.model",
    "Outcome": "srgan.runner.outcome",
    "Paired": "srgan.data.sources",
    "Size": "srgan.inference.sizes",
    "SrganError": "srgan.errors",
    "TrainConfig": "srgan.training.config",
    "Translate": "srgan.tasks.translate",
    "Upscale": "srgan.tasks.upscale",
    "decode": "srgan.images.reader",
    "describe": "srgan.models.zoo",
    "encode": "srgan.images.writer",
    "evaluate": "srgan.evaluation.scoring",
    "finetune": "srgan.training.finetuning",
    "load": "srgan.models.zoo",
    "make_engine": "srgan.engines",
    "read": "srgan.images.reader",
    "restore": "srgan.inference.restore",
    "restore_folder": "srgan.runner.run",
    "save": "srgan.models.file",
    "train": "srgan.training.loop",
    "write": "srgan.images.writer",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'srgan' has no attribute {name!r}")
    globals()[name] = getattr(import_module(_HOMES[name]), name)
    return globals()[name]


def __dir__() -> list[str]:
    return __all__
