"""What a pool makes ahead comes in order, and no more of it than was asked for."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from srgan.pools import ahead


def test_everything_comes_in_order_and_no_more_than_so_much_of_it_is_begun():
    begun = []
    with ThreadPoolExecutor(1) as pool:
        for number, made in enumerate(ahead(pool, lambda item: begun.append(item) or -item, range(20), 3)):
            assert made == -number
            assert len(begun) <= number + 3
    assert begun == list(range(20))


def test_what_goes_wrong_is_raised_and_the_rest_is_not_begun():
    begun = []

    def divide(item):
        begun.append(item)
        return 1 / (3 - item)

    with ThreadPoolExecutor(1) as pool, pytest.raises(ZeroDivisionError):
        list(ahead(pool, divide, range(20), 3))
    assert len(begun) <= 6


def test_a_heavy_item_counts_for_several():
    begun = []
    with ThreadPoolExecutor(1) as pool:
        results = ahead(pool, begun.append, [5, 1, 1, 1, 1, 1], 3, weight=float)
        next(results)
        pool.submit(int).result()
        first = list(begun)
        next(results)
        pool.submit(int).result()
        second = list(begun)
        results.close()

    assert (first, second) == ([5], [5, 1, 1, 1])
