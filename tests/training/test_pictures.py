"""What a run draws can be looked at."""

import json

import numpy as np

from srgan.images import read
from srgan.training.pictures import PANEL, write_curves, write_sheet


def test_a_sheet_shows_baseline_restored_and_clean_of_each_picture(tiny, photos, tmp_path):
    write_sheet(tiny, photos, tmp_path / "sheet.png")

    sheet = read(tmp_path / "sheet.png").rgb
    height, width = 60, 72  # 64 x 80 px, rounded down to multiples of 12
    clean = read(sorted(photos.glob("*.png"))[0]).rgb[2:62, 4:76]
    assert sheet.shape == (3 * height, 3 * width, 3)
    np.testing.assert_array_equal(sheet[:height, 2 * width :], clean)
    assert not np.array_equal(sheet[:height, :width], sheet[:height, width : 2 * width])


def test_curves_have_a_panel_for_each_kind_of_measure(tmp_path):
    lines = [
        {"step": step, "l1": 1 / step, "shares": {"l1": 1.0}, "spectrum": 0.5, "colour_drift": None}
        | ({"validation": {"psnr": 30.0 + step}} if step == 2 else {})
        for step in (1, 2, 3)
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    write_curves(tmp_path / "log.jsonl", tmp_path / "curves.png")

    curves = read(tmp_path / "curves.png").rgb
    assert curves.shape == (4 * PANEL[1], PANEL[0], 3)  # loss, PSNR, fine detail, colours
    assert (curves[: PANEL[1]] != 255).any()
