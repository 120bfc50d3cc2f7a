"""How fast a folder is restored, against the usual way and against the machine's own rate, in one run.

    python scripts/measure/benchmark.py --data DIR [--model upscale-x4] [--engines torch openvino ncnn]
                                        [--peer FILE.param] [--format png|jpeg] [--large 20] [--rounds 5] [--json]

Each round measures, one after the other: for each engine the folder runner end to end (what a command runs once torch
is imported) and the engine alone (pictures already decoded, nothing encoded); the same network the usual way (fp32,
NCHW, one whole picture at a time, decode and encode inline, same codecs, same threads); and the rates at which this
machine does 64-channel 3x3 convolutions in fp32 and, where it can, bf16; for a denoiser also OpenCV's non-local means
on the decoded pictures.
With --peer, so does somebody else's network, as ncnn's files, on all cores: what its users would run instead.
The medians are reported; megapixels are those of the outputs.

With --large, so many JPEGs of 12 megapixels are made first, the pictures of DIR side by side. The usual way and the
engine alone then take only the first two of them, for each takes half a minute.
"""

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F

import srgan
from srgan.engines import Engine, make_engine
from srgan.engines.memory import keep_freed_memory
from srgan.engines.precision import computes
from srgan.evaluation.cost import multiply_adds
from srgan.files import write_bytes
from srgan.images.image import Image
from srgan.images.writer import encode, write
from srgan.inference.picture import restore_image
from srgan.inference.tiled import Run
from srgan.runner.plan import Job, plan

LARGE = (3000, 4000)
FEW = 2


