"""Cases 41 to 51: what breaks while work is done, and who else is at work."""

import json
import os
import random
import resource
import signal
import time

import numpy as np
import pytest
import torch

from srgan.engines import make_engine
from srgan.engines.torch_engine import TorchEngine
from srgan.images.image import Image
from srgan.images.reader import decode, read
from srgan.images.writer import encode
from srgan.inference.picture import restore_image
from srgan.inference.tiled import Run
from tests.precisions import HAS_BF16, needs_bf16

from .conftest import PHOTO, encoded

DEADLY = """
import importlib, os, pathlib, signal, time
reader = importlib.import_module("srgan.images.reader")
decode = reader.decode
def killing(data, name, **options):
    if name.endswith("deadly.png") and not (ONCE and os.path.exists(ONCE)):
        if ONCE:
            time.sleep(2)  # until the others are finished
            pathlib.Path(ONCE).touch()
        signal.raise_signal(signal.SIGSEGV)  # in this thread: os.kill leaves it the time to go on
    return decode(data, name, **options)
if "SRGAN_SUPERVISED" in os.environ:
    reader.decode = killing
"""
"""A program dies over pictures called deadly: always, or where ONCE is a path once, when it has finished the others."""


def _fill(folder, pixels, count, side=24):
    for number in range(count):
        folder.write(f"{number:03}.png", encode(Image(pixels(side, side, seed=number)), "png"))


def _finished(folder):
    """The names in the journal's lines of finished pictures."""
    lines = (folder.target / ".srgan" / "journal.jsonl").read_text().splitlines()
    return [line["name"] for line in map(json.loads, lines) if "sha256" in line]


def test_41_a_full_disk(folder, pixels):
    _fill(folder, pixels, 3)
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
    folder.put(zzz_png=encoded(noise))

    limit = (100_000, 100_000)
    process = folder.start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
    _, messages = process.communicate()

    assert process.returncode == 5, messages
    assert sorted(folder.tree()) == ["000.png", "001.png", "002.png"]
    again = folder.start()
    again.communicate()
    assert again.returncode == 0
    assert len(folder.tree()) == 4


@pytest.mark.slow
def test_42_killed_twenty_times_and_continued(folder, pixels):
    _fill(folder, pixels, 60, side=200)
    whole = folder.target
    folder.start().communicate()
    expected = folder.tree()
    folder.target = whole.with_name("killed")

    rng = random.Random(0)
    for _ in range(20):
        process = folder.start()
        before = len(folder.tree())
        while process.poll() is None and len(folder.tree()) <= before:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.1))
        process.kill()
        process.communicate()
        if len(folder.tree()) == 60:
            break
    last = folder.start()
    last.communicate()

    assert last.returncode == 0
    assert folder.tree() == expected


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_43_interrupted_and_terminated(folder, pixels, number, code):
    _fill(folder, pixels, 60, side=200)
    process = folder.start()
    while process.poll() is None and not folder.tree():
        time.sleep(0.01)

    asked = time.monotonic()
    process.send_signal(number)
    _, messages = process.communicate()

    assert process.returncode == code
    assert time.monotonic() - asked < 5
    assert "the same command continues" in messages
    assert not [name for name in folder.tree() if ".srgan-" in name]
    assert set(_finished(folder)) == set(folder.tree())


def test_44_nobody_reads_what_is_printed(folder, pixels):
    _fill(folder, pixels, 30)
    process = folder.start("--json")

    first = process.stdout.readline()
    process.stdout.close()
    messages = process.stderr.read()
    process.stderr.close()

    assert json.loads(first)["status"] == "ok"
    assert process.wait() == 141, "as a shell tells SIGPIPE: not all was done"
    assert "Traceback" not in messages


def test_45_three_runs_on_one_output(folder, pixels):
    _fill(folder, pixels, 120, side=60)

    processes = [folder.start("--json") for _ in range(3)]
    printed = [process.communicate()[0] for process in processes]

    assert [process.returncode for process in processes] == [0, 0, 0]
    outcomes = [json.loads(line) for text in printed for line in text.splitlines()]
    done = [outcome["name"] for outcome in outcomes if outcome["status"] == "ok"]
    assert sorted(done) == sorted(_finished(folder)) == sorted(folder.tree())
    assert len(done) == 120


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_46_shards(folder, pixels, count):
    _fill(folder, pixels, 20, side=8)

    done = [set(folder.statuses(shard=f"{number}/{count}")) for number in range(1, count + 1)]

    assert sum(map(len, done)) == 20 and len(set.union(*done)) == 20
    assert len(folder.tree()) == 20


