"""How fast a folder is restored, against the usual way and against the machine's own rate, in one run.

    python scripts/benchmark.py --data DIR [--model upscale-x4] [--rounds 5] [--json]

Each round measures, one after the other: the folder runner end to end (what a command runs once torch is imported); the
same network the usual way (fp32, NCHW, one whole picture at a time, decode and encode inline, same codecs, same
threads); the engine alone (pictures already decoded, nothing encoded); and the rate at which this machine does bf16
64-channel 3x3 convolutions; for a denoiser also OpenCV's non-local means on the decoded pictures. The medians are
reported; megapixels are those of the outputs.
"""

import argparse
import json
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F

import srgan
from srgan.engines import Engine, keep_freed_memory, make_engine
from srgan.images import Image, encode, plan, write_bytes
from srgan.model import multiply_adds
from srgan.restoration import restore_image


def end_to_end(model: srgan.Model, data: Path, target: Path) -> float:
    started = time.perf_counter()
    config = srgan.FolderConfig(format="png", existing="overwrite")
    outcomes = list(srgan.restore_folder(model, data, target, config))
    seconds = time.perf_counter() - started
    assert all(outcome.status == "ok" for outcome in outcomes), outcomes
    return sum(outcome.pixels for outcome in outcomes) / 1e6 / seconds


@torch.no_grad()
def usual_way(model: srgan.Model, data: Path, target: Path) -> float:
    generator = model.generator.to(memory_format=torch.contiguous_format)
    scale, pixels = model.task.scale, 0
    started = time.perf_counter()
    for job in plan(data, target, format="png"):
        image = srgan.read(job.source)
        x = torch.from_numpy(image.rgb).permute(2, 0, 1)[None].float().contiguous() / 255
        height, width = x.shape[2:]
        observed = model.task.present(x)
        padded = F.pad(
            observed, (0, -width % generator.multiple_of, 0, -height % generator.multiple_of), mode="replicate"
        )
        y = generator(padded)[..., : height * scale, : width * scale]
        y = y + (x if scale == 1 else F.interpolate(x, scale_factor=scale, mode="bicubic", align_corners=False))
        rgb = y[0].clamp(0, 1).mul(255).round().permute(1, 2, 0).to(torch.uint8).numpy()
        write_bytes(job.target, encode(Image(np.ascontiguousarray(rgb)), "png"))
        pixels += rgb.shape[0] * rgb.shape[1]
    seconds = time.perf_counter() - started
    generator.to(memory_format=torch.channels_last)
    return pixels / 1e6 / seconds


def engine_alone(model: srgan.Model, engine: Engine, images: list[Image]) -> float:
    started = time.perf_counter()
    pixels = sum(
        restored.width * restored.height for restored in (restore_image(model, i, engine=engine) for i in images)
    )
    return pixels / 1e6 / (time.perf_counter() - started)


def non_local_means(images: list[Image]) -> float:
    """OpenCV's, at the strength 10 and the window sizes that its documentation recommends."""
    started = time.perf_counter()
    for image in images:
        cv2.fastNlMeansDenoisingColored(np.ascontiguousarray(image.rgb[:, :, ::-1]), None, 10, 10, 7, 21)
    return sum(image.width * image.height for image in images) / 1e6 / (time.perf_counter() - started)


@torch.inference_mode()
def hardware_tflops(side: int = 256, repeats: int = 20) -> float:
    """The best rate of this machine's bf16 64-channel 3x3 convolution, channels last [TFLOP/s]."""
    convolution = torch.nn.Conv2d(64, 64, 3, padding=1).to(dtype=torch.bfloat16, memory_format=torch.channels_last)
    x = torch.rand(1, 64, side, side).to(dtype=torch.bfloat16, memory_format=torch.channels_last)
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        convolution(x)
        seconds.append(time.perf_counter() - started)
    return 2 * 64 * 64 * 9 * side**2 / statistics.median(seconds[2:]) / 1e12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--model", default="upscale-x4")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", dest="as_json")
    arguments = parser.parse_args()
    keep_freed_memory()
    model = srgan.load(arguments.model)
    engine = make_engine(model.generator)
    images = [srgan.read(job.source) for job in plan(arguments.data, Path(tempfile.gettempdir()) / "unused")]
    target = Path(tempfile.mkdtemp())
    rounds: dict[str, list[float]] = {
        "end_to_end_mps": [],
        "usual_way_mps": [],
        "engine_mps": [],
        "hardware_tflops": [],
        "non_local_means_mps": [],
    }
    try:
        engine_alone(model, engine, images[:1])
        for _ in range(arguments.rounds):
            rounds["hardware_tflops"].append(hardware_tflops())
            rounds["engine_mps"].append(engine_alone(model, engine, images))
            rounds["end_to_end_mps"].append(end_to_end(model, arguments.data, target / "ours"))
            rounds["usual_way_mps"].append(usual_way(model, arguments.data, target / "usual"))
            if model.task.name == "denoise":
                rounds["non_local_means_mps"].append(non_local_means(images))
    finally:
        shutil.rmtree(target)
    result = {name: statistics.median(values) for name, values in rounds.items() if values}
    ratios = [ours / usual for ours, usual in zip(rounds["end_to_end_mps"], rounds["usual_way_mps"], strict=True)]
    result["ratio"] = statistics.median(ratios)
    result["engine_tflops"] = 2 * multiply_adds(model) * result["engine_mps"] * 1e6 / model.task.scale**2 / 1e12
    if arguments.as_json:
        print(json.dumps(result))
        return
    for name in sorted(result):
        print(f"{name:18}{result[name]:8.2f}")


if __name__ == "__main__":
    main()
