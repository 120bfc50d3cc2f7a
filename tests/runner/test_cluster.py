"""A folder restored by workers of a Ray cluster: the same bytes, whoever dies."""

import importlib
import signal
from pathlib import Path

import pytest

from srgan.images.image import Image
from srgan.images.writer import write
from srgan.runner.cluster import restore_on_cluster
from srgan.runner.config import ClusterConfig, FolderConfig
from srgan.runner.connection import connected
from srgan.runner.plan import plan
from srgan.runner.run import restore_folder

TWO = ClusterConfig(workers=2, cores_each=1)


@pytest.fixture
def pictures(tmp_path, pixels):
    """A folder of twelve pictures and one over which a worker dies."""
    for number in range(12):
        write(tmp_path / "in" / f"{number:02}.png", Image(pixels(24, 20 + number, seed=number)))
    write(tmp_path / "in" / "06-deadly.png", Image(pixels(24, 24)))
    return tmp_path / "in"


@pytest.fixture(scope="module")
def ray():
    """A cluster of two cores."""
    with connected("") as ray:
        yield ray


@pytest.fixture
def clustered(tiny, ray):
    """Restores a folder by two workers, which pictures called deadly kill."""

    def load():
        reader = importlib.import_module("srgan.images.reader")
        decode = reader.decode

        def killing(data, name, **options):
            if "deadly" in name:
                signal.raise_signal(signal.SIGKILL)
            return decode(data, name, **options)

        reader.decode = killing
        return tiny

    def run(source, target, **config):
        jobs = plan(source, target)
        return list(restore_on_cluster(ray, TWO, load, source, target, FolderConfig(**config), jobs=jobs))

    return run


def tree(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.is_file()}


def test_workers_make_the_bytes_of_one_machine_and_set_a_deadly_picture_aside(
    pictures, clustered, tiny, tmp_path, capfd
):
    outcomes = clustered(pictures, tmp_path / "out")

    assert [outcome.name for outcome in outcomes] == sorted(path.name for path in pictures.iterdir())
    bad = {outcome.name: outcome.reason for outcome in outcomes if outcome.status != "ok"}
    assert bad == {"06-deadly.png": f"{pictures / '06-deadly.png'}: a worker died over it twice"}
    assert capfd.readouterr() == ("", "")
    (pictures / "06-deadly.png").unlink()
    list(restore_folder(tiny, pictures, tmp_path / "alone"))
    assert tree(tmp_path / "out") == tree(tmp_path / "alone")
    again = list(restore_folder(tiny, pictures, tmp_path / "out"))
    assert {outcome.status for outcome in again} == {"skipped"}
