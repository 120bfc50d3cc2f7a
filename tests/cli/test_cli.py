"""The commands: their exit codes, what they print where, and what they leave alone."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from srgan.engines import make_engine
from srgan.images.image import Image
from srgan.images.reader import read
from srgan.images.writer import write
from srgan.inference.restore import restore
from srgan.models import zoo
from srgan.models.file import load, save
from srgan.ops.resample import downsample
from srgan.options import options_of
from srgan.training.config import TrainConfig

CPU = ("--device", "cpu", "--precision", "fp32")


@pytest.fixture
def weights(tiny, tmp_path):
    """A weights file that enlarges twice."""
    save(tiny, tmp_path / "tiny.safetensors", card={"licence": "CC0", "scores": {"Set5": {"psnr": 31.25}}})
    return tmp_path / "tiny.safetensors"


@pytest.fixture
def folder(tmp_path, pixels):
    """A folder of two pictures, one of them in a sub-folder."""
    write(tmp_path / "in" / "a.png", Image(pixels(16, 18)))
    write(tmp_path / "in" / "sub" / "b.png", Image(pixels(16, 20, seed=1)))
    return tmp_path / "in"


def python(program):
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120, stdout=subprocess.DEVNULL)


def test_help_does_not_wait_for_torch():
    python(
        "import sys\n"
        "from srgan.cli.commands import srgan, upscale\n"
        "for words in [['--help'], ['--version'], *([name, '--help'] for name in srgan.commands)]:\n"
        "    try: srgan.main(words)\n"
        "    except SystemExit as left: assert not left.code, words\n"
        "try: upscale.main(['-h'])\n"
        "except SystemExit as left: assert not left.code\n"
        "assert 'torch' not in sys.modules\n"
    )


def test_a_dry_run_prints_the_plan_without_torch_and_writes_nothing(folder, tmp_path):
    program = f"import sys; sys.argv[1:] = ['upscale', '-n', {str(folder)!r}, {str(tmp_path / 'out')!r}]\n"
    program += "from srgan import cli\ntry: cli.main()\nexcept SystemExit as left: assert not left.code\n"
    program += "assert 'torch' not in sys.modules\n"

    python(program)

    assert not (tmp_path / "out").exists()


def test_a_dry_run_names_each_input_and_output_in_a_line(run, folder, tmp_path):
    (folder / "sub" / "b.png").rename(folder / "sub" / "b\n.png")

    code, stdout, _ = run("upscale", "-n", folder, tmp_path / "out")

    assert code == 0
    assert stdout.splitlines() == [
        f"{folder}/a.png -> {tmp_path}/out/a.png",
        rf"{folder}/sub/b\n.png -> {tmp_path}/out/sub/b\n.png",
    ]
    assert not (tmp_path / "out").exists()


def test_upscale_enlarges_a_folder_and_says_so_on_stderr_only(run, folder, weights, tmp_path):
    code, stdout, stderr = run("upscale", folder, tmp_path / "out", "-m", weights, *CPU)

    assert (code, stdout) == (0, "")
    assert stderr.splitlines()[0] == "0/2 pictures"
    assert "2/2 pictures" in stderr.splitlines()[-1] and "ok 2 skipped 0 failed 0" in stderr.splitlines()[-1]
    assert (read(tmp_path / "out" / "a.png").width, read(tmp_path / "out" / "sub" / "b.png").width) == (36, 40)


def test_upscale_enlarges_a_single_file_with_the_flags_given(run, folder, weights, tmp_path):
    target = tmp_path / "big.jpg"

    code, stdout, stderr = run("upscale", folder / "a.png", target, "-m", weights, "-q", 40, "-t", 8, "--quiet", *CPU)

    assert (code, stdout, stderr) == (0, "", "")
    assert (read(target).format, read(target).width) == ("jpeg", 36)


def test_json_is_one_object_a_picture_on_stdout(run, folder, weights, tmp_path):
    (folder / "c.png").write_bytes(b"not a picture")

    code, stdout, _ = run("upscale", folder, tmp_path / "out", "-m", weights, "--json", *CPU)

    outcomes = [json.loads(line) for line in stdout.splitlines()]
    assert code == 1
    assert [(one["name"], one["status"]) for one in outcomes] == [
        ("a.png", "ok"),
        ("c.png", "unsupported"),
        ("sub/b.png", "ok"),
    ]
    for one in outcomes:
        assert set(one) == {"name", "target", "status", "reason", "pixels", "seconds", "notes", "chosen"}
    assert outcomes[0]["pixels"] == 36 * 32
    assert set(outcomes[0]["chosen"]) == {"device", "engine", "precision", "tile", "memory format"}
    assert outcomes[0]["chosen"]["device"] == "cpu" and int(outcomes[0]["chosen"]["tile"]) > 0
    assert outcomes[0]["target"] == f"{tmp_path}/out/a.png"


def test_the_same_command_again_skips_what_is_done(run, folder, weights, tmp_path):
    words = ("upscale", folder, tmp_path / "out", "-m", weights, *CPU)
    run(*words)

    code, _, stderr = run(*words)

    assert code == 0
    assert "ok 0 skipped 2 failed 0" in stderr.splitlines()[-1]


def test_a_bad_picture_is_named_and_the_command_leaves_with_1(run, folder, weights, tmp_path):
    (folder / "c.png").write_bytes(b"not a picture")

    code, _, stderr = run("upscale", folder, tmp_path / "out", "-m", weights, *CPU)

    assert code == 1
    assert f"unsupported: {folder}/c.png: not a picture (" in stderr
    assert (tmp_path / "out" / "sub" / "b.png").is_file()


@pytest.mark.parametrize(
    "words, message",
    [
        (("upscale",), "Missing argument 'IN... [OUT]'"),
        (("upscal",), "No such command 'upscal'"),
        (("upscale", "in", "out", "--sharpen"), "No such option"),
        (("upscale", "in", "out", "-s", "big"), "Invalid value for '-s' / '--scale'"),
        (("upscale", "in", "out", "-s", "0"), "error: 0: a size must be more than 0, and less than a million"),
        (("upscale", "in", "out", "-s", "2", "--width", "9"), "error: --scale says how large, and so does --width"),
        (("upscale", "in", "out", "-s", "1.5", "--consistent"), "error: --consistent needs a --scale of 2, 3 or 4"),
        (("upscale", "nowhere", "out"), "error: nowhere: no such file or folder"),
        (("upscale", "in", "out", "--existing", "ask"), "error: existing=ask: choose resume, skip, overwrite or error"),
        (("upscale", "in", "out", "--tile", "x"), "error: tile=x: not a"),
        (("upscale", "in", "in"), "error: in: both input and output; choose another output folder"),
        (("train", "upscale", "--data", "in", "--out", "run", "--set", "step=5"), "error: unknown option 'step': did"),
        (("train", "upscale", "--data", "in", "--out", "run", "--config", "no.toml"), "error: no.toml: "),
    ],
)
def test_a_wrong_use_leaves_with_2_and_says_what_is_wrong(run, folder, monkeypatch, words, message):
    monkeypatch.chdir(folder.parent)

    code, stdout, stderr = run(*words)

    assert (code, stdout) == (2, "")
    assert message in stderr


def test_a_scale_that_the_model_has_not_leaves_with_2(run, folder, weights, tmp_path):
    code, _, stderr = run("upscale", folder, tmp_path / "out", "-m", weights, "-s", 4)

    assert code == 2
    assert stderr.splitlines()[-1] == f"error: {weights} enlarges 2 times, not 4: leave out --scale"


def test_a_folder_without_pictures_leaves_with_3(run, weights, tmp_path):
    (tmp_path / "empty").mkdir()

    code, _, stderr = run("upscale", tmp_path / "empty", tmp_path / "out", "-m", weights)

    assert code == 3
    assert stderr.startswith(f"error: {tmp_path}/empty: no pictures here ")


def test_refused_weights_leave_with_4(run, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(zoo, "weights_folder", lambda: tmp_path)
    (tmp_path / "page.safetensors").write_text("<!DOCTYPE html><title>Not found</title>")

    code, _, stderr = run("upscale", folder, tmp_path / "out", "-m", tmp_path / "page.safetensors")
    assert code == 4
    assert stderr.splitlines()[-1] == f"error: {tmp_path}/page.safetensors: not a safetensors file"

    code, _, stderr = run("upscale", folder, tmp_path / "out")
    assert code == 4
    assert stderr.splitlines()[-1].startswith("error: upscale-x4: neither a file nor a name of shipped weights ")


def test_an_output_that_cannot_be_written_leaves_with_5(run, folder, weights, tmp_path):
    (tmp_path / "file").write_bytes(b"")

    code, _, stderr = run("upscale", folder, tmp_path / "file", "-m", weights)

    assert code == 5
    assert stderr.startswith(f"error: {tmp_path}/file: a file, where the output folder shall be; ")


def test_info_tells_of_a_file_what_its_header_says(run, tiny, tmp_path):
    before = {"step": 3000, "config": {"batch": 16, "crop": 48, "adversarial": 0.0}}
    data = {"pictures": 12, "megapixels": 4.5, "bad": 0}
    training = {
        "step": 500,
        "config": {"batch": 8, "crop": 96, "adversarial": 0.01, "seed": 0},
        "data": data,
        "before": before,
    }
    scores = {"Set5": {"count": 5, "psnr": 31.25, "ssim": 0.5, "lpips": None, "bicubic": {"psnr": 28, "ssim": 0.4}}}
    save(tiny, tmp_path / "tiny.safetensors", card={"licence": "CC0", "training": training, "scores": scores})

    code, stdout, _ = run("info", tmp_path / "tiny.safetensors")

    assert code == 0
    assert stdout.splitlines() == [
        f"{tmp_path}/tiny.safetensors",
        f"file      {tmp_path}/tiny.safetensors, 0.02 MB",
        f"SHA-256   {zoo.sha256(tmp_path / 'tiny.safetensors')}",
        "task      upscale: scale 2, source clean, compressed 0.25, keep_grain 0.0, rounds 0",
        "network   compact: width 8, depth 2, fold 2",
        "training  3000 steps of 16 crops of 48 px, then 500 steps of 8 crops of 96 px against a discriminator, on 12",
        "          pictures of 4.5 MP",
        "licence   CC0",
        "",
        "scores     PSNR [dB]       SSIM      LPIPS",
        "Set5           31.25     0.5000          -",
        "  bicubic      28.00     0.4000          -",
    ]


def test_info_of_what_makes_pictures_of_noise_tells_how_many_a_classifier_is_sure_of(run, make_model, tmp_path):
    scores = {"digits": {"count": 1000, "sure": 0.9131, "as_asked": None, "distance": 12.634, "classifier": 0.981}}
    save(make_model("generate", "mlp"), tmp_path / "digits.safetensors", card={"scores": scores})

    lines = run("info", tmp_path / "digits.safetensors")[1].splitlines()

    assert "task      generate: scale 4, latent 6, grey False, first 0, truncation 1.0" in lines
    assert lines[-1] == (
        "samples   1,000, by a classifier that knows 98.1% of real ones, sure of 91.3%, distance 12.6 (digits)"
    )


def test_info_of_a_file_that_tells_nothing_says_so(run, tiny, tmp_path):
    save(tiny, tmp_path / "tiny.safetensors", card={})

    lines = run("info", tmp_path / "tiny.safetensors")[1].splitlines()

    assert lines[-3:] == ["training  not told", "licence   not told", "scores    none recorded"]


def test_info_as_json_is_the_header(run, weights):
    code, stdout, _ = run("info", weights, "--json")

    assert code == 0
    assert json.loads(stdout) == zoo.describe(weights)


def test_info_without_a_model_lists_what_ships(run, weights, monkeypatch):
    shelf = weights.parent
    (shelf / zoo.CHECKSUMS).write_text(f"{zoo.sha256(weights)}  {weights.name}\n")
    monkeypatch.setattr(zoo, "weights_folder", lambda: shelf)

    code, stdout, _ = run("info")

    assert code == 0
    assert [line.split() for line in stdout.splitlines()] == [
        ["scores", "PSNR", "[dB]", "SSIM", "LPIPS"],
        ["tiny", "Set5", "31.25", "-", "-"],
    ]
    assert json.loads(run("info", "--json")[1]) == {"tiny": zoo.describe(weights)}


@pytest.mark.filterwarnings("ignore")
def test_eval_as_json_has_the_keys_that_scripts_rely_on(run, weights, folder, caplog):
    code, stdout, _ = run("eval", weights, "--data", folder, "--json", *CPU)

    (line,) = stdout.splitlines()
    result = json.loads(line)
    assert code == 0
    assert list(result) == [
        *("model", "sha256", "task", "scale", "data", "count", "protocol", "mean", "baseline", "pictures")
    ]
    assert result["protocol"] == {"luma": "BT.601", "border": 2, "levels": 256, "downsample": "bicubic-antialias"}
    assert (result["model"], result["sha256"]) == (str(weights), zoo.sha256(weights))
    assert (result["task"], result["scale"], result["data"], result["count"]) == ("upscale", 2, "in", 2)
    assert list(result["mean"]) == list(result["baseline"]["bicubic"]) == ["psnr", "ssim", "lpips"]
    assert [list(one) for one in result["pictures"]] == [["name", "psnr", "ssim", "lpips"]] * 2
    assert [one["name"] for one in result["pictures"]] == ["a.png", "sub/b.png"]
    assert result["mean"]["psnr"] == pytest.approx(sum(one["psnr"] for one in result["pictures"]) / 2)


def test_a_metric_that_cannot_be_computed_is_null_with_a_warning(run, weights, folder, caplog):
    # LPIPS needs 17 px; these pictures are smaller, so nothing is fetched for it either.
    _, stdout, _ = run("eval", weights, "--data", folder, "--json", *CPU)

    result = json.loads(stdout)
    assert result["mean"]["lpips"] is None
    assert any(message.startswith("no lpips: LPIPS needs ") for message in caplog.messages)


def test_eval_prints_a_table_of_pictures_mean_and_baseline(run, weights, folder):
    code, stdout, _ = run("eval", weights, "--data", folder, *CPU)

    first_words = [line.split()[0] for line in stdout.splitlines()[1:]]
    assert code == 0
    assert first_words == ["psnr", "a.png", "sub/b.png", "mean", "bicubic"]


def test_eval_scores_small_pictures_as_people_have_them(run, weights, folder):
    words = ("eval", weights, "--data", folder, "--metrics", "psnr", "--json", *CPU)

    clean, web, again = (json.loads(run(*words, *more)[1]) for more in ((), ("--source", "web"), ("--source", "web")))

    assert web == again
    assert web["protocol"]["downsample"] == "web"
    assert web["baseline"]["bicubic"]["psnr"] < clean["baseline"]["bicubic"]["psnr"]


def test_eval_scores_what_is_made_in_all_symmetries(run, weights, folder):
    words = ("eval", weights, "--data", folder, "--metrics", "psnr", "--json", *CPU)

    once, eightfold = (json.loads(run(*words, *more)[1]) for more in ((), ("--ensemble",)))

    assert once["baseline"] == eightfold["baseline"]
    assert once["mean"] != eightfold["mean"]
    assert eightfold["protocol"] == {**once["protocol"], "ensemble": True}


def test_eval_of_an_empty_folder_leaves_with_3(run, weights, tmp_path):
    (tmp_path / "empty").mkdir()

    assert run("eval", weights, "--data", tmp_path / "empty")[0] == 3


def test_samples_are_pictures_and_their_paths_are_printed(run, tmp_path):
    code, stdout, _ = run("samples", tmp_path / "samples")

    paths = stdout.splitlines()
    assert code == 0
    assert len(paths) == len(list((tmp_path / "samples").iterdir())) > 4
    assert {read(path).grey for path in paths} == {True, False}


def test_a_picture_of_the_name_of_a_sample_is_not_replaced(run, tmp_path):
    write(tmp_path / "coffee.png", Image(np.zeros((4, 4, 3), np.uint8)))

    code, _, said = run("samples", tmp_path)

    assert code == 2
    assert f"{tmp_path}/coffee.png: is there already, and is no sample: choose another folder" in said
    assert [path.name for path in tmp_path.iterdir()] == ["coffee.png"]


def test_train_dry_run_prints_every_setting_and_does_nothing(run, tmp_path):
    words = ("train", "upscale", "--data", tmp_path / "nowhere", "--out", tmp_path / "run", "-n")

    code, stdout, _ = run(*words, "--set", "scale=2", "--set", "steps=2k", "--set", "network=srresnet")

    settings = dict(line.split(" = ", 1) for line in stdout.splitlines())
    assert code == 0
    task = {"scale", "source", "compressed", "keep_grain", "rounds"}
    assert {"network", "width", "depth", *task, *options_of(TrainConfig)} == set(settings)
    assert settings["network"] == '"srresnet"'
    assert settings["steps"] == "2000  # Generator updates in all."
    assert not (tmp_path / "run").exists()


def test_train_writes_a_model_that_upscale_can_use(run, folder, tmp_path):
    settings = {"scale": 2, "width": 8, "depth": 1, "crop": 8, "batch": 2, "steps": 4, "device": "cpu"}
    words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]

    code, stdout, _ = run(
        *("train", "upscale", "--data", folder, "--out", tmp_path / "run", "--licence", "CC0", "--quiet", *words)
    )

    model = load(tmp_path / "run" / "model.safetensors")
    assert (code, stdout) == (0, f"{tmp_path}/run/model.safetensors\n")
    assert (model.task.scale, model.network["width"], model.card["licence"]) == (2, 8, "CC0")
    assert run("upscale", folder, tmp_path / "out", "-m", tmp_path / "run" / "model.safetensors", "--quiet")[0] == 0


def test_train_generate_learns_classes_from_sub_folders(run, pixels, tmp_path):
    for label in ("owl", "cat"):
        write(tmp_path / "in" / label / "one.png", Image(pixels(8, 8)))
    settings = {"scale": 8, "width": 4, "latent": 3, "batch": 2, "steps": 2, "discriminator_width": 4, "device": "cpu"}
    words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]

    code, _, _ = run(
        *("train", "generate", "--data", tmp_path / "in", "--condition", "label"),
        *("--out", tmp_path / "run", "--quiet", *words),
    )

    model = load(tmp_path / "run" / "model.safetensors")
    assert code == 0
    assert (model.task.classes, model.network["name"]) == ("cat,owl", "dcgan")


def test_only_what_makes_pictures_of_noise_is_told_classes(run, folder, tmp_path):
    (tmp_path / "classed" / "owl").mkdir(parents=True)
    shutil.copy(next(folder.glob("*.png")), tmp_path / "classed" / "owl")

    words = ("train", "upscale", "--data", tmp_path / "classed", "--condition", "label", "--out", tmp_path / "run")

    assert run(*words)[2].startswith("error: unknown option 'classes': did you mean")


def test_training_starts_from_the_weights_given(run, folder, weights, tmp_path):
    settings = {
        "scale": 2,
        "width": 8,
        "depth": 2,
        "fold": 2,
        "crop": 8,
        "steps": 1,
        "learning_rate": 0,
        "device": "cpu",
    }
    words = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]

    run("train", "upscale", "--data", folder, "--out", tmp_path / "run", "--init", weights, "--quiet", *words)

    started, given = load(tmp_path / "run" / "model.safetensors").generator, load(weights).generator
    assert (started.head.weight - given.head.weight).abs().max() < 1e-5


@pytest.fixture
def shelf(make_model, tmp_path, monkeypatch):
    """A package that ships a faithful and a vivid x2, and a faithful x4."""
    shelf = tmp_path / "shelf"
    for number, (name, scale) in enumerate((("upscale-x2", 2), ("upscale-x2-vivid", 2), ("upscale-x4", 4))):
        save(make_model(scale=scale, seed=number), shelf / f"{name}.safetensors")
    sums = [f"{zoo.sha256(path)}  {path.name}" for path in sorted(shelf.glob("*.safetensors"))]
    (shelf / zoo.CHECKSUMS).write_text("\n".join(sums) + "\n")
    monkeypatch.setattr(zoo, "weights_folder", lambda: shelf)
    return shelf


def test_the_dial_goes_from_the_faithful_to_the_vivid_weights(run, folder, shelf, tmp_path):
    def enlarged(*flags):
        target = tmp_path / "-".join(map(str, ("out", *flags)))
        assert run("upscale", folder, target, *flags, *CPU)[0] == 0
        return read(target / "a.png").rgb.astype(int)

    faithful, vivid = enlarged("-m", shelf / "upscale-x2.safetensors"), enlarged("-m", "upscale-x2-vivid")
    ends = {realism: enlarged("-s", 2, "--realism", realism) for realism in (0, 0.5, 1)}

    assert (ends[0] == faithful).all()
    assert (ends[1] == vivid).all()
    assert (ends[0.5] != faithful).any()
    assert (ends[0.5] != vivid).any()


def test_another_place_of_the_dial_is_not_what_was_finished(run, folder, shelf, tmp_path):
    command = ("upscale", folder, tmp_path / "out", "-s", 2, *CPU)
    run(*command, "--realism", 0.5)

    assert "skipped 2" in run(*command, "--realism", 0.5)[2]
    assert "ok 2" in run(*command, "--realism", 0.6)[2]
    assert "ok 2" in run(*command, "--realism", 0.6, "--consistent")[2]


def test_vivid_weights_that_do_not_ship_leave_with_2_and_say_which_do(run, folder, shelf, tmp_path):
    code, _, said = run("upscale", folder, tmp_path / "out", "--realism", 0.5)

    assert code == 2
    assert "--realism needs upscale-x4-vivid, which does not ship; vivid weights that do: upscale-x2-vivid" in said


def test_the_dial_and_weights_of_ones_own_leave_with_2(run, folder, weights, tmp_path):
    code, _, said = run("upscale", folder, tmp_path / "out", "-m", weights, "--realism", 0.5)

    assert code == 2
    assert "--realism blends shipped weights: leave out --model" in said


def test_a_picture_asked_for_in_all_symmetries_is_not_what_was_finished(run, folder, weights, tmp_path):
    command = ("upscale", folder, tmp_path / "out", "-m", weights, *CPU)
    run(*command)
    once = read(tmp_path / "out" / "a.png").rgb

    assert "ok 2" in run(*command, "--ensemble")[2]
    assert (read(tmp_path / "out" / "a.png").rgb != once).any()
    assert "skipped 2" in run(*command, "--ensemble")[2]


def test_a_consistent_picture_reduces_to_its_input(run, folder, shelf, tmp_path):
    run("upscale", folder, tmp_path / "free", "-s", 2, *CPU)
    run("upscale", folder, tmp_path / "held", "-s", 2, "--consistent", *CPU)

    def missed(name):
        batches = (
            torch.from_numpy(read(path).rgb).permute(2, 0, 1)[None].float()
            for path in (tmp_path / name / "a.png", folder / "a.png")
        )
        restored, observed = batches
        return (downsample(restored, 2) - observed).abs().max().item()

    assert missed("held") < missed("free")


def test_finetune_says_what_it_gained_on_pictures_held_out(run, weights, tmp_path, pixels):
    for seed in range(3):
        write(tmp_path / "mine" / f"{seed}.png", Image(pixels(40, 44, seed=seed)))
    settings = {"crop": 4, "batch": 2, "steps": 10, "log_every": 10, "checkpoint_every": 10, "validate_every": 10}
    words = [word for key, value in {**settings, "device": "cpu"}.items() for word in ("--set", f"{key}={value}")]

    code, stdout, stderr = run(
        "finetune", weights, "--data", tmp_path / "mine", "--out", tmp_path / "run", "--quiet", *words
    )

    assert (code, stdout) == (0, f"{tmp_path}/run/model.safetensors\n")
    assert "on 1 pictures held out" in stderr
    assert " -> " in stderr
    assert load(tmp_path / "run" / "model.safetensors").task.scale == 2


def test_finetune_without_pictures_or_with_both_kinds_leaves_with_2(run, folder, weights, tmp_path):
    for words in ((), ("--data", folder, "--paired", folder, folder)):
        code, _, stderr = run("finetune", weights, "--out", tmp_path / "run", *words)

        assert (code, stderr) == (2, "error: give either --data or --paired\n")


@pytest.fixture
def denoiser(make_model, tmp_path):
    """A weights file of a tiny denoiser."""
    save(make_model("denoise"), tmp_path / "denoiser.safetensors")
    return tmp_path / "denoiser.safetensors"


def test_denoise_cleans_a_folder_as_the_library_does(run, folder, denoiser, tmp_path):
    code, _, _ = run("denoise", folder, tmp_path / "out", "-m", denoiser, *CPU)

    model = load(denoiser)
    expected = restore(
        model, read(folder / "a.png"), engine=make_engine(model.generator, device="cpu", precision="fp32")
    )
    assert code == 0
    assert (read(tmp_path / "out" / "a.png").rgb == expected.rgb).all()
    assert (tmp_path / "out" / "sub" / "b.png").is_file()


def test_a_strength_and_kept_grain_reach_the_task(run, folder, denoiser, tmp_path):
    for words in ((), ("--strength", "40"), ("--keep-grain", "1")):
        assert run("denoise", folder, tmp_path / "-".join(("out", *words)), "-m", denoiser, *words, *CPU)[0] == 0

    auto, strong, grain = (
        read(path / "a.png").rgb for path in sorted(tmp_path.glob("out*"), key=lambda p: len(p.name))
    )
    assert (auto != strong).any() and (auto != grain).any() and (strong != grain).any()


def test_a_strength_of_0_gives_the_same_pixels(run, folder, denoiser, tmp_path):
    assert run("denoise", folder, tmp_path / "out", "-m", denoiser, "--strength", "0", *CPU)[0] == 0

    assert (read(tmp_path / "out" / "a.png").rgb == read(folder / "a.png").rgb).all()


@pytest.mark.parametrize(
    "words, message",
    [
        (("--strength", "much"), "'much' is neither auto nor a number from 0 to 100\n"),
        (("--strength", "120"), "'120' is neither auto nor a number from 0 to 100\n"),
    ],
)
def test_a_strength_that_makes_no_sense_leaves_with_2(run, folder, denoiser, tmp_path, words, message):
    code, _, stderr = run("denoise", folder, tmp_path / "out", "-m", denoiser, *words)

    assert code == 2
    assert stderr.endswith(message)


def test_weights_for_another_task_leave_with_2(run, folder, denoiser, weights, tmp_path):
    for command, file, has in (("denoise", weights, "upscale"), ("upscale", denoiser, "denoise")):
        code, _, stderr = run(command, folder, tmp_path / "out", "-m", file)

        assert code == 2
        assert stderr.endswith(f"error: {file} is for the task {has}, not for {command}\n")


@pytest.mark.parametrize("words", [(), ("-n",)])
def test_what_another_command_has_made_is_kept_before_anything_is_loaded(
    run, folder, denoiser, weights, tmp_path, monkeypatch, words
):
    out = tmp_path / "out"
    run("upscale", folder, out, "-m", weights, *CPU)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    monkeypatch.setattr("srgan.cli.weights.Choice.load", None)

    code, _, stderr = run("denoise", folder, out, "-m", denoiser, *CPU, *words)

    assert code == 2
    assert stderr.splitlines()[-1] == (
        f"error: {out}: holds what upscale has made of these pictures, which denoise would replace: "
        "choose another output folder, or say --existing overwrite"
    )
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_eval_of_a_denoiser_adds_the_noise_asked_for(run, folder, denoiser):
    code, stdout, _ = run(
        "eval", denoiser, "--data", folder, "--noise", "15", "--metrics", "psnr", "--json", "--device", "cpu"
    )

    said = json.loads(stdout)
    assert code == 0
    assert said["task"] == "denoise"
    assert said["protocol"] == {"border": 0, "levels": 256, "noise": 15.0, "seed": 0}
    assert said["baseline"]["noisy"]["psnr"] == pytest.approx(24.6, abs=0.6)
    assert said["baseline"]["nlm"]["psnr"] > said["baseline"]["noisy"]["psnr"]


def test_eval_of_an_upscaler_adds_no_noise(run, folder, weights):
    code, _, stderr = run("eval", weights, "--data", folder, "--noise", "15")

    assert code == 2
    assert stderr == f"error: --noise: {weights} is for the task upscale, which takes --source\n"


@pytest.mark.parametrize(
    "words, factor",
    [(("-s", 1.5), 1.5), (("-s", 8), 8), (("-s", 1.5, "--realism", 1), 1.5), (("-s", 5, "--realism", 0.5), 5)],
)
def test_any_scale_is_made_of_those_that_ship(run, folder, shelf, tmp_path, words, factor):
    assert run("upscale", folder, tmp_path / "out", *words, *CPU)[0] == 0

    before, after = read(folder / "a.png"), read(tmp_path / "out" / "a.png")
    assert (after.width, after.height) == (round(factor * before.width), round(factor * before.height))


def test_a_longest_side_holds_for_every_picture(run, folder, shelf, tmp_path):
    assert run("upscale", folder, tmp_path / "out", "--max-side", 70, *CPU)[0] == 0

    sides = [max(read(path).rgb.shape) for path in (tmp_path / "out").rglob("*.png")]
    assert sides == [70] * len(sides) and sides


def test_names_that_are_printed_take_one_line_each(run, weights, tmp_path, pixels):
    write(tmp_path / "in" / "two\nlines.png", Image(pixels(8, 8)))

    _, printed, _ = run("upscale", tmp_path / "in", tmp_path / "out", "-m", weights, "-v", *CPU)

    assert printed == f"{tmp_path}/out/two\\nlines.png\n"


def test_of_many_notes_the_first_are_printed_and_the_others_counted(run, weights, tmp_path, pixels):
    for number in range(25):
        frames = [Pillow.fromarray(pixels(8, 8, seed=seed)) for seed in range(2)]
        (tmp_path / "in").mkdir(exist_ok=True)
        frames[0].save(tmp_path / "in" / f"{number:02}.gif", save_all=True, append_images=frames[1:])

    _, _, few = run("upscale", tmp_path / "in", tmp_path / "few", "-m", weights, *CPU)
    _, _, all_of_them = run("upscale", tmp_path / "in", tmp_path / "all", "-m", weights, "-v", *CPU)

    assert few.count("note: ") == 20 and "5 further notes: -v prints them all" in few
    assert all_of_them.count("note: ") == 25 and "further" not in all_of_them
