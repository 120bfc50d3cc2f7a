"""What a server answers over HTTP: to its page, to programs, and to those who mean no good."""

import asyncio
import errno
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image as Pillow

from srgan.cli.asked import chosen, tag
from srgan.images.reader import decode, read
from srgan.pages.job import Limits
from srgan.pages.restoring import Restoring
from srgan.pages.shelf import Shelf
from srgan.runner.config import FolderConfig
from srgan.runner.run import restore_folder
from srgan.runner.verified import verify

httpx = pytest.importorskip("httpx", reason="httpx is not installed")
server = pytest.importorskip("srgan.pages.server", reason="starlette is not installed")
uploads = pytest.importorskip("srgan.pages.uploads", reason="starlette is not installed")


@pytest.fixture
def picture(pixels):
    """The bytes of a small PNG."""
    return saved(pixels(16, 24))


def saved(rgb, format="PNG", **options):
    file = io.BytesIO()
    Pillow.fromarray(rgb).save(file, format, **options)
    return file.getvalue()


@pytest.fixture
def ask(tiny_site):
    """Asks a server of the tiny model, in JSON where it answers so."""
    clients = []

    def start(*args, headers=None, **options):
        site = tiny_site(*args, **options)
        clients.append(httpx.Client(base_url=site.url, timeout=60, headers=headers))
        clients[-1].site = site
        return clients[-1]

    yield start
    for client in clients:
        client.close()


def post(client, picture, name="photo.png", *, wait=False, files=None, **fields):
    files = {"picture": (name, picture), **(files or {})}
    return client.post("/api/jobs", params={"wait": ""} if wait else {}, files=files, data=fields)


def told(client, id):
    """The events of a job until it is over."""
    with client.stream("GET", "/api/events", params={"id": id}) as stream:
        lines = [line for line in stream.iter_lines() if line.startswith('data: {"id')]
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def test_a_picture_becomes_a_job_that_tells_when_it_is_done_and_a_file(ask, picture, tiny, tmp_path):
    client = ask()

    answer = post(client, picture)

    assert answer.status_code == 201
    job = answer.json()
    assert answer.headers["location"] == f"/api/jobs/{job['id']}"
    assert (job["name"], job["given"]["width"], job["given"]["height"]) == ("photo.png", 24, 16)
    assert told(client, job["id"])[-1]["state"] == "done"
    result = client.get(f"/api/jobs/{job['id']}/result")
    assert result.headers["content-disposition"] == "attachment; filename*=UTF-8''photo.png"
    (tmp_path / "photo.png").write_bytes(picture)
    (outcome,) = restore_folder(tiny, tmp_path / "photo.png", tmp_path / "large.png")
    assert result.content == outcome.target.read_bytes()


def test_who_waits_gets_the_picture_itself(ask, picture):
    answer = post(ask(), picture, wait=True)

    assert answer.headers["content-type"] == "image/png"
    made = decode(answer.content, "made")
    assert (made.width, made.height) == (48, 32)


def test_an_upload_is_taken_though_a_cleaner_of_temporary_files_has_taken_the_empty_folder(ask, picture):
    client = ask()
    client.site.work.rmdir()

    assert post(client, picture, wait=True).status_code == 200


def test_jobs_outlive_the_page_until_they_are_removed(ask, picture):
    client = ask()
    post(client, picture, wait=True)

    (job,) = client.get("/api/jobs").json()
    assert job["state"] == "done"
    assert client.delete(f"/api/jobs/{job['id']}").status_code == 204
    assert client.get("/api/jobs").json() == []
    assert list(client.site.work.iterdir()) == []


def test_the_interface_tells_its_endpoints_options_and_limits(ask):
    client = ask()

    api = client.get("/api").json()

    assert {(way["method"], way["path"]) for way in api["endpoints"]} >= {("POST", "/api/jobs"), ("GET", "/api/events")}
    assert all(way["does"] for way in api["endpoints"])
    assert api["options"]["scale"]["default"] == 4.0
    assert api["limits"]["pixels"] == 64_000_000
    (card,) = [card for card in client.get("/api/models").json() if card["name"] == "upscale-x4"]
    assert card["licence"]


def test_results_come_in_one_zip_without_previews_and_two_of_one_name_are_told_apart(ask, picture):
    client = ask()
    for name in ("a.png", "a.png", "A.png"):
        post(client, picture, name, wait=True)
    post(client, picture, "b.png", wait=True, part="0,0,8,8")

    archive = zipfile.ZipFile(io.BytesIO(client.get("/api/results.zip").content))

    assert archive.testzip() is None
    assert archive.namelist() == ["a.png", "a-2.png", "A-3.png"]


