"""The jobs of a server: what becomes of them, in what order, and how much is held."""

import shutil
import threading
from dataclasses import replace

import pytest

from srgan.errors import ImageError
from srgan.pages.asked import Asked
from srgan.pages.job import Crowded, Full, Job, Limits
from srgan.pages.jobs import Jobs
from srgan.runner.outcome import Outcome


class Clock:
    """A time that goes on when it is told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def make_job(tmp_path):
    """Makes jobs whose pictures have so many bytes."""
    made = []

    def make(size=10):
        folder = tmp_path / str(len(made))
        folder.mkdir()
        (folder / "input.png").write_bytes(bytes(size))
        made.append(Job(f"{len(made)}.png", Asked(), folder, folder / "input.png"))
        return made[-1]

    return make


@pytest.fixture
def make_jobs():
    """Makes queues that are closed in the end."""
    made = []

    def make(restore, limits=None, **options):
        made.append(Jobs(restore, limits, **options))
        return made[-1]

    yield make
    for jobs in made:
        jobs.close()


def copied(job, progress):
    """What a job becomes that is restored in no time."""
    progress(0.5)
    target = job.folder / "result.png"
    target.write_bytes(job.source.read_bytes())
    return Outcome("input.png", target, "ok", notes=("copied",), seconds=0.25, models=({"name": "copier"},))


def wait(jobs, *ended):
    """Returns once these jobs are over or gone."""
    changed = threading.Event()
    stop = jobs.listen(changed.set)
    while any(job.over is None for job in ended):
        assert changed.wait(20)
        changed.clear()
    stop()


def test_a_job_is_done_and_tells_its_result(make_jobs, make_job):
    jobs, job = make_jobs(copied), make_job()

    jobs.add(job)
    wait(jobs, job)

    told = jobs.get(job.id).told()
    assert (told["state"], told["share"], told["notes"], told["seconds"]) == ("done", 1.0, ["copied"], 0.25)
    assert told["result"] == {"name": "0.png", "bytes": 10}
    assert list(told["models"]) == [{"name": "copier"}]


def test_what_cannot_be_restored_has_failed_and_says_why(make_jobs, make_job):
    def refuse(job, progress):
        raise ImageError("damaged")

    jobs, job = make_jobs(refuse), make_job()
    jobs.add(job)
    wait(jobs, job)

    assert (job.state, job.error, job.exit_code) == ("failed", "damaged", 1)


def test_a_bug_ends_its_job_and_not_the_others(make_jobs, make_job, caplog):
    def broken(job, progress):
        if job.name == "0.png":
            raise ZeroDivisionError("by nothing")
        return copied(job, progress)

    jobs, one, other = make_jobs(broken), make_job(), make_job()
    jobs.add(one)
    jobs.add(other)
    wait(jobs, one, other)

    assert (one.state, other.state) == ("failed", "done")
    assert "by nothing" in one.error and "by nothing" in caplog.text


@pytest.fixture
def gated():
    """A restorer that tells its progress whenever the gate opens."""
    gate = threading.Semaphore(0)

    def restore(job, progress):
        for tile in range(4):
            assert gate.acquire(timeout=20)
            progress((tile + 1) / 4)
        return copied(job, progress)

    return gate, restore


def test_a_job_in_work_is_cancelled_at_its_next_tile(make_jobs, make_job, gated):
    gate, restore = gated
    jobs, job = make_jobs(restore), make_job()
    changed = threading.Event()
    jobs.listen(changed.set)
    jobs.add(job)
    gate.release()
    while job.share < 0.25:
        assert changed.wait(20)
        changed.clear()

    jobs.remove(job.id)
    assert job.told()["state"] == "stopping"
    gate.release()
    wait(jobs, job)

    assert (job.state, job.share, job.result) == ("cancelled", 0.25, None)


def test_a_queued_job_is_cancelled_at_once_and_never_begun(make_jobs, make_job, gated):
    gate, restore = gated
    jobs, first, second = make_jobs(restore, side_by_side=1), make_job(), make_job()
    jobs.add(first)
    jobs.add(second)

    jobs.remove(second.id)

    assert second.state == "cancelled"
    gate.release(4)
    wait(jobs, first)
    assert (first.state, second.result) == ("done", None)


def test_a_preview_is_done_while_others_wait(make_jobs, make_job, gated):
    gate, restore = gated
    others = lambda job, progress: (copied if job.asked.part else restore)(job, progress)  # noqa: E731
    jobs, first, second, part = make_jobs(others, Limits(waiting=1), side_by_side=1), make_job(), make_job(), make_job()
    part.asked = Asked(part="0,0,8,8")
    jobs.add(first)
    changed = threading.Event()
    jobs.listen(changed.set)
    while first.state == "queued":
        assert changed.wait(20)
        changed.clear()
    jobs.add(second)

    jobs.add(part)
    wait(jobs, part)

    assert (first.state, second.state, part.state) == ("working", "queued", "done")
    gate.release(8)


def test_no_more_wait_than_may(make_jobs, make_job, gated):
    gate, restore = gated
    jobs = make_jobs(restore, Limits(waiting=1), side_by_side=1)
    jobs.add(first := make_job())
    changed = threading.Event()
    jobs.listen(changed.set)
    while first.state == "queued":
        assert changed.wait(20)
        changed.clear()
    jobs.add(make_job())

    with pytest.raises(Full, match="1 pictures wait already"):
        jobs.add(make_job())

    gate.release(8)


def preview(job, tmp_path):
    job.asked = Asked(part="0,0,8,8")


def handed(job, tmp_path):
    job.handed = True


def of_a_folder(job, tmp_path):
    job.source = shutil.move(job.source, tmp_path / job.name)


@pytest.mark.parametrize("changed", [preview, handed, of_a_folder])
def test_the_oldest_results_that_are_not_kept_make_room_and_take_their_files_with_them(
    changed, make_jobs, make_job, tmp_path
):
    def restore(job, progress):
        outcome = copied(job, progress)
        return outcome if job.uploaded else replace(outcome, target=job.source)

    jobs = make_jobs(restore, Limits(held=2))
    old, middle, new = make_job(), make_job(), make_job()
    for job in (old, middle, new):
        changed(job, tmp_path)
        jobs.add(job)
        wait(jobs, job)

    assert jobs.all() == [middle, new]
    assert not old.folder.exists() and middle.folder.exists()


@pytest.mark.parametrize("limits", [Limits(held=2), Limits(disk=50)])
def test_a_result_of_an_upload_makes_no_room_for_another_picture(limits, make_jobs, make_job):
    jobs = make_jobs(copied, limits)
    first, second = make_job(10), make_job(15)  # each twice, for its result is as large
    for job in (first, second):
        jobs.add(job)
        wait(jobs, job)

    message = "there is no room for another picture; download results and remove them"
    for part in ("", "0,0,8,8"):
        third = make_job(15)
        third.asked = Asked(part=part)
        with pytest.raises(Crowded, match=f"^{message}$"):
            jobs.add(third)

    assert jobs.all() == [first, second] and first.result.exists()
    jobs.remove(second.id)
    jobs.add(third)
    wait(jobs, third)


def test_results_that_grow_beyond_the_limit_stay_and_the_next_picture_is_refused(make_jobs, make_job, gated):
    gate, restore = gated
    jobs, first, second = make_jobs(restore, Limits(disk=50)), make_job(20), make_job(20)
    jobs.add(first)
    jobs.add(second)

    with pytest.raises(Full, match=r"^there is no room for another picture; wait until others are done$"):
        jobs.add(make_job(20))
    gate.release(8)
    wait(jobs, first, second)

    assert jobs.all() == [first, second] and first.result.exists() and second.result.exists()
    with pytest.raises(Crowded):
        jobs.add(make_job(1))


def test_what_has_failed_makes_room_for_another_picture(make_jobs, make_job):
    def refuse(job, progress):
        raise ImageError("damaged")

    jobs, first, second = make_jobs(refuse, Limits(held=1)), make_job(), make_job()
    for job in (first, second):
        jobs.add(job)
        wait(jobs, job)

    assert jobs.all() == [second]


def test_what_is_over_is_forgotten_when_it_is_old(make_jobs, make_job):
    clock = Clock()
    jobs, job = make_jobs(copied, Limits(age=60.0), clock=clock), make_job()
    jobs.add(job)
    wait(jobs, job)

    clock.now = 60
    assert jobs.get(job.id) is job
    clock.now = 61
    assert jobs.get(job.id) is None
    assert not job.folder.exists()
