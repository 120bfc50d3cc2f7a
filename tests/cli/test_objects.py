"""The commands with URLs: kept as they are typed, with the exit codes, lines and files that folders have."""

import json
import os
import re
import signal
import subprocess
import sys
import threading

import fsspec
import pytest
from fsspec.registry import _registry

from srgan.cli.supervise import SUPERVISED
from srgan.images.image import Image
from srgan.images.writer import write
from srgan.models.file import save
from tests.objects import KEYS, refusal

CPU = ("-d", "cpu", "--precision", "fp32")


@pytest.fixture
def store(bare_store, tmp_path, pixels):
    """A store with a bucket of three good pictures and a bad one, and one for outputs."""
    for seed, name in enumerate(("a.png", "sub/b.png", "c.tif")):
        write(tmp_path / "in" / name, Image(pixels(9, 8, seed=seed)))
    (tmp_path / "in" / "bad.png").write_bytes(b"")
    bare_store.bucket("input", tmp_path / "in")
    bare_store.bucket("output")
    return bare_store


@pytest.fixture
def upscale(run, tiny, tmp_path, monkeypatch):
    """Runs `srgan upscale` with a tiny model."""
    save(tiny, tmp_path / "tiny.safetensors")
    monkeypatch.chdir(tmp_path)

    def command(*words):
        code, stdout, stderr = run("upscale", *words, "-m", "tiny.safetensors", *CPU)
        return code, stdout, re.sub("^listing .* and .*\n", "", stderr)

    return command


def test_a_bucket_is_restored_into_a_bucket(upscale, store):
    code, _, stderr = upscale("s3://input", "s3://output/x2")

    assert code == 1
    assert "failed: s3://input/bad.png: empty file" in stderr
    assert stderr.splitlines()[-1].startswith("4/4 pictures  ok 3 skipped 0 failed 1")
    assert stderr.splitlines()[-1].endswith("-> s3://output/x2")
    assert store.keys("output") == ["x2/a.png", "x2/c.tif", "x2/sub/b.png"]


def test_without_out_a_prefix_goes_beside_itself_and_a_bucket_is_refused(upscale, store):
    assert upscale("s3://input/sub")[0] == 0
    assert "sub-x2/b.png" in store.keys("input")
    assert upscale("s3://input")[::2] == (2, "error: s3://input: is a whole bucket: say where its outputs go\n")


def test_what_was_put_is_verified_and_what_changed_or_is_missing_named(upscale, run, store):
    upscale("s3://input", "s3://output")
    whole = run("verify", "s3://output")
    store.remove("output", *(key for key in store.all_keys("output") if ".srgan/journal/" in key))
    without_journal = run("verify", "s3://output")
    upscale("s3://input", "s3://output")
    store.put("output", "a.png", b"other")
    store.remove("output", "sub/b.png")

    code, stdout, stderr = run("verify", "s3://output")

    assert whole == without_journal == (0, "3 pictures, 0 missing or changed\n", "")
    assert (code, stdout) == (1, "3 pictures, 2 missing or changed\n")
    assert stderr.splitlines() == ["s3://output/a.png: has changed", "s3://output/sub/b.png: is missing"]
    assert run("verify", "s3://output/nothing")[::2] == (
        2,
        "error: s3://output/nothing: nothing was restored into it\n",
    )


@pytest.mark.parametrize("words", [(), ("-n",)])
def test_what_another_command_has_put_is_kept(upscale, run, make_model, store, words):
    upscale("s3://input", "s3://output")
    before = store.all_keys("output")
    save(make_model("denoise"), "denoiser.safetensors")

    code, _, stderr = run("denoise", "s3://input", "s3://output", "-m", "denoiser.safetensors", *CPU, *words)

    assert code == 2
    assert stderr.splitlines()[-1].startswith("error: s3://output: holds what upscale has made of these pictures, ")
    assert store.all_keys("output") == before


def test_what_failed_is_tried_again_and_nothing_else(upscale, run, store):
    upscale("s3://input", "s3://output")
    good = store.contents("input")["a.png"]
    store.put("input", "bad.png", good)
    store.put("input", "new.png", good)

    code, _, stderr = run("retry", "s3://output")

    assert (code, "1/1 pictures" in stderr) == (0, True)
    assert store.keys("output") == ["a.png", "bad.png", "c.tif", "sub/b.png"]
    assert run("retry", "s3://output/nothing")[0] == 2


