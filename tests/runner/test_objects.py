"""Pictures from bucket to bucket: what comes out is what a folder run makes, each once, whatever happens between."""

from dataclasses import replace

import pytest

from srgan.errors import ConfigError
from srgan.images.image import Image
from srgan.images.writer import write
from srgan.runner.config import FolderConfig
from srgan.runner.known import Known, Parts
from srgan.runner.objects import Objects
from srgan.runner.remote_plan import plan_remote
from srgan.runner.run import restore_folder
from srgan.runner.urls import Url

EXACT = FolderConfig(device="cpu", precision="fp32")


@pytest.fixture
def store(bare_store):
    """A store without buckets, that this machine's configuration names."""
    bare_store.bucket("output")
    return bare_store


@pytest.fixture
def photos(tmp_path, pixels):
    """A folder of five good pictures and a bad one."""
    folder = tmp_path / "in"
    for seed, name in enumerate(("a.png", "b.jpg", "sub/c.png", "sub/deep/d.png", "sub/e ü [1*] #2? 50%.png")):
        write(folder / name, Image(pixels(12, 10, seed=seed)))
    (folder / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    return folder


def run(model, source, target, config=EXACT, **changes):
    return list(restore_folder(model, source, target, replace(config, **changes)))


def files(folder):
    paths = (path for path in folder.rglob("*") if path.is_file() and ".srgan" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_a_bucket_becomes_what_a_folder_becomes(tiny, photos, store, tmp_path):
    store.bucket("input", photos)
    here = run(tiny, photos, tmp_path / "out")

    there = run(tiny, "s3://input", "s3://output/x2")

    assert [(one.name, one.status, one.notes) for one in there] == [(one.name, one.status, one.notes) for one in here]
    assert {f"x2/{name}": data for name, data in files(tmp_path / "out").items()} == store.contents("output")
    assert [one.reason for one in there] == [one.reason.replace(str(photos), "s3://input") for one in here]
    assert str(there[0].target) == "s3://output/x2/a.png"
    assert store.client.head_object(Bucket="output", Key="x2/b.jpg")["ContentType"] == "image/jpeg"


def test_the_same_call_again_skips_what_is_finished_and_reads_no_picture(tiny, photos, store):
    (photos / "bad.png").unlink()
    store.bucket("input", photos)
    run(tiny, "s3://input", "s3://output")
    there = store.all_keys("output")
    store.requests.clear()

    again = run(tiny, "s3://input", "s3://output")

    assert [one.reason for one in again] == ["finished before"] * 5
    assert [at for _, at in store.requests if at.endswith((".png", ".jpg"))] == []
    assert store.all_keys("output") == there, "and its journal does not grow"


def test_an_output_remembers_itself_what_it_was_made_of_where_no_journal_tells(tiny, photos, store):
    store.bucket("input", photos)
    run(tiny, "s3://input", "s3://output")
    store.remove("output", *(key for key in store.all_keys("output") if ".srgan/" in key))
    before = store.contents("output")
    store.requests.clear()

    again = run(tiny, "s3://input", "s3://output")
    heads = store.asked("HEAD", "/output/")
    third = run(tiny, "s3://input", "s3://output")

    assert [one.status for one in again].count("skipped") == [one.status for one in third].count("skipped") == 5
    assert heads == store.asked("HEAD", "/output/") == 5, "what was learnt is in the journal now"
    assert store.contents("output") == before


@pytest.mark.parametrize("there", ["an object", "a folder"])
def test_another_input_of_that_name_is_made_again_and_no_other(tiny, photos, store, tmp_path, pixels, there):
    store.bucket("input", photos)
    target = "s3://output" if there == "an object" else tmp_path / "out"
    run(tiny, "s3://input", target)
    write(photos / "a.png", Image(pixels(12, 10, seed=9)))
    store.put("input", "a.png", (photos / "a.png").read_bytes())

    again = run(tiny, "s3://input", target)

    assert [one.name for one in again if one.status == "ok"] == ["a.png"]
    made = store.contents("output") if there == "an object" else files(target)
    run(tiny, photos, tmp_path / "whole")
    assert made == files(tmp_path / "whole")


def test_other_settings_make_all_again_and_a_warning_says_which(tiny, photos, store, caplog):
    store.bucket("input", photos)
    run(tiny, "s3://input", "s3://output")

    again = run(tiny, "s3://input", "s3://output", format="png", strip_metadata=True)

    assert [one.status for one in again].count("ok") == 5
    assert "s3://output holds pictures made with other settings (format keep, now png; strip_metadata" in caplog.text


@pytest.mark.parametrize("there", ["an object", "a folder"])
def test_what_another_task_has_made_is_not_replaced_unasked(tiny, make_model, photos, store, tmp_path, there):
    (photos / "bad.png").unlink()
    store.bucket("input", photos)
    target = "s3://output" if there == "an object" else tmp_path / "out"
    run(tiny, "s3://input", target)
    before = store.all_keys("output")

    with pytest.raises(ConfigError) as raised:
        run(make_model("denoise"), "s3://input", target)

    assert str(raised.value).startswith(f"{target}: holds what upscale has made of these pictures, which denoise ")
    assert store.all_keys("output") == before
    again = run(make_model("denoise"), "s3://input", target, existing="overwrite")
    assert [one.status for one in again] == ["ok"] * 5


def test_a_folder_goes_into_a_bucket_and_a_bucket_into_a_folder(tiny, photos, store, tmp_path):
    run(tiny, photos, tmp_path / "out")
    run(tiny, photos, "s3://output/up")
    store.bucket("input", photos)
    down = run(tiny, "s3://input", tmp_path / "down")

    assert {f"up/{name}": data for name, data in files(tmp_path / "out").items()} == store.contents("output")
    assert files(tmp_path / "down") == files(tmp_path / "out")
    assert [one.status for one in run(tiny, photos, "s3://output/up")].count("skipped") == 5
    assert [one.status for one in run(tiny, "s3://input", tmp_path / "down")].count("skipped") == 5
    assert down[2].reason == "s3://input/bad.png: damaged png header: the file is truncated"
    assert "s3://input/bad.png" in (tmp_path / "down" / ".srgan" / "journal.jsonl").read_text()


def test_what_no_run_has_made_is_left_alone(tiny, photos, store):
    store.bucket("input")
    for number, metadata in enumerate(({}, {"srgan": "nonsense"}, {"srgan": '{"input": 1}'}, {"srgan": "[]"})):
        store.put("input", f"{number}.png", (photos / "a.png").read_bytes())
        store.client.put_object(Bucket="output", Key=f"{number}.png", Body=b"somebody's", Metadata=metadata)

    first = run(tiny, "s3://input", "s3://output")
    skipped = run(tiny, "s3://input", "s3://output", existing="skip")
    refused = run(tiny, "s3://input", "s3://output", existing="error")
    kept = set(store.contents("output").values())
    replaced = run(tiny, "s3://input", "s3://output", existing="overwrite")

    why = "is there already, and no run has made it: move it away, or say --existing overwrite"
    assert [(one.status, one.reason) for one in first] == [("failed", f"{one.target}: {why}") for one in first]
    assert {(one.status, one.reason) for one in skipped} == {("skipped", "is there already")}
    assert [one.reason for one in refused] == [f"{one.target}: is there already" for one in refused]
    assert (kept, {one.status for one in replaced}) == ({b"somebody's"}, {"ok"})


def test_a_part_of_the_plan_is_made_alone_and_each_output_asked_for(tiny, photos, store):
    store.bucket("input", photos)
    jobs = plan_remote(Url("s3://input"), Url("s3://output"))

    some = list(restore_folder(tiny, "s3://input", "s3://output", EXACT, jobs=jobs[3:]))
    whole = run(tiny, "s3://input", "s3://output")
    again = list(restore_folder(tiny, "s3://input", "s3://output", EXACT, jobs=jobs[:1]))

    assert [(one.name, one.status) for one in some] == [(job.name, "ok") for job in jobs[3:]]
    assert [one.status for one in whole] == ["ok", "ok", "failed", "skipped", "skipped", "skipped"]
    assert [one.status for one in again] == ["skipped"]


def test_shards_make_everything_once_and_read_the_parts_of_their_own(tiny, photos, store):
    store.bucket("input", photos)

    shares = [run(tiny, "s3://input", "s3://output", shard=f"{number}/3") for number in (1, 2, 3)]
    store.requests.clear()
    again = run(tiny, "s3://input", "s3://output", shard="2/3")

    assert sorted(one.name for share in shares for one in share) == sorted(files(photos))
    assert [one.name for one in again] == [one.name for one in shares[1]]
    assert {at.split("/")[4] for _, at in store.requests if ".srgan" in at} == {"2-of-3"}


def test_an_object_whose_name_is_no_path_fails_alone(tiny, photos, store):
    store.bucket("input")
    strange = ("../out.png", "a//b.png", "./c.png", "/d.png", f"{'ü' * 126}.png", f"{'e' * 256}/a.png")
    for key in (*strange, "good.png"):
        store.put("input", f"pictures/{key}", (photos / "a.png").read_bytes())

    outcomes = {one.name: one for one in run(tiny, "s3://input/pictures", "s3://output")}

    assert outcomes.pop("good.png").status == "ok"
    assert {key: one.reason for key, one in outcomes.items()} == {
        key: f"{key}: no file can be called so; rename the object" for key in strange
    }


def test_hidden_objects_and_outputs_of_earlier_runs_are_passed_over(tiny, photos, store, caplog):
    store.bucket("input", photos)
    for key in (".hidden.png", ".git/x.png", "Thumbs.db", "folder/"):
        store.put("input", key, b"")
    run(tiny, photos, "s3://input/x2")

    assert [one.name for one in run(tiny, "s3://input", "s3://output")] == [
        *("a.png", "b.jpg", "bad.png", "sub/c.png", "sub/e ü [1*] #2? 50%.png", "sub/deep/d.png")
    ]
    assert "s3://input/x2: passed over, for it is the output of an earlier run" in caplog.messages


def test_sniffing_finds_pictures_of_other_names(tiny, photos, store):
    store.bucket("input")
    store.put("input", "picture", (photos / "a.png").read_bytes())
    store.put("input", "text", b"no picture")
    store.put("input", "empty", b"")

    assert [(one.name, str(one.target)) for one in run(tiny, "s3://input", "s3://output", sniff=True)] == [
        ("picture", "s3://output/picture.png")
    ]


def test_a_url_of_a_file_is_a_path(tiny, photos, tmp_path):
    (tmp_path / "o ut").mkdir()

    outcomes = run(tiny, photos.as_uri(), (tmp_path / "o ut").as_uri())

    assert outcomes[0].target == tmp_path / "o ut" / "a.png"
    assert len(files(tmp_path / "o ut")) == 5


def test_the_parts_of_a_journal_hold_a_thousand_lines_each_and_are_read_as_one(store, tmp_path):
    output, made = Objects(Url("s3://output")), {"settings": "ours", "target": "a.png", "output": 1, "sha256": ""}
    parts = Parts(output, "1/1", "ours", {"quality": 95})
    for number in range(2500):
        parts.add({"name": f"{number}/a.png", "failed": "no"} if number % 2 else {"name": f"{number}/a.png", **made})
    parts.close()

    history = Known(output, tmp_path).history

    assert len([key for key in store.all_keys("output") if key.endswith(".jsonl")]) == 3
    assert (len(history.finished), len(history.failed)) == (1250, 1250)
    assert history.settings == {"ours": {"quality": 95}}


def test_of_runs_that_began_within_a_second_the_last_one_counts(store, tmp_path):
    output, made = Objects(Url("s3://output")), {"settings": "ours", "target": "a.png", "sha256": ""}
    for number in range(12):
        parts = Parts(output, "1/1", "ours", {})
        parts.add({"name": "a.png", **made, "output": number})
        parts.close()

    assert Known(output, tmp_path).history.finished["a.png"]["output"] == 11
