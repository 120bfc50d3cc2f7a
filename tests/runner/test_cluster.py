"""A folder restored by workers of a Ray cluster: the same bytes, whoever dies."""

import importlib
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import jsonschema
import numpy as np
import pytest
import skimage.data
import yaml

from srgan.data.pack import pack
from srgan.errors import ConfigError, MachineError, WeightsError
from srgan.images.image import Image
from srgan.images.writer import write
from srgan.models.file import save
from srgan.runner.cluster import restore_on_cluster, sample_of
from srgan.runner.config import ClusterConfig, FolderConfig
from srgan.runner.connection import connected
from srgan.runner.history import History
from srgan.runner.objects import Objects
from srgan.runner.plan import Job, plan
from srgan.runner.remote_plan import plan_remote
from srgan.runner.run import restore_folder
from srgan.runner.tasks import Tasks
from srgan.runner.urls import Url, place
from srgan.runner.worker import Recipe, Worker
from srgan.training.suitable import look
from tests.objects import refusal

TWO_MACHINES = """
import sys, ray.cluster_utils
cluster = ray.cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
other = cluster.add_node(num_cpus=1)
print(cluster.address, flush=True)
sys.stdin.readline()
cluster.remove_node(other, allow_graceful=False)
sys.stdin.readline()
cluster.shutdown()
"""
"""A program that begins two machines on this one, takes one away when it is told to, and ends when it is told to."""

TWO = ClusterConfig(workers=2, cores_each=1)


@pytest.fixture(scope="module")
def ray():
    """A cluster of this machine's cores."""
    with connected("") as ray:
        yield ray


@pytest.fixture
def run(tiny, ray):
    """Restores a folder by two workers; one dies over each picture that is called deadly."""

    def load():
        reader = importlib.import_module("srgan.images.reader")
        decode = reader.decode

        def killing(data, name, **options):
            if "deadly" in name:
                signal.raise_signal(signal.SIGKILL)
            return decode(data, name, **options)

        reader.decode = killing
        return tiny

    def run(source, target, *, cluster=TWO, load=load, ray=ray, **config):
        recipe = Recipe(load, FolderConfig(**config))
        return restore_on_cluster(ray, cluster, recipe, source, target, jobs=plan(source, target))

    return run


@pytest.fixture
def pictures(tmp_path, pixels):
    """A folder of twelve pictures and one over which a worker dies."""
    for number in range(12):
        write(tmp_path / "in" / f"{number:02}.png", Image(pixels(24, 20 + number, seed=number)))
    write(tmp_path / "in" / "06-deadly.png", Image(pixels(24, 24)))
    return tmp_path / "in"


