"""Training pairs: a function of (seed, step, sample), whatever kind of files the pictures come from."""

import io
import logging
import os
import tarfile
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from srgan.data.crops import check_pairs, pairs
from srgan.data.pictures import Pictures, load_pictures
from srgan.data.sources import Paired, Source, sources
from srgan.errors import ConfigError, NoPicturesError, TrainingError
from srgan.images.image import Image
from srgan.images.reader import read
from srgan.images.writer import write
from srgan.tasks.denoise import Denoise
from srgan.tasks.generate import Generate
from srgan.tasks.inpaint import Inpaint
from srgan.tasks.upscale import Upscale
from srgan.training.config import TrainConfig

CPU = torch.device("cpu")
TASK = Upscale(scale=2)


def take(pictures, count, start=0, **settings):
    """`count` batches from step `start` on."""
    config = TrainConfig(**{"batch": 4, "crop": 8, **settings})
    steps = pairs(pictures, TASK, **config.sampling(), start=start, device=CPU)
    return [next(steps)[-1][:2] for _ in range(count)]


def coordinates(height, width):
    """A picture whose colours say where in it they are."""
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.stack([rows, columns, torch.zeros_like(rows)]).to(torch.uint8)


@pytest.fixture
def pictures(photos):
    return load_pictures(photos)


def test_a_sample_does_not_depend_on_where_the_run_began(pictures):
    whole, rest = take(pictures, 5), take(pictures, 2, start=3)

    for (observed, clean), (same_observed, same_clean) in zip(whole[3:], rest, strict=True):
        assert torch.equal(observed, same_observed)
        assert torch.equal(clean, same_clean)


def test_a_sample_does_not_depend_on_its_neighbours_in_the_batch(pictures):
    (few,), (many,) = take(pictures, 1, start=7, batch=2), take(pictures, 1, start=7, batch=6)

    assert torch.equal(many[0][:2], few[0])
    assert torch.equal(many[1][:2], few[1])


def test_steps_samples_and_seeds_differ(pictures):
    (_, first), (_, second) = take(pictures, 2)
    ((_, other),) = take(pictures, 1, seed=1)

    assert not torch.equal(first, second)
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(first, other)


def test_a_batch_is_degraded_by_the_task_from_clean_crops_in_0_to_1(pictures):
    ((observed, clean),) = take(pictures, 1)

    assert clean.shape == (4, 3, 16, 16) and observed.shape == (4, 3, 8, 8)
    assert clean.dtype == observed.dtype == torch.float32
    assert 0 <= clean.min() < clean.max() <= 1
    assert torch.equal(observed, TASK.degrade(clean, torch.Generator()))


def test_crops_are_windows_of_the_picture_in_all_its_eight_orientations():
    source, seen = coordinates(40, 52), set()

    for _, clean in take(Pictures([source]), 12, rescale=0.0, batch=8):
        for crop in clean.mul(255).round().to(torch.uint8):
            top, left = int(crop[0].min()), int(crop[1].min())
            window = source[:, top : top + 16, left : left + 16]
            turns = [torch.rot90(window, k, (1, 2)) for k in range(4)]
            matches = [torch.equal(crop, one) for one in turns + [one.flip(2) for one in turns]]
            assert matches.count(True) == 1
            seen.add(matches.index(True))

    assert seen == set(range(8))


def test_every_place_of_a_picture_is_cropped_sooner_or_later():
    source = coordinates(18, 19)

    crops = [crop for _, clean in take(Pictures([source]), 30, rescale=0.0, batch=8) for crop in clean.mul(255).round()]

    assert {(int(crop[0].min()), int(crop[1].min())) for crop in crops} == {(y, x) for y in range(3) for x in range(4)}


def test_rescaled_crops_show_up_to_twice_as_much_of_the_picture():
    sides = [int(np.ptp(crop[0])) + 1 for _, clean in take(Pictures([coordinates(120, 120)]), 12, rescale=1.0, batch=8)
             for crop in clean.mul(255).round().numpy()]  # fmt: skip

    assert min(sides) < 20 and 28 < max(sides) <= 33


