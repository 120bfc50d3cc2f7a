"""Pictures that teach little are named, and why; sound ones are not."""

import cv2
import numpy as np
import pytest
import skimage.data

from srgan.data.pack import pack
from srgan.errors import ConfigError, NoPicturesError
from srgan.images.image import Image
from srgan.images.writer import encode, write
from srgan.training.suitable import fingerprint, look

CAT = np.ascontiguousarray(skimage.data.chelsea()[:256, 100:356])
COFFEE = np.ascontiguousarray(skimage.data.coffee()[100:356, 100:356])


@pytest.fixture
def folder(tmp_path):
    def put(**pictures):
        for name, picture in pictures.items():
            data = picture if isinstance(picture, bytes) else encode(Image(picture), "png")
            (tmp_path / name.replace("_", ".")).write_bytes(data)
        return {looked.name: looked.problems for looked in look(tmp_path)}

    return put


def enlarged(picture):
    small = cv2.resize(picture, None, fx=0.2, fy=0.2, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, picture.shape[1::-1], interpolation=cv2.INTER_CUBIC)


def test_sound_pictures_have_no_problem(folder):
    assert folder(cat_png=CAT, coffee_png=COFFEE) == {"cat.png": (), "coffee.png": ()}


def test_what_is_wrong_with_a_picture_is_named(folder):
    found = folder(
        a_png=encode(Image(CAT), "png")[:500],
        b_png=COFFEE[:40],
        c_png=enlarged(np.rot90(CAT).copy()),
        d_jpg=encode(Image(np.rot90(COFFEE).copy()), "jpeg", quality=50),
    )
    assert found["a.png"] == ("unreadable: damaged png file: the file is truncated",)
    assert found["b.png"] == ("small: 256 x 40 px",)
    assert found["c.png"] == ("soft: out of focus, or enlarged",)
    assert found["d.jpg"][0].startswith("JPEG quality about ")


@pytest.mark.parametrize("turn", range(4))  # some fingerprints are odd, others even
@pytest.mark.parametrize("picture, other", [(CAT, COFFEE), (COFFEE, CAT)])
def test_a_copy_is_named_however_it_was_made(folder, picture, other, turn):
    original = np.rot90(picture, turn).copy()
    paler = (original * 0.8 + 20).astype(np.uint8)
    half = cv2.resize(original, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    found = folder(
        a_png=original, b_png=paler, c_png=half, d_jpg=encode(Image(original), "jpeg", quality=90), e_png=other
    )

    assert {name for name, problems in found.items() if "a copy of a.png" in problems} == {"b.png", "c.png", "d.jpg"}


def test_even_pictures_are_copies_of_nothing(folder):
    grey = np.full((256, 256, 3), 90, np.uint8)

    assert fingerprint(grey) == 0
    assert folder(a_png=grey, b_png=grey + 9) == {"a.png": (), "b.png": ()}


def test_what_holds_no_picture_is_refused(tmp_path):
    with pytest.raises(NoPicturesError):
        list(look(tmp_path))
    with pytest.raises(ConfigError):
        list(look(tmp_path / "nowhere"))


def test_tar_shards_are_looked_at(tmp_path):
    write(tmp_path / "in" / "cat.png", Image(CAT))
    list(pack(tmp_path / "in", tmp_path / "out", side=128, crops=2))

    assert [looked.name for looked in look(tmp_path / "out")] == [
        "pictures-00000.tar:cat-0.png",
        "pictures-00000.tar:cat-1.png",
    ]
