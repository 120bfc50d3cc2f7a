"""The tiled picture equals the whole one, whatever its size."""

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from srgan.engines import make_engine
from srgan.inference.tiled import Run, restore_batch
from srgan.models.model import Model
from srgan.networks import NETWORKS, network_options
from srgan.networks.network import Network
from srgan.ops.tiles import batched, padded, spans, sparse, tiles
from srgan.tasks.upscale import Upscale
from tests.precisions import PRECISIONS

WHOLE = 10_000
side = st.integers(1, 40)


def pictures(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def loud(network, std=0.3):
    """A tiny model whose answer is as large as its base, and what runs it exactly."""
    small = {key: value for key, value in {"width": 8, "depth": 2}.items() if key in network_options(network["name"])}
    model = Model(Upscale(scale=2), {**small, **network}).eval()
    rng = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, std / parameter[0].numel() ** 0.5, generator=rng)
    return model, make_engine(model.generator, device="cpu", precision="fp32")


NETS = [loud({"name": "compact", "fold": fold}) for fold in (1, 2)]
NETS += [loud({"name": name}) for name in NETWORKS if name != "compact"]


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(NETS), side, side, st.integers(1, 20))
@example(NETS[0], 1, 1, 1)
@example(NETS[1], 1, 1, 1)
@example(NETS[1], 1, 40, 3)
def test_a_tiled_picture_equals_the_whole_one(net, height, width, tile):
    model, engine = net
    observed = pictures(1, 3, height, width)

    tiled = restore_batch(Run(model=model, engine=engine, tile=tile), observed)
    whole = restore_batch(Run(model=model, engine=engine, tile=WHOLE), observed)

    assert whole.shape == (1, 3, 2 * height, 2 * width)
    torch.testing.assert_close(tiled, whole, atol=1e-5, rtol=0)


def test_the_whole_picture_is_what_the_model_itself_makes_of_it():
    for model, engine in NETS:
        observed = pictures(2, 3, 13, 9)

        with torch.inference_mode():
            expected = model(observed)

        torch.testing.assert_close(
            restore_batch(Run(model=model, engine=engine), observed), expected, atol=1e-5, rtol=0
        )


class Pointwise(Network):
    """A network that sees less than its task's own base does."""

    in_channels, context, multiple_of = 3, 0, 1

    def forward(self, observed):
        return observed.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)


def test_a_network_that_sees_less_than_its_task_is_tiled_exactly_too():
    model = Model(Upscale(scale=2), {"name": "compact", "width": 4, "depth": 1})
    model.generator = Pointwise()
    engine = make_engine(model.generator, device="cpu", precision="fp32")
    observed = pictures(1, 3, 13, 9)

    tiled, whole = (restore_batch(Run(model=model, engine=engine, tile=tile), observed) for tile in (4, WHOLE))

    torch.testing.assert_close(tiled, whole, atol=1e-5, rtol=0)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("tile", [7, 16])
def test_a_tiled_picture_is_within_one_level_of_the_whole_one(tile, precision):
    model = Model(Upscale(scale=2), {"name": "compact", "width": 16, "depth": 2}).eval()
    engine = make_engine(model.generator, device="cpu", precision=precision)
    observed = pictures(1, 3, 50, 37)

    tiled, whole = (
        restore_batch(Run(model=model, engine=engine, tile=t), observed).clamp(0, 1).mul(255).round()
        for t in (tile, WHOLE)
    )

    assert ((tiled - whole).abs() <= 1).double().mean() >= 0.999


def test_tiles_that_share_a_batch_give_the_picture_that_each_alone_gives(make_model):
    model = make_model(scale=2)
    engine = make_engine(model.generator, device="cpu", precision="fp32")
    observed = pictures(2, 3, 97, 83)

    alone = restore_batch(Run(model=model, engine=engine, tile=16), observed)
    engine.batch = 5
    together = restore_batch(Run(model=model, engine=engine, tile=16), observed)

    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 30), st.integers(0, 20), st.integers(1, 6))
