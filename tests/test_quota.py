"""No more threads are begun than a group of processes has time for."""

import math

import pytest
import torch

from srgan import quota
from srgan.engines.threads import Threads


@pytest.fixture
def grouped(monkeypatch, tmp_path):
    """Sets the groups that this process is in, and what their files say."""
    monkeypatch.setattr(quota, "GROUPS", tmp_path)
    monkeypatch.setattr(quota, "OWN", tmp_path / "own")

    def group(own, **files):
        (tmp_path / "own").write_text(own)
        for name, said in files.items():
            path = tmp_path / name.replace("__", "/").replace("cpu_", "cpu.")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(said)

    return group


def test_a_container_with_the_time_of_one_and_a_half_cores_has_two_threads(grouped):
    grouped("0::/\n", cpu_max="150000 100000\n")

    assert quota.quota() == 1.5
    assert (quota.allowed(64), quota.allowed(1)) == (2, 1)


def test_an_outer_group_may_leave_less_than_the_inner(grouped):
    grouped("0::/a/b\n", a__b__cpu_max="max 100000\n", a__cpu_max="50000 100000\n", cpu_max="400000 100000\n")

    assert quota.quota() == 0.5
    assert quota.allowed(64) == 1


def test_groups_of_the_first_version_are_read(grouped):
    files = {"cpu,cpuacct__a__cpu_cfs_quota_us": "300000\n", "cpu,cpuacct__a__cpu_cfs_period_us": "100000\n"}
    grouped("5:memory:/\n4:cpu,cpuacct:/a\n", **files)

    assert quota.quota() == 3


@pytest.mark.parametrize("said", ["max 100000\n", "", "much\n"])
def test_what_is_not_limited_or_cannot_be_read_is_infinite(grouped, said):
    grouped("0::/\n", cpu_max=said)

    assert quota.quota() == math.inf
    assert quota.allowed(64) == 64


def test_a_system_without_groups_has_no_quota(monkeypatch, tmp_path):
    monkeypatch.setattr(quota, "OWN", tmp_path / "nowhere")

    assert quota.quota() == math.inf


def test_a_run_begins_no_more_threads_than_there_is_time_for(grouped):
    grouped("0::/\n", cpu_max="150000 100000\n")
    torch.set_num_threads(5)
    try:
        threads = Threads(shared=True)
        assert (threads.pictures._max_workers, threads.tiles._max_workers) == (3, 2)
        threads.close()
        quota.keep_within_quota()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