def test_a_dry_run_reads_headers_alone_and_writes_nothing(upscale, store, tmp_path, pixels):
    write(tmp_path / "large.png", Image(pixels(600, 600)))
    store.put("input", "large.png", (tmp_path / "large.png").read_bytes())
    ranges = []
    store.door = lambda request: ranges.append(request.headers.get("Range", "")) if request.method == "GET" else None

    code, stdout, stderr = upscale("s3://input", "s3://output", "-n")

    store.door = lambda request: None
    assert code == 1
    assert stdout.splitlines() == [
        f"s3://input/{name} -> s3://output/{name}" for name in ("a.png", "c.tif", "large.png", "sub/b.png")
    ]
    assert stderr.splitlines()[0] == "failed: s3://input/bad.png: empty file"
    needed = 4 * sum(map(len, store.contents("input").values())) / 1e6
    assert stderr.splitlines()[1:] == ["to do 4 skipped 0 failed 1", f"the outputs may take {needed:.1f} MB"]
    assert sum(one.startswith("bytes=0-") for one in ranges) == 4 and store.all_keys("output") == []


def test_a_dry_run_knows_what_is_finished(upscale, store):
    upscale("s3://input", "s3://output")

    lines = [json.loads(line) for line in upscale("s3://input", "s3://output", "-n", "--json")[1].splitlines()]

    assert [(one["name"], one["status"]) for one in lines] == [
        *(("a.png", "skipped"), ("bad.png", "failed"), ("c.tif", "skipped"), ("sub/b.png", "skipped"))
    ]


def test_without_the_extra_one_line_says_what_to_install(upscale, store, monkeypatch):
    monkeypatch.delitem(_registry, "s3")
    monkeypatch.setitem(sys.modules, "s3fs", None)

    assert upscale("s3://input", "s3://output")[::2] == (2, "error: s3:// needs s3fs: pip install 'srgan[s3]'\n")


@pytest.mark.parametrize(
    "url, message",
    [
        ("s3://key:whisper@bucket/x", "s3://: no credentials in URLs: give them in the environment or "),
        ("s3://key:whis/per@bucket/x", "s3://: no credentials in URLs: give them in the environment or "),
        ("https://whisper@example.org/x", "https://: pictures are read from paths, and from s3://, gs://, az:// and "),
        ("s3://", "s3://: names no bucket: write s3://bucket/prefix\n"),
    ],
)
@pytest.mark.parametrize("place", ["IN", "OUT"])
def test_urls_that_cannot_be_are_refused_and_no_secret_is_repeated(upscale, store, url, message, place):
    words = (url, "out") if place == "IN" else ("s3://input", url)

    code, stdout, stderr = upscale(*words)

    assert (code, stdout) == (2, "")
    assert stderr.startswith(f"error: {message}") and "whis" not in stderr


@pytest.mark.parametrize(
    "words, message",
    [
        (("s3://input", "s3://output", "--in-place"), "s3://output: pictures in object storage are not replaced"),
        (("s3://input", "s3://input"), "s3://input: pictures in object storage are not replaced"),
        (("s3://input/a.png", "out"), "s3://input/a.png: one object, no folder"),
        (("in/a.png", "s3://output"), "in/a.png: no such folder; single pictures go from path to path"),
        (("s3://input", "in", "-o", "s3://output"), "several inputs: with URLs one folder at a time"),
        (("s3://input", "az://output"), "az://: is read, not written"),
    ],
)
def test_what_is_not_done_with_urls_is_refused(upscale, store, words, message):
    code, _, stderr = upscale(*words)

    assert (code, stderr[: len(message) + 7]) == (2, f"error: {message}")
    assert store.all_keys("output") == []


def test_an_empty_prefix_holds_no_pictures(upscale, store):
    assert upscale("s3://input/nothing", "s3://output")[0] == 3


@pytest.mark.parametrize("words", [("s3://nowhere", "s3://output"), ("s3://input", "s3://nowhere")])
def test_a_missing_bucket_ends_the_command_before_any_work(upscale, store, words):
    code, _, stderr = upscale(*words)

    assert (code, stderr) == (5, "error: s3://nowhere: cannot be listed: The specified bucket does not exist\n")
    assert store.asked("GET", "/input/a.png") == 0