def test_a_picture_no_larger_than_the_crop_is_used_whole():
    ((_, clean),) = take(Pictures([coordinates(16, 16)]), 1, rescale=1.0)

    assert clean.shape == (4, 3, 16, 16)


def test_a_tar_shard_gives_the_same_pictures_as_the_folder(photos, tmp_path):
    with tarfile.open(tmp_path / "shard.tar", "w") as tar:
        for path in sorted(photos.iterdir(), reverse=True):
            tar.add(path, path.name)

    from_folder, from_file, from_shards = map(load_pictures, (photos, tmp_path / "shard.tar", tmp_path))

    for pictures in (from_file, from_shards):
        assert len(pictures.pictures) == 3
        assert all(map(torch.equal, pictures.pictures, from_folder.pictures))


def test_pictures_in_sub_folders_are_found(photos, tmp_path):
    write(tmp_path / "deep" / "er" / "a.png", read(photos / "coffee.png"))

    assert len(load_pictures(tmp_path).pictures) == 1


def test_pictures_of_every_mode_become_8_bit_rgb(pixels, tmp_path):
    rgb = pixels(20, 24)
    rgba = np.dstack([rgb, pixels(20, 24, 1, seed=1)])
    Pillow.fromarray(rgb[..., 0]).save(tmp_path / "a-grey.png")
    write(tmp_path / "b-deep.png", Image(rgb.astype(np.uint16) * 257))
    Pillow.fromarray(rgb).quantize(256).save(tmp_path / "c-palette.png")
    Pillow.fromarray(rgba).save(tmp_path / "d-rgba.png")
    Pillow.fromarray(rgb).save(tmp_path / "e-rgb.png")

    grey, deep, palette, see_through, colour = load_pictures(tmp_path).pictures

    expected = torch.from_numpy(rgb).permute(2, 0, 1)
    for picture in (deep, see_through, colour):
        assert torch.equal(picture, expected)
    assert torch.equal(grey, expected[:1].expand(3, -1, -1))
    assert palette.dtype == torch.uint8 and palette.shape == expected.shape


def test_16_bit_values_are_rounded_to_the_nearest_8_bit_one(tmp_path):
    values = np.array([0, 128, 129, 257 * 7 + 128, 257 * 7 + 129, 65_535], np.uint16)
    write(tmp_path / "a.png", Image(values.reshape(1, 6, 1).repeat(3, axis=2)))

    (picture,) = load_pictures(tmp_path).pictures

    assert picture[0, 0].tolist() == np.rint(values / 257).tolist()


def test_small_pictures_are_left_out_counted_and_said(photos, pixels, tmp_path, caplog):
    for name, size in {"a": (40, 40), "b": (31, 60), "c": (60, 31)}.items():
        write(tmp_path / f"{name}.png", Image(pixels(*size)))

    with caplog.at_level(logging.WARNING):
        pictures = load_pictures(tmp_path, smallest=32)

    assert (len(pictures.pictures), pictures.unused, pictures.bad) == (1, 2, ())
    assert caplog.messages == [f"{tmp_path}: 2 of 3 pictures are unused (under 32 px, or beyond 8 GB)"]


def test_pictures_beyond_the_memory_are_left_out_and_counted(pixels, tmp_path):
    for name in "abc":
        write(tmp_path / f"{name}.png", Image(pixels(20, 20)))

    pictures = load_pictures(tmp_path, memory=2.5 * 3 * 20 * 20 / 1e9)

    assert (len(pictures.pictures), pictures.unused) == (2, 1)