def test_batches_hold_each_tile_once_and_only_such_as_are_alike(height, width, tile, context, most):
    every = list(tiles(height, width, tile, context, 2))

    batches = list(batched(every, most))

    assert sorted(one for batch in batches for one in batch) == sorted(every)
    for batch in batches:
        assert 1 <= len(batch) <= most
        assert len({(one.rows.offsets, one.columns.offsets) for one in batch}) == 1
    partly = [batch[0].rows.offsets + batch[0].columns.offsets for batch in batches if len(batch) < most]
    assert len(partly) == len(set(partly)), "tiles that are alike wait for each other"


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 200), st.integers(1, 50), st.integers(0, 30), st.integers(1, 4))
def test_spans_keep_each_pixel_once_and_begin_on_the_multiple(size, tile, context, multiple_of):
    cut = spans(size, tile, context, multiple_of)

    assert [pixel for span in cut for pixel in range(span.start, span.stop)] == list(range(size))
    for span in cut:
        assert span.start % multiple_of == span.seen_start % multiple_of == 0
        assert span.seen_start == 0 or span.start - span.seen_start >= context
        assert span.seen_stop >= size or span.seen_stop - span.stop >= context
        assert span.stop - span.start < tile + multiple_of


def test_the_tiles_of_a_picture_keep_each_pixel_once():
    seen = torch.zeros(23, 31)

    for tile in tiles(23, 31, 8, 5, 2):
        seen[tile.rows.kept(1), tile.columns.kept(1)] += 1

    assert (seen == 1).all()


def test_a_network_that_sees_everything_gets_one_tile():
    (tile,) = tiles(23, 31, 8, None, 2)

    assert (tile.rows.seen, tile.columns.seen) == (slice(0, 23), slice(0, 31))


@pytest.mark.parametrize("height, width", [(1, 1), (5, 7), (8, 8)])
def test_padding_is_cropped_again_and_repeats_the_edge(height, width):
    observed = pictures(1, 3, height, width)
    shown = []

    def enlarge(x):
        shown.append(x)
        return x.repeat_interleave(3, dim=2).repeat_interleave(3, dim=3)

    generated = padded(enlarge, observed, 4, 3)

    assert shown[0].shape[2] % 4 == shown[0].shape[3] % 4 == 0
    assert torch.equal(shown[0][..., :height, -1], observed[..., -1])
    assert torch.equal(generated, enlarge(observed))


@settings(max_examples=60, deadline=None)
@given(side, side, st.integers(0, 20), st.sampled_from([1, 4]), st.integers(0, 99))
def test_around_holes_every_lost_pixel_is_kept_by_one_tile(height, width, context, multiple_of, seed):
    where = torch.rand(5 * height, 5 * width, generator=torch.Generator().manual_seed(seed)) > 0.998
    where[0, -1] = True
    part = (0, len(where)) if seed % 2 else (4, len(where))
    kept = torch.zeros(where.shape, dtype=torch.int)
    where[: part[0]] = where[part[1] :] = False

    for rows, columns in sparse(where, 128, context, multiple_of, part):
        assert where[rows.kept(1), columns.kept(1)].any()
        kept[rows.kept(1), columns.kept(1)] += 1
        for span, end in ((rows, where.shape[0]), (columns, where.shape[1])):
            assert span.seen_start % multiple_of == 0
            assert span.seen_start == 0 or span.start - span.seen_start >= context
            assert span.seen_stop == end or span.seen_stop - span.stop >= context

    assert kept.max() <= 1
    assert kept[where].all()


def test_small_holes_are_given_small_tiles_and_large_ones_large_tiles():
    where = torch.zeros(1024, 1536, dtype=torch.bool)
    where[300, 400] = True
    assert [rows.stop - rows.start for rows, _ in sparse(where, 512, 32, 16)] == [32]
    where[512:, :512] = True
    assert sorted(rows.stop - rows.start for rows, _ in sparse(where, 512, 32, 16)) == [32, 512]
    assert sorted(rows.stop - rows.start for rows, _ in sparse(where, 16, 32, 16)) == [16] * (32 * 32 + 1)
