"""Threads that share the cores take one each and change nothing for others; a fork leaves nobody waiting."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from srgan.engines.threads import work_alone

FORKED = """
import multiprocessing, sys
import numpy as np, torch, srgan

torch.set_num_threads(2)
picture = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
model = srgan.Model(srgan.Upscale(scale=2)).eval()
engine = srgan.make_engine(model, sys.argv[1], "cpu", "fp32")
expected = srgan.restore(model, picture, engine=engine)

def again(given):
    return np.array_equal(srgan.restore(model, picture, engine=engine if given else None), expected)

def fresh(path):
    loaded = srgan.load(path)
    mine = srgan.make_engine(loaded, "torch", "cpu", "fp32")
    return np.array_equal(srgan.restore(loaded, picture, engine=mine), expected)

def tried(given):
    try:
        return again(given)
    except srgan.SrganError as error:
        return str(error)

if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(pool.map_async(tried, [True, False]).get(100))
    if sys.argv[1] == "torch":
        srgan.save(model, sys.argv[2])
        with multiprocessing.get_context("fork").Pool(2) as pool:
            print(pool.map_async(fresh, [sys.argv[2]] * 2).get(100))
"""


def test_a_thread_alone_leaves_the_others_as_they_were():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with ThreadPoolExecutor(1, initializer=work_alone, initargs=(3,)) as alone:
            assert list(alone.map(lambda _: torch.get_num_threads(), range(2))) == [1, 1]
            with ThreadPoolExecutor(1) as other:
                assert other.submit(torch.get_num_threads).result() == 3
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize(
    "engine, said", [("torch", "[True, "), ("ncnn", "[True, "), ("openvino", '["OpenVINO waits for ever in a process ')]
)
def test_a_pool_that_is_forked_after_use_works_or_is_refused(engine, said, tmp_path):
    if engine != "torch":
        pytest.importorskip(engine)
    printed = subprocess.check_output(
        [sys.executable, "-W", "ignore", "-c", FORKED, engine, tmp_path / "a.safetensors"], text=True, timeout=250
    )

    first, *then = printed.splitlines()
    assert first.startswith(said), printed
    assert then == (["[True, True]"] if engine == "torch" else [])
