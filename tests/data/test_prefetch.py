"""Batches made ahead are those that would be made when they are asked for."""

import threading
from itertools import count, islice

import pytest
import torch

from srgan.data.crops import Pair, pairs
from srgan.data.pictures import load_pictures
from srgan.data.prefetch import prefetched
from srgan.tasks.inpaint import Inpaint

CPU = torch.device("cpu")


def test_batches_made_ahead_are_the_same(photos):
    def batches():
        return pairs(load_pictures(photos), Inpaint(), crop=16, batch=2, turns=2, start=3, device=CPU)

    for ahead, now in islice(zip(prefetched(batches(), CPU), batches(), strict=True), 4):
        assert len(ahead) == len(now) == 2
        for one, other in zip(ahead, now, strict=True):
            assert torch.equal(one.observed, other.observed) and torch.equal(one.clean, other.clean)


def test_one_batch_is_made_ahead_in_another_thread_and_no_more():
    made, threads = [threading.Event() for _ in range(5)], set()

    def batches():
        for event in made:
            threads.add(threading.get_ident())
            event.set()
            yield [Pair(torch.zeros(1, 3, 1, 1), torch.zeros(1, 3, 1, 1))]

    ahead = prefetched(batches(), CPU)
    next(ahead)

    assert made[1].wait(timeout=60)
    ahead.close()
    assert [event.is_set() for event in made] == [True, True, False, False, False]
    assert threading.get_ident() not in threads


def test_what_goes_wrong_ahead_is_raised_where_the_batch_is_asked_for():
    def batches():
        for number in count():
            if number == 1:
                raise ValueError("no such batch")
            yield [Pair(torch.zeros(1, 3, 1, 1), torch.zeros(1, 3, 1, 1))]

    ahead = prefetched(batches(), CPU)
    next(ahead)

    with pytest.raises(ValueError, match="no such batch"):
        next(ahead)
