"""What `srgan compare` and `srgan serve` cost: seconds, size and memory of their pages, and what they bear.

    python scripts/measure/pages.py [--only compare serve queue hostile restart] [--rounds 5]

Prints a line for each figure, medians of some rounds where they are seconds. Ours and the folder runner's time for the
same ten pictures are taken in turns. Needs Linux, `httpx`, and for the first paint `playwright` and `chromium`.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import skimage.data
from PIL import Image
from playwright.sync_api import sync_playwright

TEN, SIDE = 10, (384, 256)
OVER = ("done", "failed", "cancelled")


def write_crops(folder: Path, count: int, size: tuple[int, int], suffix: str = "png", scale: int = 1) -> None:
    """Crops of photographs, enlarged by so much; of equal counts and sizes the same."""
    folder.mkdir(parents=True)
    photos = [Image.fromarray(getattr(skimage.data, name)()) for name in ("astronaut", "coffee", "chelsea")]
    rng = np.random.default_rng(0)
    for number in range(count):
        photo = photos[number % len(photos)]
        left, top = (int(rng.integers(max(1, whole - part))) for whole, part in zip(photo.size, size, strict=True))
        crop = photo.crop((left, top, left + size[0], top + size[1]))
        crop.resize((size[0] * scale, size[1] * scale)).save(folder / f"{number:04}.{suffix}")


def cost(*words: object) -> tuple[float, float]:
    """Seconds by the clock and megabytes at the peak of a command that must succeed."""
    started, command = time.perf_counter(), [sys.executable, "-m", "srgan", *map(str, words)]
    quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
    _, status, used = os.wait4(os.posix_spawn(sys.executable, command, os.environ, file_actions=quiet), 0)
    assert status == 0, words
    return time.perf_counter() - started, used.ru_maxrss / 1e3


@contextmanager
def served(*words: object) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """A server, and who asks it."""
    command = [sys.executable, "-m", "srgan", "serve", "--port", "0", *map(str, words)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with httpx.Client(base_url=process.stdout.readline().strip(), timeout=300) as client:
        yield process, client
    process.terminate()
    process.wait()


def when_ready(client: httpx.Client) -> None:
    """Nothing; comes when the models are loaded."""
    while not client.get("/api").json()["ready"]:
        time.sleep(0.1)


def compare(folder: Path, rounds: int) -> None:
    for count in (250, 1000):
        before, after = folder / f"before-{count}", folder / f"after-{count}"
        write_crops(before, count, (96, 64))
        write_crops(after, count, (96, 64), scale=4)
        page = folder / f"report-{count}.html"
        seconds, memory = cost("compare", before, after, "-o", page)
        print(f"compare: {count} pictures: {seconds:.1f} s, {page.stat().st_size / 1e6:.2f} MB, {memory:.0f} MB peak")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        paints = []
        for _ in range(rounds):
            tab = browser.new_page()
            tab.goto(page.as_uri())
            paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
            paints.append(tab.wait_for_function(paint).json_value() / 1e3)
            tab.close()
        browser.close()
    print(f"compare: first paint of 1000 pictures: {statistics.median(paints):.2f} s (slowest {max(paints):.2f} s)")


def serve(folder: Path, rounds: int) -> None:
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        with served() as (_, client):
            for path in re.findall(r'(?:src|href)="(/static/[^"]+)"', client.get("/").text):
                client.get(path).raise_for_status()
            seconds.append(time.perf_counter() - started)
    print(f"serve: first page after the command: {statistics.median(seconds):.2f} s (slowest {max(seconds):.2f} s)")


def queue(folder: Path, rounds: int) -> None:
    from srgan.cli.asked import chosen
    from srgan.inference.chain import restorer_of
    from srgan.pages.asked import Asked
    from srgan.runner.config import FolderConfig
    from srgan.runner.run import restore_folder

    write_crops(folder / "ten", TEN, SIDE)
    choice, config = chosen(Asked(), False), FolderConfig()
    restorer = restorer_of(choice.load(), config, choice.size)
    taken = []
    with served() as (process, client):
        when_ready(client)
        for number in range(rounds + 1):
            started, computed = time.perf_counter(), processor(os.getpid())
            made = list(restore_folder(restorer, folder / "ten", folder / f"made-{number}", config))
            assert [outcome.status for outcome in made] == ["ok"] * TEN
            runner = time.perf_counter() - started, processor(os.getpid()) - computed
            started, computed = time.perf_counter(), processor(process.pid)
            states = watched(client, [sent(client, path) for path in sorted((folder / "ten").iterdir())])
            assert states == ["done"] * TEN
            taken.append((*runner, time.perf_counter() - started, processor(process.pid) - computed))
    for said, theirs, ours in (("by the clock", 0, 2), ("computed", 1, 3)):
        ratios = sorted(one[ours] / one[theirs] for one in taken[1:])  # the first round warms up
        print(f"serve: ten pictures of 384x256 at once, to the folder runner's seconds {said}:", end=" ")
        print(f"{statistics.median(ratios):.2f} times, {ratios[0]:.2f} to {ratios[-1]:.2f}")


def sent(client: httpx.Client, path: Path, **fields: str) -> str:
    """The id of the job of a picture that is sent."""
    return str(client.post("/api/jobs", files={"picture": (path.name, path.read_bytes())}, data=fields).json()["id"])


def watched(client: httpx.Client, ids: list[str]) -> list[str]:
    """What became of jobs, as soon as they are over."""
    for id in ids:
        with client.stream("GET", "/api/events", params={"id": id}) as events:
            events.read()
    return [client.get(f"/api/jobs/{id}").json()["state"] for id in ids]


def processor(process: int) -> float:
    """Seconds that a process has computed."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def hostile(folder: Path, rounds: int) -> None:
    write_crops(folder / "one", 1, (24, 16))
    picture = (folder / "one" / "0000.png").read_bytes()
    huge = picture[:16] + (60_000).to_bytes(4) * 2 + picture[24:]
    headers = {"content-type": "multipart/form-data; boundary=BOUNDARY"}
    rng = np.random.default_rng(0)
    with served() as (process, client):
        when_ready(client)
        before, statuses = resident(process), Counter[int]()
        for number in range(200):
            sent = (picture, huge, picture + bytes(8_000_000))[number % 3]
            sent = broken(sent, rng) if number % 2 else sent
            form = {"files": {"picture": ("a.png", sent)}, "headers": headers}
            body = httpx.Request("POST", client.base_url, **form).read()
            body = broken(body, rng) if number % 4 > 1 else body
            statuses[client.post("/api/jobs", params={"wait": ""}, content=body, headers=headers).status_code] += 1
        said = ", ".join(f"{count} of {status}" for status, count in sorted(statuses.items()))
        print(f"serve: 200 hostile requests: {said}; {before:.0f} MB before, {resident(process):.0f} MB after")