def test_of_more_pictures_than_memory_holds_a_random_sample_is_held_whatever_their_names(pixels, tmp_path):
    for number in range(40):
        write(tmp_path / f"{number:02}.png", Image(np.full((20, 20, 3), number, np.uint8)))

    def held(seed):
        pictures = load_pictures(tmp_path, memory=10.5 * 3 * 20 * 20 / 1e9, seed=seed)
        assert (len(pictures.pictures), pictures.unused) == (10, 30)
        return [int(picture[0, 0, 0]) for picture in pictures.pictures]

    first, again, other = held(0), held(0), held(1)

    assert first == again == sorted(first)
    assert first != other
    assert max(first) > 20 and max(other) > 20


def test_what_is_dropped_is_not_decoded():
    read_ones = []

    def clean(number):
        read_ones.append(number)
        return png(np.full((20, 20, 3), number, np.uint8))

    every = [Source(f"{number:03}.png", partial(clean, number)) for number in range(200)]

    pictures = load_pictures(every, memory=3.5 * 3 * 20 * 20 / 1e9)

    assert len(pictures.pictures) == 3
    assert 3 < len(read_ones) <= 4 + 2 * os.cpu_count()


def test_a_picture_larger_than_the_memory_is_held_alone(pixels, tmp_path):
    for name in "ab":
        write(tmp_path / f"{name}.png", Image(pixels(20, 20)))

    assert len(load_pictures(tmp_path, memory=1e-9).pictures) == 1


def test_pairs_are_refused_by_a_task_that_they_do_not_tell_enough(photos):
    given = sources(Paired(photos, photos))

    check_pairs(TASK, given)
    check_pairs(Inpaint(), sources(photos))
    with pytest.raises(ConfigError) as caught:
        check_pairs(Inpaint(), given)
    assert str(caught.value) == (
        "pairs say nothing of what inpaint needs beside a picture: give --data DIR, of clean pictures"
    )


def png(rgb):
    """The bytes of a PNG file."""
    buffer = io.BytesIO()
    Pillow.fromarray(rgb).save(buffer, "png")
    return buffer.getvalue()


def test_a_corrupt_picture_is_left_out_named_and_counted(photos, tmp_path, caplog):
    for path in photos.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "broken.png").write_bytes((photos / "coffee.png").read_bytes()[:500])

    with caplog.at_level(logging.WARNING):
        pictures = load_pictures(tmp_path)

    assert (len(pictures.pictures), pictures.bad) == (3, ("broken.png",))
    assert caplog.messages[0].startswith("left out: broken.png: damaged png file: ")


def test_data_of_which_more_than_a_hundredth_is_unreadable_are_refused(photos, tmp_path):
    (tmp_path / "a.png").write_bytes((photos / "coffee.png").read_bytes())
    for name in ("b.png", "c.png"):
        (tmp_path / name).write_bytes(b"not a picture")

    with pytest.raises(TrainingError) as caught:
        load_pictures(tmp_path)
    assert str(caught.value) == f"{tmp_path}: 2 of 3 pictures are unreadable, the first is b.png"


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(NoPicturesError) as caught:
        load_pictures(tmp_path)
    assert str(caught.value) == f"{tmp_path}: holds no pictures and no tar shards"


def test_a_folder_of_too_small_pictures_is_refused(photos):
    with pytest.raises(NoPicturesError) as caught:
        load_pictures(photos, smallest=1000)
    assert str(caught.value) == f"{photos}: no picture has sides of at least 1000 px"


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_pictures(tmp_path / "nowhere")
    assert str(caught.value) == f"{tmp_path}/nowhere: there is no such folder or tar file"


def test_what_is_no_tar_file_is_refused(tmp_path):
    (tmp_path / "a.tar").write_bytes(b"no tar file" * 100)

    with pytest.raises(TrainingError, match=r"a\.tar: not an uncompressed tar file that can be read \("):
        load_pictures(tmp_path)


def test_what_else_lies_in_a_shard_or_folder_is_passed_over(photos, tmp_path):
    with tarfile.open(tmp_path / "shard.tar", "w") as tar:
        tar.add(photos / "coffee.png", "coffee.png")
        for name in ("coffee.json", "LICENSE", "._coffee.png"):
            tar.addfile(tarfile.TarInfo(name))
    (tmp_path / "sources.jsonl").write_text("{}")

    pictures = load_pictures(tmp_path)

    assert (len(pictures.pictures), pictures.bad) == (1, ())


