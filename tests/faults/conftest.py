"""What the cases share: folders of files, sound and damaged, and the runner on them."""

import io
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image as Pillow

from srgan.models.file import save
from srgan.runner.config import FolderConfig
from srgan.runner.outcome import Outcome
from srgan.runner.run import restore_folder

PHOTO = np.ascontiguousarray(skimage.data.astronaut()[40:80, 200:260])
ALONE = ("-d", "cpu", "--precision", "fp32")


def encoded(picture, format="png", **options):
    """The bytes of a picture's file, by Pillow."""
    file = io.BytesIO()
    (picture if isinstance(picture, Pillow.Image) else Pillow.fromarray(picture)).save(file, format, **options)
    return file.getvalue()


@dataclass
class Folder:
    """Files, and what a tiny model that enlarges twice makes of them."""

    source: Path
    target: Path
    model: object
    weights: Path

    def put(self, **files: bytes) -> None:
        """Files by name; an underscore stands for the dot."""
        for name, data in files.items():
            self.write(name.replace("_", "."), data)

    def write(self, name: str | bytes, data: bytes) -> None:
        with open(os.path.join(os.fsencode(self.source), os.fsencode(name)), "wb") as file:
            file.write(data)

    def run(self, **settings: object) -> dict[str, Outcome]:
        config = FolderConfig(**{"device": "cpu", "precision": "fp32", **settings})
        return {outcome.name: outcome for outcome in restore_folder(self.model, self.source, self.target, config)}

    def statuses(self, **settings: object) -> dict[str, str]:
        return {name: outcome.status for name, outcome in self.run(**settings).items()}

    def start(self, *words: object, **options: object) -> subprocess.Popen:
        """The same as a command of its own."""
        command = ["upscale", self.source, self.target, "-s", "2", "-m", self.weights, *ALONE, *words]
        code = "import sys; from srgan.cli import main; sys.argv[0] = 'srgan'; main()"
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
        return subprocess.Popen([sys.executable, "-P", "-c", code, *map(str, command)], **pipes)

    def tree(self) -> dict[str, bytes]:
        """What was written, but for the journal."""
        found = (path for path in self.target.rglob("*") if path.is_file() and ".srgan" not in path.parts)
        return {str(path.relative_to(self.target)): path.read_bytes() for path in found}


@pytest.fixture
def folder(tmp_path, tiny):
    """An empty folder to fill."""
    (tmp_path / "in").mkdir()
    save(tiny, tmp_path / "tiny.safetensors")
    return Folder(tmp_path / "in", tmp_path / "out", tiny, tmp_path / "tiny.safetensors")