@pytest.fixture(scope="module")
def crops(tmp_path_factory):
    """A folder of 600 small crops of a photograph."""
    folder, photograph = tmp_path_factory.mktemp("crops"), skimage.data.astronaut()
    for number in range(600):
        top, left = 16 * (number // 28), 16 * (number % 28)
        write(folder / f"{number:03}.png", Image(np.ascontiguousarray(photograph[top:, left:][:64, :64])))
    return folder


@pytest.fixture
def store(bare_store):
    """A store with an empty bucket, `output`, of which each version counts."""
    bare_store.bucket("output")
    bare_store.client.put_bucket_versioning(Bucket="output", VersioningConfiguration={"Status": "Enabled"})
    return bare_store


@pytest.fixture
def short(monkeypatch):
    """A folder for temporary files, with a path so short that Ray takes it."""
    with TemporaryDirectory() as folder:
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


@pytest.fixture
def carried(store, tiny, ray, tmp_path):
    """Restores from place to place by two workers; one dies when it has put an output that is called deadly."""
    environment, pids = store.environment, tmp_path / "pids"
    pids.mkdir()

    def load():
        os.environ.update(environment)
        (pids / str(os.getpid())).touch()
        objects = importlib.import_module("srgan.runner.objects").Objects
        put = objects.put

        def killing(self, name, *rest):
            put(self, name, *rest)
            if "deadly" in name:
                signal.raise_signal(signal.SIGKILL)

        objects.put = killing
        return tiny

    def carried(source, target, **config):
        source, target, recipe = place(source), place(target), Recipe(load, FolderConfig(**config))
        jobs = plan_remote(source, target)
        return restore_on_cluster(ray, TWO, recipe, source, target, jobs=jobs)

    return carried


def versions(store):
    """The outputs in the bucket, each as often as it was put."""
    pages = store.client.get_paginator("list_object_versions").paginate(Bucket="output")
    return sorted(one["Key"] for page in pages for one in page["Versions"] if ".srgan/" not in one["Key"])


def tree(folder):
    return {path.name: path.read_bytes() for path in Path(folder).iterdir() if path.is_file()}


def command(folder, source, *flags, target=None, dry=False):
    """The command that restores a folder by two workers, begun; it says on stdout each picture that is made."""
    flags = ["--workers", "2", "--cores-each", "1", *flags]
    words = ["upscale", "-n" if dry else "-v", "-m", folder / "tiny.safetensors", source, target or folder / "out"]
    program = [sys.executable, "-m", "srgan", "cluster", *flags, *map(str, words)]
    return subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def kill_some(outcomes, pids):
    """The outcomes, while ten workers are killed at random."""
    draw, killed = random.Random(0), []
    for outcome in outcomes:
        yield outcome
        living = sorted({int(path.name) for path in pids.iterdir()} - {*killed})
        if len(killed) < 10 and living and draw.random() < 0.05:
            killed.append(draw.choice(living))
            os.kill(killed[-1], signal.SIGKILL)
    assert len(killed) == 10


def statuses(outcomes):
    return [outcome.status for outcome in outcomes]


def test_workers_make_the_bytes_of_one_machine_and_set_a_deadly_picture_aside(run, pictures, tiny, tmp_path, capfd):
    outcomes = list(run(pictures, tmp_path / "out"))

    assert [outcome.name for outcome in outcomes] == sorted(path.name for path in pictures.iterdir())
    bad = {outcome.name: outcome.reason for outcome in outcomes if outcome.status != "ok"}
    assert bad == {"06-deadly.png": f"{pictures / '06-deadly.png'}: a worker died over it twice"}
    assert capfd.readouterr() == ("", "")
    (pictures / "06-deadly.png").unlink()
    list(restore_folder(tiny, pictures, tmp_path / "alone"))
    assert tree(tmp_path / "out") == tree(tmp_path / "alone")
    assert set(statuses(restore_folder(tiny, pictures, tmp_path / "out"))) == {"skipped"}


def test_workers_fetch_and_put_each_picture_once_and_continue_what_one_machine_began(
    carried, store, pictures, tiny, tmp_path, monkeypatch
):
    store.bucket("input", pictures)
    store.put("input", "broken.png", b"\x89PNG\r\n\x1a\n and no more")
    jobs = plan_remote(Url("s3://input"), Url("s3://output"))
    list(restore_folder(tiny, "s3://input", "s3://output", jobs=jobs[:3]))

    with monkeypatch.context() as here:
        here.setattr(Objects, "fetch", None)  # pixels do not come here
        outcomes = list(carried("s3://input", "s3://output"))

    assert statuses(outcomes) == ["skipped"] * 3 + ["ok"] * 10 + ["failed"]
    assert outcomes[-1].reason == "s3://input/broken.png: damaged png header: the file is truncated"
    list(restore_folder(tiny, pictures, tmp_path / "alone"))
    assert store.contents("output") == tree(tmp_path / "alone")
    assert versions(store) == sorted(tree(tmp_path / "alone"))
    store.remove("output", *(key for key in store.all_keys("output") if ".jsonl" in key))
    again = restore_folder(tiny, "s3://input", "s3://output")
    assert statuses(again) == ["skipped"] * 13 + ["failed"]


def test_a_cluster_that_is_not_there_is_told_at_once(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"

        with pytest.raises(MachineError, match=f"^no Ray cluster at {address}: .*refused"), connected(address):
            pass

    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MachineError, match=r"^a cluster needs Ray: pip install 'srgan\[ray\]'$"), connected(""):
        pass


def test_a_damaged_picture_is_left_out_of_a_sample(pictures, tiny, tmp_path):
    (pictures / "03.png").write_bytes((pictures / "03.png").read_bytes()[:200])
    worker, jobs = Worker(), plan(pictures, tmp_path / "out")
    worker.begin(Recipe(lambda: tiny, FolderConfig()), {})

    count, pixels, seconds = worker.sample(jobs[:5])
    broken = worker.sample(jobs[3:4])

    assert (count, pixels) == (4, 4 * 24 * (20 + 21 + 22 + 24))
    assert seconds > 0
    assert "03.png: damaged" in str(broken)
    assert not (tmp_path / "out").exists()


def test_between_buckets_a_worker_needs_no_folder_of_the_command(tiny):
    def begun(**places):
        return Worker().begin(Recipe(lambda: tiny, FolderConfig(), folder="/nowhere", **places), {})

    assert str(begun()).startswith("/nowhere: not there on ")
    assert begun(shares=False).chosen


@pytest.mark.slow
def test_ten_workers_killed_at_random_lose_nothing(run, crops, tiny, tmp_path):
    def load():
        (tmp_path / "pids" / str(os.getpid())).touch()
        return tiny

    (tmp_path / "pids").mkdir()

    outcomes = list(kill_some(run(crops, tmp_path / "out", load=load), tmp_path / "pids"))

    assert statuses(outcomes) == ["ok"] * 600
    assert [outcome.name for outcome in outcomes] == sorted(path.name for path in crops.iterdir())
    list(restore_folder(tiny, crops, tmp_path / "alone"))
    assert tree(tmp_path / "out") == tree(tmp_path / "alone")
    history = History(tmp_path / "out")
    history.refresh()
    assert len(history.finished) == 600 and not history.failed


@pytest.mark.slow
def test_ten_workers_killed_at_random_put_300_outputs_once_each(carried, store, crops, tiny, tmp_path):
    store.bucket("input", crops)
    store.remove("input", *store.keys("input")[300:])

    outcomes = list(kill_some(carried("s3://input", "s3://output"), tmp_path / "pids"))

    assert statuses(outcomes) == ["ok"] * 300
    list(restore_folder(tiny, crops, tmp_path / "alone", jobs=plan(crops, tmp_path / "alone")[:300]))
    assert store.contents("output") == tree(tmp_path / "alone")
    assert versions(store) == store.keys("output")


@pytest.mark.slow
def test_a_folder_goes_into_a_bucket_and_a_bucket_into_a_folder(carried, store, pictures, tiny, tmp_path):
    store.bucket("input", pictures)
    store.door = lambda request: refusal("NoSuchKey", 404) if request.path == "/input/07.png" else None

    up = list(carried(pictures, "s3://output/up"))
    down = list(carried("s3://input", tmp_path / "down"))

    list(restore_folder(tiny, pictures, tmp_path / "alone"))
    whole = tree(tmp_path / "alone")
    assert (statuses(up), statuses(down).count("ok")) == (["ok"] * 13, 12)
    assert store.contents("output") == {f"up/{name}": data for name, data in whole.items()}
    assert tree(tmp_path / "down") == {name: data for name, data in whole.items() if name != "07.png"}
    failed = [one.reason for one in down if one.status == "failed"]
    assert failed == ["s3://input/07.png: cannot be read: Said the store: NoSuchKey"]


@pytest.mark.slow
def test_what_a_store_refuses_to_a_worker_ends_the_run_with_the_name_of_its_machine(carried, store, pictures):
    store.bucket("input", pictures)
    store.door = lambda request: refusal("AccessDenied", 403) if request.path == "/output/03.png" else None
    where = f"(on {socket.gethostname()})"

    with pytest.raises(MachineError) as refused:
        list(carried("s3://input", "s3://output", existing="overwrite"))

    assert str(refused.value) == f"s3://output/03.png: cannot be written: Said the store: AccessDenied {where}"


@pytest.mark.slow
def test_a_command_between_buckets_foretells_is_killed_and_continues(store, crops, tiny, tmp_path, short):
    save(tiny, tmp_path / "tiny.safetensors")
    store.bucket("input", crops)
    words = (tmp_path, "s3://input")

    foretold, _ = command(*words, target="s3://output", dry=True).communicate()
    nothing = store.all_keys("output")
    driver = command(*words, target="s3://output")
    assert all([driver.stdout.readline() for _ in range(100)])
    driver.kill()
    driver.communicate()
    said, _ = command(*words, target="s3://output").communicate()

    read = sum(path.stat().st_size for path in crops.iterdir())
    assert f"pictures 600, {read / 1e6:.1f} MB to read; workers 2, cores each 1" in foretold
    assert "an estimate: 16 pictures took one worker" in foretold and nothing == []
    assert "600/600 pictures  ok " in said and " failed 0 " in said
    list(restore_folder(tiny, crops, tmp_path / "alone"))
    assert store.contents("output") == tree(tmp_path / "alone")
    assert list(short.glob("srgan-*")) == []


@pytest.mark.slow
def test_a_command_whose_driver_is_killed_continues(crops, tiny, tmp_path):
    save(tiny, tmp_path / "tiny.safetensors")
    for made in (100, 300):
        driver = command(tmp_path, crops)
        for _ in range(made):
            assert driver.stdout.readline()
            if len(list((tmp_path / "out").glob("*.png"))) >= made:
                break
        driver.kill()
        driver.communicate()

    last = command(tmp_path, crops)

    said, _ = last.communicate()
    assert "600/600 pictures  ok " in said and " failed 0 " in said
    assert last.returncode == 0
    list(restore_folder(tiny, crops, tmp_path / "alone"))
    assert tree(tmp_path / "out") == tree(tmp_path / "alone")


@pytest.mark.slow
def test_pictures_of_a_machine_that_is_lost_are_made_by_others(crops, tiny, tmp_path):
    save(tiny, tmp_path / "tiny.safetensors")
    with subprocess.Popen(
        [sys.executable, "-c", TWO_MACHINES], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as machines:
        address = machines.stdout.readline().split()[-1]
        driver = command(tmp_path, crops, "--address", address)
        assert all([driver.stdout.readline() for _ in range(100)])
        print(file=machines.stdin, flush=True)  # which takes one away

        said, _ = driver.communicate()

        print(file=machines.stdin, flush=True)
    assert "600/600 pictures  ok 600 " in said and "a worker died" in said
    assert driver.returncode == 0
    list(restore_folder(tiny, crops, tmp_path / "alone"))
    assert tree(tmp_path / "out") == tree(tmp_path / "alone")


@pytest.mark.slow
def test_what_no_worker_can_do_ends_the_run_in_words(run, pictures, tmp_path):
    def refused():
        raise WeightsError("weights: damaged")

    (pictures / "06-deadly.png").rename(pictures / "sub.png")
    (pictures / "sub").mkdir()
    (pictures / "sub.png").rename(pictures / "sub" / "a.png")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sub").write_bytes(b"")

    with pytest.raises(WeightsError, match=r"^weights: damaged$"):
        list(run(pictures, tmp_path / "out", load=refused))
    with pytest.raises(MachineError, match=r"a\.png: cannot be written"):
        list(run(pictures, tmp_path / "out"))
    with pytest.raises(MachineError, match="workers die as they begin"):
        list(run(pictures, tmp_path / "out", load=lambda: os._exit(1)))
    with pytest.raises(ConfigError, match="has what a worker takes: cores 2, GPU 1"):
        list(run(pictures, tmp_path / "out", cluster=ClusterConfig(cores_each=2, gpus=True)))
    with pytest.raises(ConfigError, match="--in-place needs one machine"):
        list(run(pictures, tmp_path / "out", in_place=True))


@pytest.mark.slow
def test_workers_for_which_there_is_no_room_are_not_waited_for(run, pictures, tmp_path):
    (pictures / "06-deadly.png").unlink()

    assert statuses(run(pictures, tmp_path / "out", cluster=ClusterConfig(workers=9, cores_each=1))) == ["ok"] * 12


@pytest.mark.slow
def test_a_dry_run_tells_hours_and_cost_from_a_sample_and_writes_nothing(crops, tiny, tmp_path):
    save(tiny, tmp_path / "tiny.safetensors")

    dry = command(tmp_path, crops, "--price", "1e6", dry=True)

    said, _ = dry.communicate()
    *_, room, size, estimate = said.splitlines()
    read = sum(path.stat().st_size for path in crops.iterdir())
    assert dry.returncode == 0 and not (tmp_path / "out").exists()
    assert room.startswith("the outputs may take ")
    assert size == (f"pictures 600, {read / 1e6:.1f} MB to read; workers 2, cores each 1, GPUs each 0, machines 1")
    found = re.fullmatch(
        r"an estimate: 16 pictures took one worker ([\d.]+) s; all may take ([\d.e-]+) hours, and cost about ([\d.]+)",
        estimate,
    )
    _, hours, cost = map(float, found.groups())
    assert hours > 0 and cost == pytest.approx(1e6 * hours, rel=0.1)


def test_a_set_is_looked_at_and_packed_as_on_one_machine(ray, photos, tmp_path):
    (tmp_path / "in").mkdir()
    for path in photos.iterdir():
        (tmp_path / "in" / path.name).write_bytes(path.read_bytes())
    (tmp_path / "in" / "broken.png").write_bytes(b"\x89PNG")

    with Tasks(ray) as tasks:
        looked = list(look(tmp_path / "in", pool=tasks, at_once=tasks.places))
        told = list(pack(tmp_path / "in", tmp_path / "out", side=32, per_shard=2, pool=tasks, at_once=tasks.places))

    assert looked == list(look(tmp_path / "in"))
    assert told == list(pack(tmp_path / "in", tmp_path / "alone", side=32, per_shard=2))
    assert tree(tmp_path / "out") == tree(tmp_path / "alone")


DOCS = Path(__file__).parents[2] / "docs"


def test_the_example_of_a_cluster_is_one_that_ray_takes():
    schema = Path(importlib.import_module("ray").__file__).parent / "autoscaler" / "ray-schema.json"
    example = yaml.safe_load((DOCS / "cluster.yaml").read_text())

    jsonschema.validate(example, json.loads(schema.read_text()))


@pytest.mark.slow
def test_the_jobs_of_the_example_for_slurm_make_everything_once(pictures, tiny, tmp_path):
    save(tiny, tmp_path / "tiny.safetensors")
    words = [pictures, tmp_path / "out", "-m", tmp_path / "tiny.safetensors", "--json"]
    (tmp_path / "srgan").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m srgan "$@"\n')
    (tmp_path / "srgan").chmod(0o755)
    made = []
    for job in range(3):
        slurm = {"SLURM_ARRAY_TASK_ID": str(job), "SLURM_ARRAY_TASK_COUNT": "3"}
        environment = {**os.environ, **slurm, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        done = subprocess.run([DOCS / "slurm.sh", *words], env=environment, capture_output=True, text=True, check=True)
        made += [json.loads(line) for line in done.stdout.splitlines()]

    assert [one["status"] for one in made] == ["ok"] * 13
    assert sorted(one["name"] for one in made) == sorted(path.name for path in pictures.iterdir())


@pytest.mark.parametrize(("count", "last"), [(3, 2), (16, 15), (31, 29), (1000, 937)])
def test_the_sample_is_of_all_the_plan(count, last):
    jobs = [Job(Path("in"), Path("out"), str(number), str(number)) for number in range(count)]

    sample = [int(job.name) for job in sample_of(jobs)]

    assert (sample[0], sample[-1]) == (0, last)
    assert len(set(sample)) == len(sample) == min(count, 16)
