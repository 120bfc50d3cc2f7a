"""Makes pictures whole: generators that fill in what was lost of a picture, and what trains and runs them.

    model = srgan.load("upscale-x4")
    big = srgan.restore(model, picture)

Importing this package touches no file and no GPU and does not import torch: names are fetched at first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from srgan.bysource import BySource as BySource
    from srgan.engines import make_engine as make_engine
    from srgan.errors import SrganError as SrganError
    from srgan.evaluation import evaluate as evaluate
    from srgan.folder import restore_folder as restore_folder
    from srgan.images import Image as Image
    from srgan.images import read as read
    from srgan.images import write as write
    from srgan.kinds import restore as restore
    from srgan.masks import Masks as Masks
    from srgan.model import Model as Model
    from srgan.model import save as save
    from srgan.outcome import Outcome as Outcome
    from srgan.settings import FolderConfig as FolderConfig
    from srgan.sizing import Size as Size
    from srgan.sources import Paired as Paired
    from srgan.tasks import Denoise as Denoise
    from srgan.tasks import Inpaint as Inpaint
    from srgan.tasks import Upscale as Upscale
    from srgan.training import TrainConfig as TrainConfig
    from srgan.training import finetune as finetune
    from srgan.training import train as train
    from srgan.zoo import describe as describe
    from srgan.zoo import load as load

__version__ = "0.1.0"

_HOMES = {
    "BySource": "srgan.bysource",
    "Denoise": "srgan.tasks",
    "FolderConfig": "srgan.settings",
    "Image": "srgan.images",
    "Inpaint": "srgan.tasks",
    "Masks": "srgan.masks",
    "Model": "srgan.model",
    "Outcome": "srgan.outcome",
    "Paired": "srgan.sources",
    "Size": "srgan.sizing",
    "SrganError": "srgan.errors",
    "TrainConfig": "srgan.training",
    "Upscale": "srgan.tasks",
    "describe": "srgan.zoo",
    "evaluate": "srgan.evaluation",
    "finetune": "srgan.training",
    "load": "srgan.zoo",
    "make_engine": "srgan.engines",
    "read": "srgan.images",
    "restore": "srgan.kinds",
    "restore_folder": "srgan.folder",
    "save": "srgan.model",
    "train": "srgan.training",
    "write": "srgan.images",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'srgan' has no attribute {name!r}")
    globals()[name] = getattr(import_module(_HOMES[name]), name)
    return globals()[name]


def __dir__() -> list[str]:
    return __all__
