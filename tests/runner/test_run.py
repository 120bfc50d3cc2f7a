"""A folder of all kinds of pictures: every good one is restored, every bad one is named, and no work is done twice."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image as Pillow

from srgan.engines.choice import Way
from srgan.engines.devices import choose_device
from srgan.errors import ConfigError, MachineError, NoPicturesError
from srgan.images.bands import as_bands, whole
from srgan.images.image import Image
from srgan.images.reader import read
from srgan.images.writer import write
from srgan.inference.picture import restore_bands, restore_image
from srgan.inference.pipeline import Restorer
from srgan.inference.restore import restore
from srgan.inference.sizes import Size
from srgan.inference.tiled import Run
from srgan.models.blend import blend
from srgan.runner.config import FolderConfig
from srgan.runner.history import History
from srgan.runner.job import Conversion
from srgan.runner.journal import Journal
from srgan.runner.plan import Job
from srgan.runner.run import restore_folder

EXACT = FolderConfig(device="cpu", precision="fp32")


@pytest.fixture
def zoo_of_pictures(tmp_path, pixels):
    """A folder with one picture of each difficult kind, and a corrupt one."""
    folder = tmp_path / "in"
    (folder / "sub" / "deep").mkdir(parents=True)
    rgb = pixels(20, 30)
    write(folder / "corrupt.png", Image(rgb))
    (folder / "corrupt.png").write_bytes((folder / "corrupt.png").read_bytes()[:300])
    write(folder / "deep.png", Image(pixels(20, 30, dtype=np.uint16)))
    Pillow.fromarray(rgb[..., 0]).save(folder / "grey.png")
    Pillow.fromarray(rgb).convert("CMYK").save(folder / "inks.jpg")
    write(folder / "one.png", Image(pixels(1, 1)))
    exif = Pillow.Exif()
    exif[0x0112] = 6
    Pillow.fromarray(rgb).save(folder / "rotated.jpg", exif=exif)
    write(folder / "see-through.png", Image(rgb, pixels(20, 30, 1, seed=2)[..., 0]))
    write(folder / "sub" / "deep" / "tiff.tif", Image(pixels(20, 30, dtype=np.uint16)))
    return folder


@pytest.fixture
def photo_folder(tmp_path, pixels):
    """A folder of four good pictures."""
    for seed, name in enumerate("abcd"):
        write(tmp_path / "in" / f"{name}.png", Image(pixels(12, 10, seed=seed)))
    return tmp_path / "in"


def run(model, source, config=EXACT, **changes):
    return list(restore_folder(model, source, source.parent / "out", replace(config, **changes)))


def statuses(outcomes):
    return [outcome.status for outcome in outcomes]


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.*") if path.is_file()}


def test_one_bad_picture_fails_with_its_reason_and_all_others_are_restored(tiny, zoo_of_pictures):
    outcomes = run(tiny, zoo_of_pictures)

    assert [(one.name, one.status) for one in outcomes] == [
        ("corrupt.png", "failed"),
        ("deep.png", "ok"),
        ("grey.png", "ok"),
        ("inks.jpg", "ok"),
        ("one.png", "ok"),
        ("rotated.jpg", "ok"),
        ("see-through.png", "ok"),
        ("sub/deep/tiff.tif", "ok"),
    ]
    assert outcomes[0].reason == f"{zoo_of_pictures}/corrupt.png: damaged png file: the file is truncated"
    assert not outcomes[0].target.exists()


@pytest.mark.parametrize(
    "name, size, mode",
    [
        ("deep.png", (60, 40), None),
        ("grey.png", (60, 40), "L"),
        ("inks.jpg", (60, 40), "RGB"),
        ("one.png", (2, 2), "RGB"),
        ("rotated.jpg", (40, 60), "RGB"),
        ("see-through.png", (60, 40), "RGBA"),
        ("sub/deep/tiff.tif", (60, 40), None),
    ],
)
def test_size_mode_and_depth_of_every_kind_are_right(tiny, zoo_of_pictures, name, size, mode):
    run(tiny, zoo_of_pictures)

    path = zoo_of_pictures.parent / "out" / name
    image = read(path)
    assert (image.width, image.height) == size
    if mode is None:
        assert image.depth == 16 and len(np.unique(image.rgb)) > 256
    else:
        with Pillow.open(path) as written:
            assert (written.mode, written.size) == (mode, size)
            assert written.getexif().get(0x0112, 1) == 1


def test_a_restored_file_holds_what_restore_makes_of_the_picture(tiny, engine, photo_folder):
    run(tiny, photo_folder)

    for source in photo_folder.iterdir():
        expected = restore(tiny, read(source), engine=engine)
        assert np.array_equal(read(photo_folder.parent / "out" / source.name).rgb, expected.rgb)


def test_notes_of_a_file_reach_the_outcome(tiny, zoo_of_pictures):
    inks = next(one for one in run(tiny, zoo_of_pictures) if one.name == "inks.jpg")

    assert inks.notes == ("CMYK converted to sRGB",)
    assert (inks.pixels, inks.seconds > 0) == (60 * 40, True)


def test_the_journal_knows_models_and_notes_even_of_what_was_replaced(make_model, tmp_path):
    blended = blend(make_model(), make_model(seed=1), 0.25)
    blended.name = "upscale-x2"
    folder = tmp_path / "in"
    folder.mkdir()
    Pillow.new("CMYK", (12, 10)).save(folder / "inks.jpg")

    list(restore_folder(blended, folder, folder, replace(EXACT, in_place=True)))

    history = History(folder)
    history.refresh()
    line = history.finished["inks.jpg"]
    assert line["models"] == [{"name": "upscale-x2", "realism": 0.25}]
    assert line["notes"] == ["CMYK converted to sRGB"]


def test_what_the_new_format_cannot_hold_is_told_in_the_outcome(tiny, tmp_path, pixels):
    write(tmp_path / "in" / "a.png", Image(pixels(12, 10), texts=(("parameters", "a harbour"),)))

    (kept,) = run(tiny, tmp_path / "in")
    (lost,) = run(tiny, tmp_path / "in", format="jpeg")

    assert (kept.notes, lost.notes) == ((), ("texts dropped, which jpeg cannot hold: parameters",))


def test_a_second_run_skips_what_is_finished_and_tries_the_bad_one_again(tiny, zoo_of_pictures):
    run(tiny, zoo_of_pictures)
    before = {path: path.stat().st_mtime_ns for path in (zoo_of_pictures.parent / "out").rglob("*.[pt]*")}

    outcomes = run(tiny, zoo_of_pictures)

    assert statuses(outcomes) == ["failed"] + ["skipped"] * 7
    assert outcomes[1].reason == "finished before"
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_changed_input_is_restored_again_and_only_that(tiny, photo_folder, pixels):
    run(tiny, photo_folder)
    write(photo_folder / "b.png", Image(pixels(6, 7, seed=9)))

    assert statuses(run(tiny, photo_folder)) == ["skipped", "ok", "skipped", "skipped"]
    assert read(photo_folder.parent / "out" / "b.png").rgb.shape == (12, 14, 3)


def test_changed_settings_restore_everything_again(tiny, photo_folder):
    run(tiny, photo_folder)

    assert statuses(run(tiny, photo_folder, tile=4)) == ["ok"] * 4
    assert statuses(run(tiny, photo_folder, tile=4, max_pixels=1000, fail_fast=True)) == ["skipped"] * 4


def test_of_two_sizes_only_what_was_asked_for_is_told(tiny, photo_folder, caplog):
    for scale in (2.0, 3.0):
        list(restore_folder({2: tiny}, photo_folder, photo_folder.parent / "out", EXACT, size=Size(scale=scale)))

    assert "(size Size(scale=2.0), now Size(scale=3.0))" in caplog.text


def test_other_weights_restore_everything_again(tiny, make_model, photo_folder):
    run(tiny, photo_folder)

    assert statuses(run(make_model(scale=2, seed=5), photo_folder)) == ["ok"] * 4


def test_what_another_task_has_made_is_replaced_where_that_is_asked_for_alone(tiny, make_model, photo_folder):
    run(tiny, photo_folder)
    out, denoiser = photo_folder.parent / "out", make_model("denoise")
    before = contents(out)

    with pytest.raises(ConfigError) as raised:
        run(denoiser, photo_folder)

    assert str(raised.value) == (
        f"{out}: holds what upscale has made of these pictures, which denoise would replace: "
        "choose another output folder, or say --existing overwrite"
    )
    assert contents(out) == before
    with pytest.raises(ConfigError, match="holds what upscale has made of these pictures, which denoise, upscale "):
        run([denoiser, tiny], photo_folder)
    assert statuses(run(denoiser, photo_folder, existing="skip")) == ["skipped"] * 4
    assert statuses(run(denoiser, photo_folder, existing="overwrite")) == ["ok"] * 4
    assert statuses(run(denoiser, photo_folder)) == ["skipped"] * 4
    for path in out.glob("*.png"):
        path.unlink()
    assert statuses(run(tiny, photo_folder)) == ["ok"] * 4, "nothing is replaced"


def test_a_deleted_output_is_made_again_byte_for_byte(tiny, photo_folder):
    run(tiny, photo_folder)
    out = photo_folder.parent / "out"
    before = (out / "c.png").read_bytes()
    (out / "c.png").unlink()

    assert statuses(run(tiny, photo_folder)) == ["skipped", "skipped", "ok", "skipped"]
    assert (out / "c.png").read_bytes() == before


def test_an_interrupted_run_is_continued_and_ends_with_the_same_bytes(tiny, photo_folder, tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert statuses(restore_folder(tiny, photo_folder, whole, EXACT)) == ["ok"] * 4

    interrupted = restore_folder(tiny, photo_folder, cut, EXACT)
    next(interrupted)
    interrupted.close()
    outcomes = list(restore_folder(tiny, photo_folder, cut, EXACT))

    assert outcomes[0].status == "skipped" and set(statuses(outcomes)) <= {"skipped", "ok"}
    pictures = [{name: data for name, data in contents(out).items() if name.endswith(".png")} for out in (whole, cut)]
    assert pictures[0] == pictures[1]
    assert len(pictures[0]) == 4


def test_a_torn_line_of_the_journal_costs_one_picture(tiny, photo_folder):
    run(tiny, photo_folder)
    journal = photo_folder.parent / "out" / ".srgan" / "journal.jsonl"
    journal.write_text(journal.read_text()[:-20])

    assert sorted(statuses(run(tiny, photo_folder))) == ["ok", "skipped", "skipped", "skipped"]
    assert statuses(run(tiny, photo_folder)) == ["skipped"] * 4


def test_no_temporary_files_stay(tiny, zoo_of_pictures):
    run(tiny, zoo_of_pictures)

    assert not list((zoo_of_pictures.parent / "out").rglob(".srgan-*"))


def test_fail_fast_stops_at_the_first_failure(tiny, zoo_of_pictures):
    assert statuses(run(tiny, zoo_of_pictures, fail_fast=True)) == ["failed"]


def test_existing_outputs_are_skipped_overwritten_or_an_error_as_asked(tiny, photo_folder):
    out = photo_folder.parent / "out"
    out.mkdir()
    (out / "b.png").write_bytes(b"not ours")

    assert statuses(run(tiny, photo_folder, existing="skip")) == ["ok", "skipped", "ok", "ok"]
    assert (out / "b.png").read_bytes() == b"not ours"
    refused = run(tiny, photo_folder, existing="error")
    assert statuses(refused) == ["failed"] * 4
    assert refused[1].reason == f"{out}/b.png: is there already"
    assert statuses(run(tiny, photo_folder, existing="overwrite")) == ["ok"] * 4
    assert read(out / "b.png").width == 20


def test_a_file_that_the_journal_does_not_know_is_not_ours(tiny, photo_folder):
    out = photo_folder.parent / "out"
    out.mkdir()
    (out / "b.png").write_bytes(b"not ours")
    (out / "c.png").symlink_to(photo_folder / "a.png")

    for _ in range(2):
        outcomes = run(tiny, photo_folder)
        assert [one.status in ("ok", "skipped") for one in outcomes] == [True, False, False, True]
        for one in outcomes[1:3]:
            said = f"{one.target}: is there already, and no run has made it: move it away, or say --existing overwrite"
            assert (one.status, one.reason) == ("failed", said)

    assert (out / "b.png").read_bytes() == b"not ours" and (out / "c.png").is_symlink()
    assert statuses(run(tiny, photo_folder, existing="overwrite")) == ["ok"] * 4
    assert statuses(run(tiny, photo_folder)) == ["skipped"] * 4


def test_an_output_that_was_changed_by_hand_is_left_alone(tiny, photo_folder):
    run(tiny, photo_folder)
    (photo_folder.parent / "out" / "b.png").write_bytes(b"retouched")

    outcome = run(tiny, photo_folder)[1]

    assert outcome.status == "failed" and "out/b.png: has changed since it was made: move it away" in outcome.reason
    assert outcome.target.read_bytes() == b"retouched"


def test_an_output_that_was_changed_by_hand_and_has_the_size_it_had_is_not_replaced(tiny, photo_folder):
    run(tiny, photo_folder)
    output = photo_folder.parent / "out" / "b.png"
    retouched = output.read_bytes()[:-1] + b"!"
    output.write_bytes(retouched)

    each = run(tiny, photo_folder, strip_metadata=True)

    assert statuses(each) == ["ok", "failed", "ok", "ok"]
    assert "out/b.png: has changed since it was made: move it away" in each[1].reason
    assert output.read_bytes() == retouched


def test_an_output_made_from_another_input_of_that_folder_is_ours(tiny, photo_folder):
    run(tiny, photo_folder)
    (photo_folder / "b.png").rename(photo_folder / "b.jpg")

    assert statuses(run(tiny, photo_folder, format="png")) == ["ok"] * 4


def test_what_was_made_of_a_picture_that_is_gone_is_not_replaced_by_another_picture(tiny, photo_folder, pixels):
    Pillow.fromarray(pixels(9, 8)).save(photo_folder / "b.gif")
    run(tiny, photo_folder)
    before = (photo_folder.parent / "out" / "b.png").read_bytes()
    (photo_folder / "b.png").unlink()
    Pillow.fromarray(pixels(8, 9)).save(photo_folder / "c.gif")

    again = run(tiny, photo_folder)

    assert [(one.name, one.target.name, one.status) for one in again] == [
        *(("a.png", "a.png", "skipped"), ("b.gif", "b.gif.png", "skipped"), ("c.gif", "c.gif.png", "ok")),
        *(("c.png", "c.png", "skipped"), ("d.png", "d.png", "skipped")),
    ]
    assert (photo_folder.parent / "out" / "b.png").read_bytes() == before


def test_what_a_killed_run_has_written_but_not_noted_is_ours(tiny, photo_folder):
    run(tiny, photo_folder)
    journal = photo_folder.parent / "out" / ".srgan" / "journal.jsonl"
    lines = [line for line in journal.read_text().splitlines(True) if not ("b.png" in line and "seconds" in line)]
    journal.write_text("".join(lines))

    assert statuses(run(tiny, photo_folder)) == ["skipped", "ok", "skipped", "skipped"]


def test_what_comes_to_the_place_of_an_output_that_a_killed_run_had_begun_is_not_ours(tiny, photo_folder):
    out = photo_folder.parent / "out"
    with Journal(out, {}) as journal:
        journal.begin(Job(photo_folder, out, "b.png", "b.png"), alone=True)
    (out / "b.png").write_bytes(b"not ours")

    outcome = run(tiny, photo_folder)[1]

    assert outcome.status == "failed" and "is there already, and no run has made it" in outcome.reason
    assert (out / "b.png").read_bytes() == b"not ours"


def test_another_folder_of_the_same_names_replaces_nothing(tiny, photo_folder, tmp_path):
    """Cameras number their pictures from 1."""
    run(tiny, photo_folder)
    other, output = tmp_path / "other", tmp_path / "out" / "b.png"
    other.mkdir()
    write(other / "b.png", Image(read(photo_folder / "b.png").rgb[::-1]))
    before = output.read_bytes()

    outcome = run(tiny, other)[0]

    assert outcome.status == "failed" and output.read_bytes() == before
    assert outcome.reason == (
        f"{output}: is made of {photo_folder}/b.png: choose another output folder, or say --existing overwrite"
    )
    (photo_folder / "b.png").unlink()
    assert statuses(run(tiny, other)) == ["ok"], "its picture is moved there, perhaps, and changed"


@pytest.mark.parametrize("name", ["out.png", "folder/a.png"])
def test_a_single_file_goes_over_nothing(tiny, photo_folder, tmp_path, name):
    target = tmp_path / name
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(b"not ours")
    given = target if name == "out.png" else target.parent

    for existing in ("resume", "error"):
        with pytest.raises(ConfigError) as caught:
            list(restore_folder(tiny, photo_folder / "a.png", given, replace(EXACT, existing=existing)))
        assert str(caught.value).startswith(f"{target}: is there already: if it is an input, too, ")
    (skipped,) = restore_folder(tiny, photo_folder / "a.png", given, replace(EXACT, existing="skip"))
    assert (skipped.status, target.read_bytes()) == ("skipped", b"not ours")
    (made,) = restore_folder(tiny, photo_folder / "a.png", given, replace(EXACT, existing="overwrite"))
    assert made.status == "ok" and read(target).width == 20


def test_a_single_file_becomes_a_single_file(tiny, photo_folder, tmp_path):
    (outcome,) = restore_folder(tiny, photo_folder / "a.png", tmp_path / "big.jpg", EXACT)

    assert (outcome.status, outcome.target) == ("ok", tmp_path / "big.jpg")
    assert read(tmp_path / "big.jpg").format == "jpeg"


def test_a_single_file_leaves_no_journal_beside_it(tiny, photo_folder, tmp_path):
    list(restore_folder(tiny, sorted(photo_folder.iterdir())[0], tmp_path / "alone" / "big.png", EXACT))

    assert [path.name for path in (tmp_path / "alone").iterdir()] == ["big.png"]


def test_outputs_are_of_the_format_asked_for(tiny, photo_folder):
    run(tiny, photo_folder, format="webp")

    assert sorted(path.name for path in (photo_folder.parent / "out").glob("*.*") if path.suffix) == [
        "a.webp",
        "b.webp",
        "c.webp",
        "d.webp",
    ]


def test_what_is_no_picture_is_unsupported_and_pictures_beyond_the_limit_fail(tiny, photo_folder):
    (photo_folder / "b.png").write_bytes(b"<html>no picture</html>")

    outcomes = run(tiny, photo_folder, max_pixels=100)

    assert statuses(outcomes) == ["failed", "unsupported", "failed", "failed"]
    assert outcomes[0].reason.startswith(f"{photo_folder}/a.png: 10 x 12 pixels are more than the limit of 100; ")
    assert outcomes[1].reason.startswith(f"{photo_folder}/b.png: not a picture (")


def test_a_picture_too_large_for_its_format_fails_and_is_named(tiny, photo_folder, pixels):
    write(photo_folder / "wide.jpg", Image(pixels(1, 40_000)))

    outcome = run(tiny, photo_folder)[-1]

    assert outcome.status == "failed"
    assert "80000 x 2 pixels: jpeg holds at most 65500 a side; choose png or tiff" in outcome.reason
    assert "wide.jpg" in outcome.reason


def test_pages_of_several_sizes_are_restored_only_where_one_file_holds_them(tiny, tmp_path, pixels, monkeypatch):
    (tmp_path / "in").mkdir()
    with tifffile.TiffWriter(tmp_path / "in" / "a.tif") as writer:
        for height in (12, 20):
            writer.write(pixels(height, 16), photometric="rgb", metadata=None)
    config = replace(EXACT, frames="all")

    assert statuses(restore_folder(tiny, tmp_path / "in", tmp_path / "tiff", config)) == ["ok"]
    monkeypatch.setattr(Restorer, "restore", None)
    (outcome,) = restore_folder(tiny, tmp_path / "in", tmp_path / "webp", replace(config, format="webp"))

    assert outcome.status == "failed"
    assert outcome.reason.endswith("a.tif: frames of several sizes: webp holds one; choose tiff")


def test_an_empty_folder_is_refused(tiny, tmp_path):
    (tmp_path / "in").mkdir()

    with pytest.raises(NoPicturesError, match=f"^{tmp_path}/in: no pictures here "):
        run(tiny, tmp_path / "in")


def test_an_output_that_cannot_be_made_is_the_machines_fault(tiny, photo_folder):
    (photo_folder.parent / "file").write_bytes(b"")

    with pytest.raises(MachineError, match=r"journal\.jsonl: cannot be written \(Not a directory\)"):
        list(restore_folder(tiny, photo_folder, photo_folder.parent / "file" / "out", EXACT))


def test_an_input_that_is_also_the_output_is_refused(tiny, photo_folder):
    with pytest.raises(ConfigError):
        list(restore_folder(tiny, photo_folder, photo_folder, EXACT))


@pytest.mark.parametrize(
    "option, message",
    [
        ({"existing": "ask"}, "existing=ask: choose resume, skip, overwrite or error"),
        ({"tile": -1}, "tile=-1: choose a side in pixels, or 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(option, message):
    with pytest.raises(ConfigError) as caught:
        FolderConfig(**option)
    assert str(caught.value) == message


def test_tiles_shared_by_threads_give_the_picture_that_one_thread_gives(tiny, engine, pixels):
    picture = Image(pixels(40, 50), pixels(40, 50, 1, seed=2)[..., 0])
    with ThreadPoolExecutor(3) as workers:
        shared = restore_image(Run(model=tiny, engine=engine, tile=16, workers=workers), picture)

    alone = restore_image(Run(model=tiny, engine=engine, tile=16), picture)

    np.testing.assert_array_equal(shared.rgb, alone.rgb)


def test_pictures_go_to_the_device_that_has_the_fewest_to_do(tiny, pixels, monkeypatch):
    restorer = Restorer(tiny, replace(EXACT, device="cpu,cpu,cpu", engine="torch"))
    together = threading.Barrier(3, timeout=30)
    engines = []

    def noting(run, bands, mask, **options):
        together.wait()
        engines.append(run.engine)
        return restore_bands(run, bands, mask, **options)

    monkeypatch.setattr("srgan.inference.pipeline.restore_bands", noting)
    with ThreadPoolExecutor(3) as threads:
        restored = list(
            threads.map(lambda image: whole(restorer.restore(as_bands(image))), [Image(pixels(12, 10))] * 6)
        )

    assert len(set(engines)) == 3 and {engines.count(engine) for engine in engines} == {2}
    assert all(np.array_equal(one.rgb, restored[0].rgb) for one in restored)


def test_a_folder_leaves_the_threads_of_torch_as_they_were(tiny, photo_folder):
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        run(tiny, photo_folder)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)


def test_what_is_left_of_a_stopped_run_is_whole_and_the_same_call_finishes_it(tiny, photo_folder):
    outcomes = restore_folder(tiny, photo_folder, photo_folder.parent / "out", EXACT)
    next(outcomes)
    outcomes.close()

    assert all(read(path) for path in (photo_folder.parent / "out").glob("*.png"))
    assert set(statuses(run(tiny, photo_folder))) <= {"ok", "skipped"}


@pytest.mark.parametrize("format", ["jpeg", "webp", "png"])
def test_a_picture_to_which_nothing_is_done_comes_out_byte_for_byte(make_model, tmp_path, pixels, format):
    write(tmp_path / "in" / f"a.{format}", Image(pixels(40, 50)), quality=80)
    untouched = (tmp_path / "in" / f"a.{format}").read_bytes()
    model = make_model("denoise", strength="0")

    for name, config, same in (("copied", EXACT, True), ("stripped", replace(EXACT, strip_metadata=True), False)):
        (outcome,) = restore_folder(model, tmp_path / "in", tmp_path / name, config)
        assert outcome.status == "ok"
        assert (outcome.target.read_bytes() == untouched) == (same or format == "png")


def test_two_runs_of_one_process_make_each_picture_once(tiny, photo_folder):
    with ThreadPoolExecutor(2) as threads:
        both = list(threads.map(lambda _: run(tiny, photo_folder), range(2)))

    made = [one.name for outcomes in both for one in outcomes if one.status == "ok"]
    assert sorted(made) == ["a.png", "b.png", "c.png", "d.png"]
    assert {status for outcomes in both for status in statuses(outcomes)} == {"ok", "skipped"}


def test_two_runs_that_one_thread_goes_through_in_turn_do_not_wait_for_each_other(tiny, photo_folder):
    small = replace(EXACT, memory=1e-9)  # one picture at a time
    one, other = (restore_folder(tiny, photo_folder, photo_folder.parent / "out", small) for _ in range(2))

    first = next(one)
    rest = list(other)

    assert {outcome.status for outcome in (first, *rest, *one)} == {"ok", "skipped"}


def test_what_is_copied_is_what_was_read(make_model, tmp_path, pixels, monkeypatch):
    write(tmp_path / "in" / "a.jpg", Image(pixels(40, 50)))
    written = Conversion._write

    def replaced_before(*arguments):
        write(tmp_path / "in" / "a.jpg", Image(pixels(30, 50)))
        return written(*arguments)

    monkeypatch.setattr(Conversion, "_write", replaced_before)
    (outcome,) = restore_folder(make_model("denoise", strength="0"), tmp_path / "in", tmp_path / "out", EXACT)

    assert outcome.status == "failed" and outcome.reason.endswith("a.jpg: changed while it was read")
    assert not outcome.target.exists()


def test_what_auto_comes_to_is_recorded_and_never_mixed(tiny, photo_folder, monkeypatch, caplog):
    auto = replace(EXACT, device="auto", precision="auto", engine="torch")

    def run_where(format):
        monkeypatch.setattr("srgan.engines.choose", lambda *_: Way("torch", "fp32", format))
        return run(tiny, photo_folder, auto)

    assert statuses(run_where("channels_last")) == ["ok"] * 4
    assert statuses(run_where("channels_last")) == ["skipped"] * 4
    assert statuses(run_where("channels_first")) == ["ok"] * 4
    assert "(memory format channels_last, now contiguous_format): they are made again" in caplog.text
    exact = replace(auto, device=choose_device().type, precision="fp32")
    assert statuses(run_where("channels_last")) == ["ok"] * 4
    assert statuses(run(tiny, photo_folder, exact)) == ["skipped"] * 4, "what auto came to, asked for by name"


def test_leniency_makes_nothing_again_that_is_whole(tiny, zoo_of_pictures, pixels):
    Pillow.fromarray(pixels(80, 80)).save(zoo_of_pictures / "cut.jpg")
    (zoo_of_pictures / "cut.jpg").write_bytes((zoo_of_pictures / "cut.jpg").read_bytes()[:-200])
    strict = {one.name: one for one in run(tiny, zoo_of_pictures)}
    assert strict["cut.jpg"].status == "failed" and "--lenient" in strict["cut.jpg"].reason

    lenient = {one.name: one.status for one in run(tiny, zoo_of_pictures, lenient=True)}

    assert lenient.pop("cut.jpg") == "ok" and lenient.pop("corrupt.png") == "failed"
    assert set(lenient.values()) == {"skipped"}
