"""What pictures were made by is told apart."""

from srgan.runner.verified import Ways


def test_what_all_have_is_left_out_and_what_is_not_known_is_said():
    ways = Ways()
    assert ways.told() == ""
    steps = [{"model": {"name": "unet"}, "weights": "a", "task": "Denoise()"}]
    for settings in ({"tile": "8", "steps": steps}, {"tile": "8"}, {}, {"tile": "8"}):
        ways.add(settings)

    assert ways.told() == "made in 3 ways: 2 without; 1 with task Denoise(), weights a; 1 by an earlier version"