def test_wrong_credentials_end_the_command_and_are_nowhere_repeated(upscale, store):
    store.door = lambda request: refusal("InvalidAccessKeyId", 403)

    code, stdout, stderr = upscale("s3://input", "s3://output")

    assert (code, stdout) == (5, "")
    assert stderr == "error: s3://input: cannot be listed: Said the store: InvalidAccessKeyId\n"


def test_without_credentials_the_command_says_so(upscale, store, monkeypatch, tmp_path):
    for name in KEYS:
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    try:
        code, _, stderr = upscale("s3://input", "s3://output")
    finally:
        fsspec.get_filesystem_class("s3").clear_instance_cache()

    assert (code, stderr) == (5, "error: s3://input: cannot be listed: Unable to locate credentials\n")


def test_an_output_that_may_not_be_written_ends_the_command_before_any_work(upscale, store):
    store.door = lambda request: refusal("AccessDenied", 403) if request.method == "PUT" else None

    code, _, stderr = upscale("s3://input", "s3://output")

    assert code == 5
    where = "s3://output/.srgan/journal/1-of-1/settings.json"
    assert stderr.splitlines()[-1] == f"error: {where}: cannot be written: Said the store: AccessDenied"
    assert store.asked("GET", "/input/a.png") == 0


def test_a_picture_that_vanishes_fails_alone(upscale, store):
    store.door = lambda request: refusal("NoSuchKey", 404) if request.path == "/input/a.png" else None

    code, _, stderr = upscale("s3://input", "s3://output")

    assert code == 1
    assert "failed: s3://input/a.png: cannot be read: Said the store: NoSuchKey" in stderr
    assert store.keys("output") == ["c.tif", "sub/b.png"]


def test_a_bucket_that_is_full_ends_the_command_and_the_same_command_continues(upscale, store):
    full = refusal("XMinioStorageFull", 507)
    store.door = lambda request: full if request.method == "PUT" and request.path == "/output/c.tif" else None

    code, _, stderr = upscale("s3://input", "s3://output")
    there = store.keys("output")
    store.door = lambda request: None
    again = upscale("s3://input", "s3://output")

    assert (code, "c.tif" in there) == (5, False)
    assert "error: s3://output/c.tif: cannot be written: " in stderr and "XMinioStorageFull" in stderr
    assert again[0] == 1 and store.keys("output") == ["a.png", "c.tif", "sub/b.png"]
    assert run_of(again, "skipped") == len(there)


def run_of(said, status):
    """How many pictures had that status, by the last line of a command."""
    words = said[2].splitlines()[-1].split()
    return int(words[words.index(status) + 1])


def test_what_is_slow_to_come_is_fetched_side_by_side(upscale, store):
    all_at_once = threading.Barrier(4)

    def wait(request):
        if request.method == "GET" and request.path.startswith("/input/"):
            all_at_once.wait(timeout=20)

    store.door = wait

    assert upscale("s3://input", "s3://output")[0] == 1
    assert store.keys("output") == ["a.png", "c.tif", "sub/b.png"]


def test_no_secret_is_kept_in_the_journal_the_metadata_or_the_command(upscale, store):
    upscale("s3://input", "s3://output")

    kept = [store.client.get_object(Bucket="output", Key=key) for key in store.all_keys("output")]

    assert len(kept) == 6  # three pictures, settings, a part of the journal, and the command
    for one in kept:
        assert KEYS["AWS_SECRET_ACCESS_KEY"] not in one["Body"].read().decode("latin-1") + str(one["Metadata"])