def broken(data: bytes, rng: np.random.Generator) -> bytes:
    """The same with some bytes changed near its beginning, and perhaps cut off."""
    made = bytearray(data[: rng.integers(1, len(data))] if rng.random() < 0.3 else data)
    for at in rng.integers(0, min(len(made), 2000), rng.integers(1, 20)):
        made[at] = rng.integers(256)
    return bytes(made)


def resident(process: subprocess.Popen[str]) -> float:
    """Megabytes that a process holds."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1e3


def restart(folder: Path, rounds: int) -> None:
    from srgan.runner.verified import verify

    shelf, out = folder / "shelf", folder / "out"
    write_crops(shelf, TEN, SIDE)
    names = sorted(path.name for path in shelf.iterdir())
    kept = []
    for attempt in range(2):
        with served(shelf, "-o", out) as (process, client):
            ids = [client.post("/api/jobs", files={"name": (None, name)}).json()["id"] for name in names]
            if attempt == 0:
                watched(client, ids[:3])
                process.kill()
                process.wait()
            else:
                assert watched(client, ids) == ["done"] * TEN
        known = [wrong == "" for _, wrong in verify(out)]
        for path in out.glob("*.png"):
            Image.open(path).load()
        kept.append((len(list(out.glob("*.png"))), sum(known), len(known), len(list(out.glob(".srgan-*")))))
    for when, (there, right, noted, parts) in zip(("killed at work", "started again"), kept, strict=True):
        print(f"serve: {when}: {there} results, {right} of {noted} as the journal has them, {parts} unfinished files")


PARTS = {part.__name__: part for part in (compare, serve, queue, hostile, restart)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    for name in arguments.only:
        with tempfile.TemporaryDirectory() as folder:
            PARTS[name](Path(folder), arguments.rounds)


if __name__ == "__main__":
    main()