def make_large(data: Path, target: Path, count: int) -> None:
    """So many JPEGs of 12 megapixels: squares of a folder's pictures side by side, in each in another order."""
    pictures = [srgan.read(job.source).rgb for job in plan(data, target / "unused")]
    height, width = LARGE
    for number in range(count):
        turned = pictures[number % len(pictures) :] + pictures[: number % len(pictures)]
        side = min(min(picture.shape[:2]) for picture in turned)
        across, down = -(-width // side), -(-height // side)
        squares = [turned[k % len(turned)][:side, :side] for k in range(across * down)]
        rows = [np.concatenate(squares[k * across : (k + 1) * across], axis=1) for k in range(down)]
        write(target / f"{number:02}.jpg", Image(np.ascontiguousarray(np.concatenate(rows)[:height, :width])))


def end_to_end(model: srgan.Model, data: Path, target: Path, config: srgan.FolderConfig) -> float:
    started = time.perf_counter()
    outcomes = list(srgan.restore_folder(model, data, target, config))
    seconds = time.perf_counter() - started
    assert all(outcome.status == "ok" for outcome in outcomes), outcomes
    return sum(outcome.pixels for outcome in outcomes) / 1e6 / seconds


@torch.no_grad()
def usual_way(model: srgan.Model, jobs: Sequence[Job], format: str) -> float:
    generator = model.generator.to(memory_format=torch.contiguous_format)
    scale, pixels = model.task.scale, 0
    started = time.perf_counter()
    for job in jobs:
        image = srgan.read(job.source)
        x = torch.from_numpy(image.rgb).permute(2, 0, 1)[None].float().contiguous() / 255
        height, width = x.shape[2:]
        observed = model.task.present(x)
        padded = F.pad(
            observed, (0, -width % generator.multiple_of, 0, -height % generator.multiple_of), mode="replicate"
        )
        y = generator(padded)[..., : height * scale, : width * scale]
        y += x if scale == 1 else F.interpolate(x, scale_factor=scale, mode="bicubic", align_corners=False)
        rgb = y[0].clamp_(0, 1).mul_(255).round_().permute(1, 2, 0).to(torch.uint8).numpy()
        write_bytes(job.target, encode(Image(np.ascontiguousarray(rgb)), format))
        pixels += rgb.shape[0] * rgb.shape[1]
    seconds = time.perf_counter() - started
    generator.to(memory_format=torch.channels_last)
    return pixels / 1e6 / seconds


def peers_way(param: Path, jobs: Sequence[Job], format: str) -> float:
    """One whole picture at a time, with ncnn's own defaults on all cores; decoding and encoding as in `usual_way`."""
    import ncnn

    net, pixels = ncnn.Net(), 0
    net.opt.num_threads = torch.get_num_threads()
    net.load_param(str(param))
    net.load_model(str(param.with_suffix(".bin")))
    started = time.perf_counter()
    for job in jobs:
        planes = np.ascontiguousarray(srgan.read(job.source).rgb.transpose(2, 0, 1), np.float32) / 255
        extractor = net.create_extractor()
        extractor.input(net.input_names()[0], ncnn.Mat(planes).clone())
        made = np.array(extractor.extract(net.output_names()[0])[1])
        rgb = (made.transpose(1, 2, 0) * 255).round().clip(0, 255).astype(np.uint8)
        write_bytes(job.target, encode(Image(np.ascontiguousarray(rgb)), format))
        pixels += rgb.shape[0] * rgb.shape[1]
    return pixels / 1e6 / (time.perf_counter() - started)


def engine_alone(model: srgan.Model, engine: Engine, images: Sequence[Image]) -> float:
    """Pictures side by side whose tiles the cores share, as in the folder runner."""
    cores, each = torch.get_num_threads(), (torch.set_num_threads, (1,))
    with ThreadPoolExecutor(cores, "tile", *each) as workers, ThreadPoolExecutor(cores, "picture", *each) as pictures:

        def restored_pixels(image: Image) -> int:
            restored = restore_image(Run(model=model, engine=engine, workers=workers), image)
            return restored.width * restored.height

        started = time.perf_counter()
        pixels = sum(pictures.map(restored_pixels, images))
        return pixels / 1e6 / (time.perf_counter() - started)


def non_local_means(images: Sequence[Image]) -> float:
    """OpenCV's, at the strength 10 and the window sizes that its documentation recommends."""
    started = time.perf_counter()
    for image in images:
        cv2.fastNlMeansDenoisingColored(np.ascontiguousarray(image.rgb[:, :, ::-1]), None, 10, 10, 7, 21)
    return sum(image.width * image.height for image in images) / 1e6 / (time.perf_counter() - started)


@torch.inference_mode()
def hardware_tflops(dtype: torch.dtype = torch.bfloat16, side: int = 256, repeats: int = 20) -> float:
    """The rate of this machine's 64-channel 3x3 convolution, channels last [TFLOP/s]."""
    convolution = torch.nn.Conv2d(64, 64, 3, padding=1).to(dtype=dtype, memory_format=torch.channels_last)
    x = torch.rand(1, 64, side, side).to(dtype=dtype, memory_format=torch.channels_last)
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
    parser.add_argument("--engines", nargs="+", default=["auto"])
    parser.add_argument("--peer", type=Path, metavar="FILE.param")
    parser.add_argument("--format", default="png", choices=("png", "jpeg"))
    parser.add_argument("--large", default=0, type=int, metavar="COUNT")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", dest="as_json")
    arguments = parser.parse_args()
    keep_freed_memory()
    model = srgan.load(arguments.model)
    folder = Path(tempfile.mkdtemp())
    try:
        data = arguments.data
        if arguments.large:
            data = folder / "large"
            make_large(arguments.data, data, arguments.large)
        jobs = plan(data, folder / "usual", format=arguments.format)[: FEW if arguments.large else None]
        images = [srgan.read(job.source) for job in jobs]
        engines = {name: make_engine(model.generator, name) for name in arguments.engines}
        config = srgan.FolderConfig(format=arguments.format, existing="overwrite")
        measures: dict[str, Callable[[], float]] = {
            "hardware_fp32_tflops": lambda: hardware_tflops(torch.float32),
            "usual_way_mps": lambda: usual_way(model, jobs, arguments.format),
        }
        if computes(torch.device("cpu"), torch.bfloat16):
            measures["hardware_bf16_tflops"] = hardware_tflops
        for name, engine in engines.items():
            measures[f"{name}_engine_mps"] = partial(engine_alone, model, engine, images)
            asked = replace(config, engine=name)
            measures[f"{name}_end_to_end_mps"] = partial(end_to_end, model, data, folder / name, asked)
        if arguments.peer:
            measures["peers_way_mps"] = partial(peers_way, arguments.peer, jobs, arguments.format)
        if model.task.name == "denoise":
            measures["non_local_means_mps"] = lambda: non_local_means(images)
        for engine in engines.values():
            engine_alone(model, engine, images[:1])
        rounds = [{name: measure() for name, measure in measures.items()} for _ in range(arguments.rounds)]
    finally:
        shutil.rmtree(folder)
    # The machine's rate changes from round to round, so shares are taken within each.
    operations = 2 * multiply_adds(model) * 1e6 / model.task.scale**2 / 1e12
    for one in rounds:
        for name in arguments.engines:
            tflops = operations * one[f"{name}_engine_mps"]
            one[f"{name}_of_fp32_rate"] = tflops / one["hardware_fp32_tflops"]
            for way in ("usual_way", "peers_way"):
                if f"{way}_mps" in one:
                    one[f"{name}_ratio_to_{way}"] = one[f"{name}_end_to_end_mps"] / one[f"{way}_mps"]
            if "hardware_bf16_tflops" in one:
                one[f"{name}_of_bf16_rate"] = tflops / one["hardware_bf16_tflops"]
    result = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
    if arguments.as_json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:32}{value:8.2f}")


if __name__ == "__main__":
    main()
