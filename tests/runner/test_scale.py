"""The simulation of many machines: every second and every picture is accounted for."""

import runpy
from pathlib import Path

import numpy as np
import pytest

SCALE = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "study" / "scale.py"))


def test_a_machine_that_does_not_fail_begins_once_and_loses_nothing():
    shard = SCALE["worked_off"](np.random.default_rng(0), 1000, 0.5, 20.0, per_hour=1e-9, replaced=180.0)
    assert (shard.total, shard.lost, shard.starts, shard.again) == (520.0, 0.0, 1, 0)


def test_the_time_of_machines_that_fail_is_starting_work_that_is_kept_or_lost_and_waiting():
    shard = SCALE["worked_off"](np.random.default_rng(0), 20_000, 0.5, 20.0, per_hour=4.0, replaced=180.0)
    assert shard.starts > 5
    assert 0 < shard.lost <= (shard.starts - 1) * (SCALE["AT_WORK"] + 1) * 0.5
    waiting = (shard.starts - 1) * 180.0
    assert shard.total == pytest.approx(20_000 * 0.5 + shard.lost + shard.starting + waiting)
