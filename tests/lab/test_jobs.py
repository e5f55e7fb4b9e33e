"""The job: commands, what may be seen between two steps, errors, and that looking changes nothing."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import torch

from lab.fair import FairLock
from lab.jobs import Job, JobError
from lab.status import JobStatus
from tests.lab.fakes import PLAN, SOON, FakeTrainer


@pytest.fixture
def job(request):
    made = Job(FakeTrainer(**getattr(request, "param", {})))
    yield made
    trainer = made._trainer
    if trainer._gate is not None:
        trainer.let(1000)
    made.close()


gated = pytest.mark.parametrize("job", [{"gated": True}], indirect=True)


def wait(job: Job, ready) -> JobStatus:
    """The status as soon as `ready` holds of it."""
    tick = threading.Event()
    for _ in range(int(SOON * 1000)):
        status = job.status()
        if ready(status):
            return status
        tick.wait(0.001)
    raise AssertionError(f"in vain: {job.status()}")


def ended(status: JobStatus) -> bool:
    return status.state in ("idle", "error")


def test_it_begins_idle_and_empty(job):
    status = job.status()
    assert (status.state, status.stage, status.step, status.seq, status.message) == ("idle", None, 0, 0, "")
    assert [progress.planned for progress in job.progress()] == [PLAN] * 4


def test_it_trains_n_steps_in_its_own_thread(job):
    job.train(1, 3)
    status = wait(job, ended)
    assert (status.state, status.stage, status.step, status.until, status.planned) == ("idle", 1, 3, 3, PLAN)
    assert status.seq == 3 and status.seconds_left is None
    assert job._trainer.threads == {"training"} and job._trainer.closed == 1


def test_without_a_number_it_trains_what_the_plan_has_left(job):
    job.train(0, 2)
    wait(job, ended)
    job.train(0)
    assert wait(job, ended).step == PLAN
    with pytest.raises(JobError, match=r"\+50"):
        job.train(0)
    job.train(0, 2)  # past the plan
    assert wait(job, ended).step == PLAN + 2


def test_all_stages_one_after_the_other(job):
    job.train(2)
    wait(job, ended)
    job.train_all()
    wait(job, ended)
    assert [record.stage for record in job._trainer.history] == [2] * PLAN + [0] * PLAN + [1] * PLAN + [3] * PLAN
    with pytest.raises(JobError):
        job.train_all()


@gated
def test_status_in_training_names_what_follows(job):
    job.train_all((0, 1, 3))
    assert job.status().state == "training"
    job._trainer.let(2)
    status = wait(job, lambda status: status.step == 2)
    assert (status.stage, status.until, status.waiting) == (0, PLAN, (1, 3))
    with pytest.raises(JobError, match="Pause or stop"):
        job.train(0, 1)


@gated
def test_pause_keeps_the_place_and_resume_goes_on(job):
    trainer = job._trainer
    job.train(0, 4)
    job.pause()
    trainer.let(1)  # the step that had begun is taken to its end
    status = wait(job, lambda status: status.seq == 1)
    assert status.state == "paused" and status.until == 4 and not job.busy
    assert len(job.snapshot().history) == 1
    job.resume()
    trainer.let(3)
    assert wait(job, ended).step == 4
    assert trainer.closed == 1, "one generator from begin to end"


@gated
def test_a_new_order_ends_a_paused_one(job):
    trainer = job._trainer
    job.train_all()
    job.pause()
    trainer.let(1)
    wait(job, lambda status: status.seq == 1)
    trainer.let(2)
    job.train(0, 2)
    assert wait(job, ended).step == 3 and trainer.closed == 2


@gated
def test_stop_waits_for_the_step_and_keeps_it(job):
    trainer = job._trainer
    job.train_all()
    assert trainer.inside.wait(SOON)
    with ThreadPoolExecutor() as pool:
        stopped = pool.submit(job.stop)
        trainer.let(1)
        stopped.result(SOON)
    status = job.status()
    assert (status.state, status.seq, status.waiting, trainer.closed) == ("idle", 1, (), 1)
    job.stop()  # and again: nothing


def test_pause_resume_stop_of_nothing_do_nothing(job):
    job.pause()
    job.resume()
    job.stop()
    assert job.status().state == "idle"
    job.train(0, 1)
    assert wait(job, ended).seq == 1


@gated
def test_a_snapshot_never_shows_half_a_step(job):
    trainer = job._trainer
    job.train(0, 20)
    with ThreadPoolExecutor() as pool:
        for step in range(1, 10):
            assert trainer.inside.wait(SOON)
            asked = pool.submit(job.snapshot)
            while not job._between._queue:  # it stands in the queue, behind half a step
                pass
            trainer.let(1)
            snapshot = asked.result(SOON)
            weight = snapshot.system.weight
            assert len(snapshot.history) == step and weight.eq(step).all()
            assert not snapshot.system.training and not weight.requires_grad
    assert trainer.system.training and trainer.system.weight.requires_grad


def test_snapshots_of_the_same_weights_are_one(job):
    first = job.snapshot()
    assert job.snapshot() is first
    job.train(0, 1)
    wait(job, ended)
    second = job.snapshot()
    assert second is not first and second.version > first.version
    assert first.system.weight.eq(0).all() and second.system.weight.eq(1).all()


@gated
def test_who_asked_between_two_steps_comes_before_the_next_step(job):
    trainer = job._trainer
    job.train(0, 2)
    assert trainer.inside.wait(SOON)
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(job.between_steps, lambda trainer: len(trainer.history))
        while not job._between._queue:  # it stands in the queue
            pass
        trainer.let(2)
        assert asked.result(SOON) == 1


def test_history_comes_in_deltas(job):
    job.train(0, 3)
    wait(job, ended)
    whole = job.history_since()
    assert [record.step for record in whole.records] == [1, 2, 3] and whole.seq == 3 and not whole.whole
    job.train(0, 2)
    wait(job, ended)
    delta = job.history_since(3, whole.epoch)
    assert (delta.start, [record.step for record in delta.records], delta.whole) == (3, [4, 5], False)
    assert job.history_since(5, whole.epoch).records == ()
    assert job.history_since(99, whole.epoch).whole and job.history_since(99).start == 0


def test_replace_begins_the_history_again(job):
    job.train(0, 3)
    wait(job, ended)
    before, version = job.history_since(), job.version
    job.replace(FakeTrainer())
    status = job.status()
    assert (status.seq, status.stage, status.epoch) == (0, None, before.epoch + 1)
    assert job.version > version and job.snapshot().system.weight.eq(0).all()
    again = job.history_since(3, before.epoch)
    assert again.whole and again.records == ()


@gated
def test_replace_stops_what_trains(job):
    trainer = job._trainer
    job.train_all()
    assert trainer.inside.wait(SOON)
    with ThreadPoolExecutor() as pool:
        replaced = pool.submit(job.replace, FakeTrainer())
        trainer.let(1)
        replaced.result(SOON)
    job.train(0, 1)
    assert wait(job, ended).seq == 1 and len(trainer.history) == 1


@pytest.mark.parametrize("job", [{"fails_at": 3}], indirect=True)
def test_an_error_is_kept_shown_once_and_the_job_stays_usable(job):
    job.train_all()
    status = wait(job, ended)
    assert status.state == "error" and status.seq == 2 and status.waiting == ()
    assert status.message == "Stage 0 stopped after step 2. ValueError: the fake was told to fail"
    assert isinstance(job.take_error(), ValueError) and job.take_error() is None
    assert job.snapshot().system.weight.eq(2).all()
    job._trainer.fails_at = None
    job.train(0, 1)
    status = wait(job, ended)
    assert (status.state, status.message, status.step) == ("idle", "", 3)


def test_a_closed_job_says_so():
    job = Job(FakeTrainer())
    job.train(0, 2)
    job.close()
    job.close()
    assert not any(thread is job._thread and thread.is_alive() for thread in threading.enumerate())
    with pytest.raises(JobError, match="Reload"):
        job.train(0, 1)


def test_every_step_is_taken_in_the_schedulers_turn():
    turns = []

    @contextmanager
    def turn(job):
        turns.append(job)
        yield

    job = Job(FakeTrainer(), turn)
    job.train(0, 3)
    wait(job, ended)
    job.close()
    assert turns[:3] == [job] * 3


def test_the_lock_is_given_in_the_order_of_asking_and_is_reentrant():
    lock, order = FairLock(), []

    def take(name: int) -> None:
        with lock, lock:
            order.append(name)

    with lock:
        threads = []
        for name in range(8):
            threads.append(threading.Thread(target=take, args=(name,)))
            threads[-1].start()
            while len(lock._queue) <= name:
                pass
    for thread in threads:
        thread.join()
    assert order == list(range(8))


def test_looking_uses_no_luck(job):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    job.snapshot()
    job.status()
    assert torch.equal(torch.get_rng_state(), before)