@pytest.mark.slow
@pytest.mark.parametrize("existing", ["resume", "overwrite", "error"])
def test_a_picture_that_kills_the_program_twice_fails_and_the_others_are_made_once(existing, store, tiny, tmp_path):
    save(tiny, tmp_path / "tiny.safetensors")
    code = """
import os, signal, threading
from srgan.cli.supervise import SUPERVISED
from srgan.runner import job, outputs
make, put, others = job.Conversion.make, outputs.Outputs.put, threading.Semaphore(0)
def deadly(self, one, *rest, **more):
    if one.name == "sub/b.png":
        for _ in range(2 if os.environ[SUPERVISED].endswith(".0") else 0):
            others.acquire()
        os.kill(os.getpid(), signal.SIGSEGV)
    return make(self, one, *rest, **more)
def putting(self, *what):
    put(self, *what)
    others.release()
job.Conversion.make, outputs.Outputs.put = deadly, putting
"""
    (tmp_path / "site" / "sitecustomize.py").parent.mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(code)
    paths = os.pathsep.join([str(tmp_path / "site"), *filter(None, [os.environ.get("PYTHONPATH")])])
    words = ("upscale", "s3://input", "s3://output", "--existing", existing, "-m", str(tmp_path / "tiny.safetensors"))
    command = [sys.executable, "-m", "srgan", *words, *CPU]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True)

    assert done.returncode == 1
    assert "failed: s3://input/sub/b.png: the program was killed over it twice" in done.stderr
    assert "is there already" not in done.stderr
    assert store.keys("output") == ["a.png", "c.tif"]
    assert [store.asked("PUT", f"/output/{name}") for name in ("a.png", "c.tif")] == [1, 1]


@pytest.mark.slow
def test_nothing_stays_in_the_folder_for_temporary_files_where_the_command_is_killed(store, tiny, tmp_path):
    save(tiny, tmp_path / "tiny.safetensors")
    (tmp_path / "tmp").mkdir()
    fetched, goes_on = threading.Event(), threading.Event()

    def hold(request):
        if request.method == "PUT" and request.path.startswith("/output/a"):
            fetched.set()
            goes_on.wait(timeout=60)

    store.door = hold
    words = ("upscale", "s3://input", "s3://output", "-m", str(tmp_path / "tiny.safetensors"), *CPU)
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    process = subprocess.Popen([sys.executable, "-m", "srgan", *words], env=environment, stderr=subprocess.DEVNULL)
    assert fetched.wait(timeout=60)
    there = len(list((tmp_path / "tmp").iterdir()))
    process.kill()
    process.wait()

    assert there == 1
    assert any(not list((tmp_path / "tmp").iterdir()) or threading.Event().wait(0.1) for _ in range(200))
    goes_on.set()


@pytest.mark.slow
def test_500_pictures_killed_twice_are_each_put_once_and_are_those_of_a_folder(store, run, tiny, tmp_path, pixels):
    save(tiny, tmp_path / "tiny.safetensors")
    for number in range(500):
        write(tmp_path / "many" / f"{number % 7}" / f"{number:03}.png", Image(pixels(12, 10, seed=number)))
    store.bucket("many", tmp_path / "many")
    store.client.put_bucket_versioning(Bucket="output", VersioningConfiguration={"Status": "Enabled"})
    words = ("upscale", "s3://many", "s3://output/x2", "-m", str(tmp_path / "tiny.safetensors"), *CPU)
    put, enough = [], threading.Event()

    def count(request):
        if request.method == "PUT" and request.path.endswith(".png"):
            put.append(request.path)
            if len(put) in (120, 330):
                enough.set()

    store.door = count
    command = [sys.executable, "-m", "srgan", *words]
    for _ in range(2):
        process = subprocess.Popen(
            command, env={**os.environ, SUPERVISED: "0", "TMPDIR": str(tmp_path)}, stderr=subprocess.DEVNULL
        )
        assert enough.wait(timeout=120)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        enough.clear()

    assert run(*words)[0] == 0
    assert run("upscale", tmp_path / "many", tmp_path / "out", "-m", tmp_path / "tiny.safetensors", *CPU)[0] == 0
    made = {
        f"x2/{path.relative_to(tmp_path / 'out')}": path.read_bytes() for path in (tmp_path / "out").glob("*/*.png")
    }
    assert store.contents("output") == made and len(made) == 500
    pages = store.client.get_paginator("list_object_versions").paginate(Bucket="output", Prefix="x2/")
    versions = [one["Key"] for page in pages for one in page["Versions"] if ".srgan/" not in one["Key"]]
    assert sorted(versions) == sorted(made)
    assert run("verify", "s3://output/x2")[1] == "500 pictures, 0 missing or changed\n"
