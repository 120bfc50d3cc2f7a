"""What may be asked of the server."""

import pytest

from srgan.errors import ConfigError
from srgan.pages.asked import asked, boxes


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"task": "paint"}, "task=paint: choose upscale, denoise, inpaint or restore"),
        ({"source": "web"}, "source=web: choose auto, clean or photo"),
        ({"scale": "0.5"}, "scale=0.5: choose 1 to 16"),
        ({"quality": "0"}, "quality=0: choose 1 to 100"),
        ({"format": "gif"}, "cannot write 'gif': choose one of png, jpeg, webp, tiff, bmp, avif"),
        ({"scale": "nan"}, "scale=nan: choose 1 to 16"),
        ({"scale": "big"}, "scale=big: not a number"),
        ({"realism": "1.5"}, "realism=1.5: choose 0 to 1, or auto"),
        ({"strength": "nan"}, "strength=nan: choose 0 to 100, or auto"),
        ({"texture": "1.5"}, "texture=1.5: choose 0 to 1"),
        ({"grain": "nan"}, "grain=nan: choose 0 to 1"),
        ({"grow": "-1"}, "grow=-1: choose 0 to 1000"),
        ({"realsm": "1"}, "unknown option 'realsm': did you mean 'realism'?"),
        ({"box": "1,2,3"}, "1,2,3: write X,Y,W,H, whole numbers of pixels"),
        ({"box": "1,2,0,3"}, "1,2,0,3: width and height must be at least 1, left and top not negative"),
        (
            {"part": "0,0,8,8", "task": "inpaint"},
            "part=0,0,8,8: give one X,Y,W,H, and neither a box nor a mask beside it",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(fields, message):
    with pytest.raises(ConfigError) as refused:
        asked(fields)
    assert str(refused.value) == message


def test_boxes_stand_beside_each_other():
    assert boxes("1,2,3,4 5,6,7,8") == [(1, 2, 3, 4), (5, 6, 7, 8)]
