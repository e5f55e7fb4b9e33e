"""100 steps = 50 + 50 = paused and resumed = with a page watching: bit for bit, and no global luck is touched."""

import threading

import numpy as np
import torch

from lab.jobs import Job
from lab.runs import begin
from lab.session import Session


def weights(trainer) -> dict[str, torch.Tensor]:
    return {key: value.clone() for key, value in trainer.system.state_dict().items()}


def alone(config, bundle) -> tuple[dict[str, torch.Tensor], list]:
    trainer = begin(config, bundle).trainer
    trainer.run_curriculum()
    return weights(trainer), [record.losses for record in trainer.history]


def test_a_watched_run_is_the_run_alone(session: Session, settle, config, bundle):
    expected, losses = alone(config, bundle)
    luck = torch.get_rng_state(), np.random.get_state()[1].copy()
    session.train_all()
    looks = 0
    stop = threading.Event()

    def watch() -> None:
        nonlocal looks
        while not stop.is_set():
            session.thought_now(sample=1, noise=0.4, mode="both")
            session.strip_info(), session.stages_info(), session.history_since(0), session.calibrate()
            looks += 1

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        settle(session)
    finally:
        stop.set()
        watcher.join()
    trainer = session.now.run.trainer
    assert looks > 0
    assert [record.losses for record in trainer.history] == losses
    got = weights(trainer)
    assert all(torch.equal(expected[key], got[key]) for key in expected)
    assert torch.equal(torch.get_rng_state(), luck[0])
    assert (np.random.get_state()[1] == luck[1]).all()


def test_in_pieces_and_with_pauses_it_is_the_same_run(config, bundle):
    expected, losses = alone(config, bundle)
    trainer = begin(config, bundle).trainer
    job = Job(trainer)
    tick = threading.Event()

    def wait(steps: int) -> None:
        while len(trainer.history) < steps or job.status().state == "training":
            assert not job.status().message
            tick.wait(0.002)

    job.train(0, 1)
    wait(1)
    job.train(0)
    job.pause()
    job.snapshot()
    job.resume()
    wait(3)
    job.train(1, 2)
    wait(5)
    job.train(1, 4)
    job.pause()
    while job.status().state != "paused":
        tick.wait(0.002)
    job.train_all()  # ends the paused order and goes on from where it stood
    wait(15)
    job.close()
    assert [record.losses for record in trainer.history] == losses
    got = weights(trainer)
    assert all(torch.equal(expected[key], got[key]) for key in expected)