def test_what_no_browser_shows_is_shown_as_png(ask, pixels):
    client = ask()
    deep = io.BytesIO()
    import tifffile

    tifffile.imwrite(deep, pixels(16, 24, dtype=np.uint16), photometric="rgb")
    job = post(client, deep.getvalue(), "deep.tif").json()
    told(client, job["id"])

    assert client.get(f"/api/jobs/{job['id']}/input").headers["content-type"] == "image/png"
    assert client.get(f"/api/jobs/{job['id']}/result", params={"shown": ""}).content[:4] == b"\x89PNG"
    assert client.get(f"/api/jobs/{job['id']}/result").headers["content-type"] == "image/tiff"
    assert client.get(f"/api/jobs/{job['id']}/input", params={"small": ""}).headers["content-type"] == "image/webp"


def wrong(answer, status, text):
    assert answer.status_code == status, answer.text
    assert answer.json()["status"] == status
    assert text in answer.json()["error"]


def test_what_cannot_be_done_is_said_in_json_with_its_status(ask, picture):
    client = ask(Limits(pixels=10_000))
    bomb = picture[:16] + (60_000).to_bytes(4) + (60_000).to_bytes(4) + picture[24:]

    wrong(post(client, b"no picture at all"), 415, "photo.png: not a picture")
    wrong(post(client, b""), 422, "photo.png: empty file")
    wrong(post(client, picture[:60], wait=True), 422, "photo.png: damaged png")
    wrong(post(client, saved(np.zeros((200, 200, 3), np.uint8))), 413, "200 x 200 pixels are more than the limit")
    wrong(post(client, bomb), 413, "60000 x 60000 pixels are more than the limit of 10000")
    wrong(post(client, picture, realsm="1"), 400, "did you mean 'realism'?")
    wrong(post(client, picture, task="inpaint"), 400, "nothing says what to fill")
    wrong(post(client, picture, box="1,1,4,4"), 400, "task=upscale: fills nothing: leave out mask, box and alpha")
    wrong(post(client, picture, files={"mask": ("m.png", picture)}, task="denoise"), 400, "task=denoise: fills nothing")
    wrong(post(client, picture, files={"other": ("x", b"x")}), 400, "unknown file 'other'")
    twice = [("picture", ("a.png", picture)), ("picture", ("b.png", picture))]
    wrong(client.post("/api/jobs", files=twice), 400, "send one picture a request")
    wrong(client.post("/api/jobs", data={"task": "upscale"}), 400, "send a file as `picture`")
    wrong(client.post("/api/jobs", content=b"\0", headers={"content-type": "multipart/form-data"}), 400, "boundary")
    wrong(client.get("/api/jobs/../../etc/passwd"), 404, "")
    wrong(client.get("/api/jobs/0123456789abcdef"), 404, "there is no such job")
    wrong(client.get("/api/events", params={"id": "0123456789abcdef"}), 404, "there is no such job")
    wrong(client.get("/static/..%2fpage.html"), 404, "")
    wrong(client.put("/api/jobs"), 405, "")
    wrong(client.get("/api/results.zip"), 404, "there is no result yet")
    wrong(client.get("/api/folder"), 404, "without a folder")


def test_a_result_that_would_be_too_large_is_refused_before_anything_is_decoded(ask, picture):
    client = ask(Limits(made=1000))

    wrong(post(client, picture), 413, "what becomes of it has 1536 pixels, more than the limit of 1000")

    assert list(client.site.work.iterdir()) == []


def test_more_bytes_than_may_be_are_refused_whatever_is_said_of_their_number(ask, picture):
    client = ask(Limits(bytes=10_000))

    wrong(post(client, bytes(20_000)), 413, "more than the limit of 10000")
    endless = (b"--x\r\nContent-Disposition: form-data; name=picture; filename=a\r\n\r\n" if n == 0 else bytes(1000)
               for n in range(50))  # fmt: skip
    said = {"content-type": "multipart/form-data; boundary=x"}
    wrong(client.post("/api/jobs", content=endless, headers=said), 413, "more than the limit of 10000 bytes")


def test_uploads_that_come_no_farther_make_room_for_others(ask, picture, monkeypatch):
    monkeypatch.setattr(server, "RECEIVED", 1)
    monkeypatch.setattr(uploads, "SILENCE", 0.2)
    client = ask()
    head = b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\nContent-Type: multipart/form-data; "
    with socket.create_connection((client.base_url.host, client.base_url.port)) as stalled:
        stalled.sendall(head + b"boundary=b\r\n\r\n--b")

        assert post(client, picture).status_code == 201
        with stalled.makefile("rb") as answer:
            assert answer.readline() == b"HTTP/1.1 408 Request Timeout\r\n"
            assert b"nothing was sent for 0.2 s; send it again" in answer.read()