def test_a_corrupt_member_of_a_shard_is_named_with_its_shard(photos, tmp_path):
    with tarfile.open(tmp_path / "shard.tar", "w") as tar:
        tar.add(photos / "coffee.png", "good.png")
        member = tarfile.TarInfo("bad.png")
        member.size = 4
        tar.addfile(member, io.BytesIO(b"oops"))

    assert load_pictures(tmp_path).bad == ("shard.tar:bad.png",)


def test_pairs_for_denoising_come_with_a_level_that_is_not_known(tmp_path, pixels):
    noisy, clean = pixels(20, 20), pixels(20, 20, seed=1)
    write(tmp_path / "noisy" / "a.png", Image(noisy))
    write(tmp_path / "clean" / "a.png", Image(clean))
    pictures = load_pictures(Paired(tmp_path / "noisy", tmp_path / "clean"))
    config = TrainConfig(batch=2, crop=20)

    ((observed, *_),) = next(pairs(pictures, Denoise(), **config.sampling(), start=0, device=CPU))

    assert torch.equal(observed, Denoise().present(observed[:, :3]))
    assert observed[0, :3].sum().item() * 255 == pytest.approx(noisy.sum(), rel=1e-5)


def test_crops_come_in_the_orientations_that_are_asked_for():
    source = coordinates(16, 16)

    def seen(orientations):
        batches = take(Pictures([source]), 12, batch=8, orientations=orientations)
        return {tuple(crop.flatten().tolist()) for _, clean in batches for crop in clean.mul(255).round()}

    as_they_lie = tuple(source.flatten().tolist())
    assert seen(1) == {as_they_lie}
    assert seen(2) == {as_they_lie, tuple(source.flip(2).flatten().tolist())}
    assert len(seen(8)) == 8


def test_recoloured_crops_lie_as_the_others_do_and_keep_grey_as_it_is(pictures):
    plain, coloured = (torch.cat([clean for _, clean in take(pictures, 8, recolour=share)]) for share in (0.0, 1.0))
    (_, mixed), *_ = take(pictures, 1, recolour=0.5, batch=40)
    (_, kept), *_ = take(pictures, 1, batch=40)

    same = (mixed == kept).flatten(1).all(dim=1).float().mean()
    assert 0.3 < same < 0.7
    assert coloured.min() >= 0 and coloured.max() <= 1
    spread = [(x.amax(dim=1) - x.amin(dim=1)).mean() for x in (plain, coloured)]
    assert 1.2 * spread[0] < spread[1] < 2 * spread[0]
    greys = Pictures([coordinates(40, 40)[:1].expand(3, 40, 40)])
    for (_, grey), (_, still) in zip(take(greys, 3), take(greys, 3, recolour=1.0), strict=True):
        assert torch.allclose(grey, still, atol=1e-6)


def test_every_order_of_the_channels_comes(pictures):
    blue = Pictures([torch.tensor([0, 0, 90], dtype=torch.uint8).view(3, 1, 1).expand(3, 40, 40)])

    brightest = {int(crop.mean(dim=(1, 2)).argmax()) for _, clean in take(blue, 4, recolour=1.0) for crop in clean}

    assert brightest == {0, 1, 2}


def test_the_task_is_told_the_class_of_each_crop():
    pictures = Pictures([torch.full((3, 4, 4), 10 * k, dtype=torch.uint8) for k in range(3)], labels=("a", "b", "c"))
    task = Generate(scale=4, latent=2, classes="a,b,c")

    ((observed, clean, _),) = next(pairs(pictures, task, crop=1, batch=20, device=CPU))

    expected = clean[:, 0, 0, 0].mul(255).round() / 10
    assert len(expected.unique()) == 3
    assert torch.equal(observed[:, 2:].argmax(dim=1).flatten().float(), expected)
