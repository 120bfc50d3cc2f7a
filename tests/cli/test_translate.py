"""`translate IN OUT -m FILE`."""

from srgan.engines import make_engine
from srgan.images.reader import read
from srgan.inference.restore import restore
from srgan.models.file import load, save


def test_the_command_translates_a_folder_as_the_library_does(run, make_model, photos, tmp_path):
    save(make_model("translate", "unet"), tmp_path / "night.safetensors")

    words = ("-m", tmp_path / "night.safetensors", "-d", "cpu", "--precision", "fp32", "--engine", "torch")
    code, _, _ = run("translate", photos, tmp_path / "out", *words)

    model = load(tmp_path / "night.safetensors")
    alone = restore(model, read(photos / "chelsea.png"), engine=make_engine(model, device="cpu", precision="fp32"))
    assert code == 0
    assert (read(tmp_path / "out" / "chelsea.png").rgb == alone.rgb).all()


def test_without_weights_the_command_says_how_to_make_some(run, photos, tmp_path):
    code, _, stderr = run("translate", photos, tmp_path / "out")

    assert code == 2
    assert "say from what to what: -m NAME|FILE; srgan train translate --paired FROM TO makes one" in stderr