def test_47_a_picture_over_which_the_program_dies(folder, pixels, tmp_path):
    _fill(folder, pixels, 6)
    folder.put(deadly_png=encoded(PHOTO))
    (tmp_path / "sitecustomize.py").write_text(f"ONCE = None\n{DEADLY}")

    process = folder.start(env={**os.environ, "PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"})
    _, messages = process.communicate()

    assert process.returncode == 1, messages
    assert sorted(folder.tree()) == [f"{number:03}.png" for number in range(6)]
    assert f"failed: {folder.source / 'deadly.png'}: the program was killed over it twice" in messages
    assert "the program was killed (SIGSEGV): " in messages


@pytest.mark.parametrize("words", [("--in-place", "--existing", "overwrite"), ("--existing", "error")])
def test_47_what_was_finished_before_the_program_died_stays_finished_whatever_is_asked_for(
    folder, pixels, tmp_path, words
):
    _fill(folder, pixels, 3, side=16)
    folder.put(deadly_png=encoded(pixels(16, 16)))
    (tmp_path / "sitecustomize.py").write_text(f"ONCE = {str(tmp_path / 'died')!r}\n{DEADLY}")
    if words[0] == "--in-place":
        folder.target = folder.source
        assert {outcome.status for outcome in folder.run(in_place=True).values()} == {"ok"}

    process = folder.start(*words, env={**os.environ, "PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"})
    _, messages = process.communicate()

    assert process.returncode == 0, messages
    assert "the program was killed (SIGSEGV): " in messages
    side = 64 if words[0] == "--in-place" else 32
    assert [decode(data, name).width for name, data in folder.tree().items()] == [side] * 4


def test_48_out_of_memory_on_a_gpu_halves_the_tiles(tiny, engine, pixels, monkeypatch, caplog):
    image = Image(pixels(150, 170))
    expected = restore_image(Run(model=tiny, engine=engine), image)
    generate = TorchEngine._generate

    def small(self, observed):
        if observed[0, 0].numel() > 140 * 140:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return generate(self, observed)

    monkeypatch.setattr(TorchEngine, "_generate", small)
    restored = restore_image(Run(model=tiny, engine=engine), image)

    assert np.abs(restored.rgb.astype(int) - expected.rgb).max() <= 1
    assert "goes on with tiles of" in caplog.text
    with pytest.raises(torch.OutOfMemoryError):
        restore_image(Run(model=tiny, engine=engine, tile=512), image)


def test_49_out_of_memory_on_a_cpu_is_a_failed_picture(folder, monkeypatch):
    folder.put(a_png=encoded(PHOTO))

    def full(self, observed):
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes")

    monkeypatch.setattr(TorchEngine, "_generate", full)

    (outcome,) = folder.run(engine="torch").values()

    assert outcome.status == "failed" and "too large for this machine's memory" in outcome.reason
    assert folder.tree() == {}


def test_50_other_settings_or_weights_between_two_runs(folder, make_model, caplog):
    folder.put(a_png=encoded(PHOTO))

    assert folder.statuses() == {"a.png": "ok"}
    assert folder.statuses() == {"a.png": "skipped"}
    assert not caplog.messages
    assert folder.statuses(tile=16) == {"a.png": "ok"}
    assert caplog.messages[0].startswith(f"{folder.target} holds pictures made with other settings (")
    assert "(tile 384, now 16)" in caplog.messages[0]
    assert caplog.messages[0].endswith("): they are made again") and len(caplog.messages) == 1
    folder.model = make_model(scale=4)
    assert folder.statuses(tile=16) == {"a.png": "ok"}
    assert read(folder.target / "a.png").width == 4 * PHOTO.shape[1]
    os.utime(folder.source / "a.png", (1, 1))
    assert folder.statuses(tile=16) == {"a.png": "ok"}


def test_51_a_model_that_makes_no_numbers(folder, make_model):
    folder.put(a_png=encoded(PHOTO))
    with torch.no_grad():
        next(folder.model.parameters())[0, 0, 0, 0] = torch.inf

    ways = [{"precision": precision} for precision in (("fp32", "bf16") if HAS_BF16 else ("fp32",))]
    for settings in (*ways, {"memory": 1e-6}):  # held, and some rows at a time
        (outcome,) = folder.run(**settings).values()
        assert outcome.status == "failed"
        assert (
            outcome.reason
            == f"{folder.source / 'a.png'}: the network's answer is not finite; its weights may be damaged"
        )
    assert folder.tree() == {}


@needs_bf16
def test_51_a_tile_that_overflows_in_bf16_is_redone_in_float32(tiny, monkeypatch):
    observed = torch.rand(1, 3, 16, 16)
    engine = make_engine(tiny.generator, device="cpu", precision="bf16")
    exact = engine._exact(observed)
    monkeypatch.setattr(engine, "_fast", lambda observed: torch.full_like(exact, torch.nan))

    torch.testing.assert_close(engine(observed), exact, atol=0.02, rtol=0)
