"""What is known of holes without a network: halved pictures, and colours that run in from the edge."""

import torch

from srgan.ops.pyramid import halved, smoothed


def test_half_a_picture_is_the_mean_of_what_is_known():
    picture = torch.tensor([[1.0, 3.0, 5.0], [5.0, 7.0, 9.0]]).expand(1, 3, 2, 3)
    mask = torch.tensor([[0.0, 1.0, 1.0], [0.0, 0.0, 1.0]])[None, None]

    smaller, holes = halved(picture, mask)

    assert smaller.shape == (1, 3, 1, 2)
    assert smaller[0, 0, 0, 0] == (1 + 5 + 7) / 3
    assert holes[0, 0].tolist() == [[0.0, 1.0]]


def test_a_flat_picture_is_filled_with_its_colour_and_a_ramp_stays_between_its_ends():
    flat = torch.tensor([0.2, 0.5, 0.9]).view(1, 3, 1, 1).expand(1, 3, 37, 41)
    ramp = torch.linspace(0, 1, 41).expand(1, 3, 37, 41)
    mask = torch.zeros(1, 1, 37, 41)
    mask[..., 5:30, 10:30] = 1

    torch.testing.assert_close(smoothed(flat, mask), flat)
    filled = smoothed(ramp, mask)
    assert torch.equal(filled * (1 - mask), ramp * (1 - mask))
    assert filled[..., 10:30].min() > 0.2 and filled[..., 10:30].max() < 0.8
    assert (filled - ramp).abs().mean() < 0.05


def test_each_picture_of_a_batch_is_filled_by_itself_and_one_without_holes_stays():
    pictures = torch.rand(3, 3, 20, 24, generator=torch.Generator().manual_seed(0))
    masks = torch.zeros(3, 1, 20, 24)
    masks[0, :, 3:9, 4:20] = 1
    masks[1, :, :, :12] = 1

    together = smoothed(pictures, masks)

    for number in range(3):
        alone = smoothed(pictures[number : number + 1], masks[number : number + 1])
        torch.testing.assert_close(together[number : number + 1], alone)
    assert torch.equal(together[2], pictures[2])


def test_where_nothing_is_known_all_is_grey():
    assert (smoothed(torch.rand(1, 3, 5, 7), torch.ones(1, 1, 5, 7)) == 0.5).all()