def receive_1000_seconds_at(rate, passed):
    """Takes an upload of so many bytes a second, and notes each that has passed."""

    async def a_second():
        passed.append(len(passed))
        return {"body": bytes(rate)}

    async def received():
        prompt = uploads.promptly(a_second, lambda: 1.0 + len(passed))
        while len(passed) < 1000:
            await prompt()

    with ThreadPoolExecutor(1) as other:  # in this thread the loop of Playwright may run
        other.submit(asyncio.run, received()).result()


@pytest.mark.parametrize(("rate", "seconds"), [(1, 61), (50_000, 121)])
def test_an_upload_that_drips_is_let_go(rate, seconds):
    passed = []

    with pytest.raises(server.HTTPException, match="408: it came at less than 100 kB/s; send it again"):
        receive_1000_seconds_at(rate, passed)

    assert len(passed) == seconds


def test_an_upload_that_is_large_takes_its_time():
    passed = []

    receive_1000_seconds_at(100_000, passed)

    assert len(passed) == 1000


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "evil.example:8765"}, 421),
        ({"Host": "127.0.0.1.evil.example"}, 421),
        ({"Host": "["}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
def test_pages_of_other_sites_may_not_ask(headers, status, ask, picture):
    client = ask()

    answer = client.post("/api/jobs", files={"picture": picture}, headers=headers)

    wrong(answer, status, "")
    assert client.site.jobs.all() == []


def test_the_page_of_the_server_itself_may_ask(ask, picture):
    client = ask()
    own = {"Origin": client.site.url, "Sec-Fetch-Site": "same-origin"}

    assert client.post("/api/jobs", files={"picture": picture}, headers=own).status_code == 201
    assert client.get("/", headers={"Host": "localhost:1", "Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_where_there_is_a_token_nobody_asks_without_it(ask):
    client = ask(token="a secret wörd")

    wrong(client.get("/"), 401, "Authorization: Bearer TOKEN")
    wrong(client.get("/api", headers={"Authorization": "Bearer another"}), 401, "TOKEN")
    wrong(client.get("/", params={"token": "another"}), 401, "TOKEN")
    assert client.get("/api", headers={"Authorization": "Bearer a secret wörd".encode("latin-1")}).status_code == 200
    welcome = client.get("/", params={"token": "a secret wörd"})
    assert (welcome.status_code, welcome.headers["location"]) == (303, "/")
    assert "HttpOnly" in welcome.headers["set-cookie"] and "SameSite=strict" in welcome.headers["set-cookie"]
    assert client.get("/").status_code == 200


def test_a_token_may_have_letters_of_any_script(ask):
    client = ask(token="密码")

    wrong(client.get("/api", headers={"Authorization": "Bearer ??"}), 401, "TOKEN")
    assert client.get("/api", headers={"Authorization": "Bearer 密码".encode()}).status_code == 200
    assert client.get("/", params={"token": "密码"}).status_code == 303
    assert client.get("/").status_code == 200


def test_nothing_runs_on_the_page_but_its_own_scripts(ask):
    client = ask()

    for path in ("/", "/static/serve.js", "/api", "/nowhere"):
        policy = client.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script-src 'self';" in policy and "unsafe" not in policy
    assert client.get("/").headers["x-content-type-options"] == "nosniff"
    page = client.get("/").text
    assert "<style" not in page and " style=" not in page and "javascript:" not in page
    assert page.count("<script") == page.count('<script type="module" src=')


@pytest.mark.parametrize(
    "name", ["../../../evil.png", "..\\..\\evil.png", "/etc/evil.png", "C:\\evil.png", "evil.png\0.exe", ".", ""]
)
def test_names_never_become_paths(name, ask, picture):
    client = ask()
    answer = client.post("/api/jobs", files={"picture": (name or "x", picture)}, params={"wait": ""})

    assert answer.status_code == 200
    (job,) = client.get("/api/jobs").json()
    assert "/" not in job["name"] and "\\" not in job["name"] and job["name"]
    (folder,) = client.site.work.iterdir()
    assert {str(path.relative_to(folder)) for path in folder.rglob("*")} == {"input.png", "result", "result/input.png"}


def test_of_a_long_name_the_beginning_and_the_suffix_are_kept(ask, picture):
    client = ask()

    assert post(client, picture, "IMG_1 " + "of a holiday " * 30 + ".png").json()["name"].startswith("IMG_1 of")
    assert post(client, picture, "x" * 300 + ".png").json()["name"] == "x" * 200 + ".png"


@pytest.fixture
def shelf(tmp_path, picture):
    """A folder with a picture, a hidden one, a link to one outside, and one outside."""
    folder = tmp_path / "photos"
    for path in (folder / "sub" / "a.png", folder / ".hidden.png", tmp_path / "secret.png"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture)
    os.symlink(tmp_path / "secret.png", folder / "link.png")
    return folder


def test_pictures_of_the_folder_are_shown_and_restored_beside_it(ask, shelf):
    client = ask(folder=shelf)

    assert client.get("/api/folder").json() == ["sub/a.png"]
    assert client.get("/api/folder", params={"name": "sub/a.png"}).headers["content-type"] == "image/png"
    answer = client.post("/api/jobs", files={"name": (None, "sub/a.png")}, params={"wait": ""})

    assert answer.status_code == 200
    assert (shelf.with_name("photos-tiny") / "sub" / "a.png").read_bytes() == answer.content
    client.delete(f"/api/jobs/{client.get('/api/jobs').json()[0]['id']}")
    assert (shelf / "sub" / "a.png").exists() and (shelf.with_name("photos-tiny") / "sub" / "a.png").exists()


def test_results_of_a_folder_stay_what_they_were_when_others_are_made_of_the_same_picture(ask, shelf):
    client = ask(folder=shelf)
    sent = [{"name": (None, "sub/a.png"), "quality": (None, quality)} for quality in ("50", "60", "50")]
    ids = [client.post("/api/jobs", files=fields).json()["id"] for fields in sent]
    noted = [told(client, id)[-1]["notes"] for id in ids]
    one, other, again = (client.site.jobs.get(id).result for id in ids)

    first, second = (shelf.with_name(f"photos-tiny{number}") / "sub" / "a.png" for number in ("", "-2"))
    assert again == one != other
    assert {one, other} == {first, second}
    assert noted[one == first] == ["written into photos-tiny-2, for photos-tiny has another result of it"]
    assert [[found[:2] for found in verify(folder.parents[1])] for folder in (first, second)] == [
        [(first, "")],
        [(second, "")],
    ]


def test_results_in_the_folder_itself_are_none_of_its_pictures(shelf, picture):
    out = shelf / "out"
    out.mkdir()
    (out / "b.png").write_bytes(picture)

    assert Shelf(shelf, out).names() == ["sub/a.png"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_not_utf8_hides_no_other_picture_of_the_folder(ask, shelf, picture, caplog):
    for name in (b"bad\xff.png", b"worse\xff.png"):
        with open(os.path.join(os.fsencode(shelf), name), "wb") as file:
            file.write(picture)

    assert ask(folder=shelf).get("/api/folder").json() == ["sub/a.png"]

    told = f"left out names that are not UTF-8: 2, such as {shelf}/bad\\udcff.png; rename them"
    assert [record.getMessage() for record in caplog.records] == [told]


def test_pictures_of_the_folder_are_not_decoded_where_they_are_too_large(ask, shelf, picture):
    client = ask(Limits(pixels=400), folder=shelf)
    (shelf / "large.png").write_bytes(saved(np.zeros((20, 24, 3), np.uint8)))

    answer = client.get("/api/folder", params={"name": "large.png", "small": ""})
    wrong(answer, 413, "large.png: 24 x 20 pixels are more than the limit of 400")
    made = post(client, picture, wait=True)
    assert made.status_code == 200
    (job,) = client.get("/api/jobs").json()
    assert client.get(f"/api/jobs/{job['id']}/result", params={"small": ""}).status_code == 200


@pytest.mark.parametrize(
    "name", ["../secret.png", "sub/../../secret.png", "link.png", ".hidden.png", "sub", "a\0.png", "a" * 5000]
)
def test_no_file_outside_of_the_folder_is_shown(name, ask, shelf):
    wrong(ask(folder=shelf).get("/api/folder", params={"name": name}), 404, "no such picture in the folder")


def test_absolute_paths_are_no_names_of_the_folder(ask, shelf, tmp_path):
    client = ask(folder=shelf)

    wrong(client.get("/api/folder", params={"name": str(tmp_path / "secret.png")}), 404, "no such picture")
    wrong(client.post("/api/jobs", files={"name": (None, "../secret.png")}), 404, "no such picture")


def test_a_full_queue_is_told_and_a_result_that_is_not_made_yet(serve_app, tiny_site, ask, picture, monkeypatch):
    client = ask(Limits(waiting=1), side_by_side=1)
    gate, begun = threading.Event(), threading.Event()
    restore = client.site.restoring.__call__

    def slow(job, progress):
        begun.set()
        assert gate.wait(30)
        return restore(job, progress)

    client.site.jobs._restore = slow
    first = post(client, picture).json()
    assert begun.wait(30)
    second = post(client, picture).json()

    full = post(client, picture)
    wrong(full, 503, "1 pictures wait already")
    assert full.headers["retry-after"] == "10"
    wrong(client.get(f"/api/jobs/{first['id']}/result"), 409, "the job is working: ask again later")
    client.delete(f"/api/jobs/{second['id']}")
    wrong(client.get(f"/api/jobs/{second['id']}/result"), 410, "the job was cancelled")
    gate.set()
    assert told(client, first["id"])[-1]["state"] == "done"


def test_who_waits_for_results_is_never_refused_for_them_and_who_leaves_them_there_is(ask, picture):
    client = ask(Limits(held=2))
    assert [post(client, picture, wait=True).status_code for _ in range(3)] == [200] * 3
    left = [post(client, picture).json()["id"] for _ in range(2)]
    for id in left:
        told(client, id)

    crowded = post(client, picture, wait=True)

    wrong(crowded, 503, "there is no room for another picture; download results and remove them")
    assert "retry-after" not in crowded.headers
    assert client.delete(f"/api/jobs/{left[0]}").status_code == 204
    assert post(client, picture, wait=True).status_code == 200


def test_a_result_that_nobody_waits_for_any_more_stays(ask, picture):
    client = ask(Limits(held=1))
    gate, restore = threading.Event(), client.site.jobs._restore

    def slow(job, progress):
        assert gate.wait(30)
        return restore(job, progress)

    client.site.jobs._restore = slow
    with pytest.raises(httpx.ReadTimeout):
        client.post("/api/jobs", params={"wait": ""}, files={"picture": ("photo.png", picture)}, timeout=0.5)
    gate.set()
    (job,) = client.get("/api/jobs").json()
    assert told(client, job["id"])[-1]["state"] == "done"

    for _ in range(20):  # meanwhile the server has noticed that nobody takes the answer
        wrong(post(client, picture), 503, "there is no room for another picture; download results and remove them")


def test_an_upload_for_which_the_disk_has_no_room_is_refused(ask, picture, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(server, "job_of", full)

    wrong(post(ask(), picture), 507, "the upload cannot be kept: No space left on device")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Starlette lets broken forms lie
def test_200_hostile_requests_leave_the_server_alive_and_nothing_behind(ask, picture):
    client = ask()
    rng = np.random.default_rng(0)
    headers = {"content-type": "multipart/form-data; boundary=BOUNDARY"}
    form = {"files": {"picture": ("a.png", picture)}, "data": {"scale": "4"}, "headers": headers}
    body = httpx.Request("POST", client.site.url, **form).read()
    statuses = set()
    for _ in range(200):
        broken = bytearray(body[: rng.integers(1, len(body))] if rng.random() < 0.3 else body)
        for at in rng.integers(0, len(broken), rng.integers(1, 20)):
            broken[at] = rng.integers(256)
        answer = client.post("/api/jobs", params={"wait": ""}, content=bytes(broken), headers=headers)
        statuses.add(answer.status_code)
        assert answer.headers["content-type"] in ("application/json", "image/png", "image/jpeg")

    assert statuses <= {200, 400, 413, 415, 422}
    assert len(statuses) > 2
    assert post(client, picture, wait=True).status_code == 200
    held = {job.folder for job in client.site.jobs.all()}
    assert set(client.site.work.iterdir()) == held


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_the_examples_of_the_docs_work_as_written(serve_app, tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "serve.md").read_text(encoding="utf-8")
    site = serve_app(Restoring(chosen, tag, FolderConfig()))
    Pillow.fromarray(skimage.data.coffee()[:60, :90]).save(tmp_path / "photo.jpg", quality=80)
    examples = "\n".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL))
    assert examples.count("curl") == 9

    script = "set -e\n" + examples.replace("http://127.0.0.1:8765", site.url)
    subprocess.run(["bash", "-c", script], cwd=tmp_path, check=True, timeout=300, capture_output=True)

    sizes = {path.name: read(path).width for path in tmp_path.glob("*.jpg")}
    assert sizes == {"photo.jpg": 90, "large.jpg": 360, "clean.jpg": 90, "filled.jpg": 90, "twice.jpg": 180}
    assert len(zipfile.ZipFile(tmp_path / "results.zip").namelist()) == 4
    assert len(site.jobs.all()) == 3
