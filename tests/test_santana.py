import pytest
import torch

from satipatthana.santana import SantanaLog
from tests.tiny import log_of


def test_both_ends_are_in_the_record():
    log = log_of([[0.0, 0.0]], [[3.0, 4.0]], [[3.0, 5.0]])
    assert len(log) == 3 and len(log.states) == 3
    assert log.to_tensor().shape == (3, 1, 2)
    assert log.to_tensor()[0].tolist() == [[0, 0]]
    assert log.to_tensor()[-1].tolist() == [[3, 5]]


def test_energy_is_the_size_of_each_step():
    log = log_of([[0.0, 0.0]], [[3.0, 4.0]], [[3.0, 5.0]])
    assert log.energy.tolist() == [[5.0], [1.0]]
    assert log.velocity.tolist() == [1.0]
    assert log.avg_energy.tolist() == [13.0]  # (25 + 1) / 2
    assert log.get_total_energy() == 26


def test_what_was_not_taken_has_no_energy():
    # sample 0 stops after one step, sample 1 skips its middle one
    log = SantanaLog(torch.tensor([[0.0], [0.0]]))
    log.add(torch.tensor([[2.0], [1.0]]), torch.tensor([True, True]))
    log.add(torch.tensor([[2.0], [1.0]]), torch.tensor([False, False]), torch.tensor([False, True]))
    log.add(torch.tensor([[2.0], [4.0]]), torch.tensor([False, True]))
    assert log.energy.tolist() == [[2, 1], [0, 0], [0, 3]]
    assert log.taken.tolist() == [[True, True], [False, False], [False, True]]
    assert log.skipped.tolist() == [[False, False], [False, True], [False, False]]
    assert log.steps.tolist() == [1, 3]
    assert log.velocity.tolist() == [2, 3]
    assert log.avg_energy.tolist() == [4, 5]
    assert log.get_total_energy() == 14


def test_a_state_that_moved_where_nothing_was_taken_counts_for_nothing():
    log = log_of([[0.0]], [[1.0]], [[9.0]], taken=[[True], [False]])
    assert log.energy.tolist() == [[1], [0]]
    assert log.velocity.tolist() == [1]


def test_a_trailing_skip_passes_time_but_is_no_velocity():
    log = SantanaLog(torch.tensor([[0.0]]))
    log.add(torch.tensor([[2.0]]))
    log.add(torch.tensor([[2.0]]), torch.tensor([False]), torch.tensor([True]))
    assert log.steps.tolist() == [2]
    assert log.velocity.tolist() == [2]


def test_steps_point_at_each_samples_end(generator: torch.Generator):
    states = torch.randn(5, 3, 2, generator=generator)
    stops = [1, 4, 3]
    log = SantanaLog(states[0])
    for t in range(1, 5):
        running = torch.tensor([t <= stop for stop in stops])
        states[t] = torch.where(running[:, None], states[t], states[t - 1])
        log.add(states[t], running)
    assert log.steps.tolist() == stops
    ends = log.to_tensor()[log.steps, torch.arange(3)]
    assert torch.equal(ends, states[-1])


@pytest.mark.parametrize(
    "log", [log_of([[1.0], [2.0]]), log_of([[1.0], [2.0]], [[1.0], [2.0]], taken=[[False, False]])]
)
def test_no_step_taken_means_no_number(log: SantanaLog):
    assert log.velocity.isnan().all() and log.avg_energy.isnan().all()
    assert log.steps.tolist() == [0, 0]
    assert log.energy.sum() == 0 and log.get_total_energy() == 0


def test_the_log_stands_beside_the_gradient_path():
    s = torch.ones(1, 2, requires_grad=True)
    log = SantanaLog(s)
    log.add(2 * s)
    for value in (*log.states, log.to_tensor(), log.energy, log.velocity, log.avg_energy, log.get_total_energy()):
        assert not value.requires_grad


def test_the_founding_form_add_and_read():
    log = SantanaLog()
    for value in (0.0, 1.0, 1.5):
        log.add(torch.full((2, 3), value))
    assert log.to_tensor().shape == (3, 2, 3)  # (steps, batch, dim), both ends
    assert log.taken.all() and not log.skipped.any()


def test_upto_is_the_record_as_it_stood():
    log = log_of([[0.0]], [[1.0]], [[3.0]], [[3.5]])
    early = log.upto(2)
    assert early.to_tensor().flatten().tolist() == [0, 1, 3]
    assert early.velocity.tolist() == [2] and early.steps.tolist() == [2]
    assert log.upto(0).velocity.isnan().all()
    for step in (-1, 4):
        with pytest.raises(ValueError, match="0 to 3"):
            log.upto(step)


@pytest.mark.parametrize("index", [torch.tensor([2, 0]), torch.tensor([True, False, True])])
def test_rows_are_some_samples(index: torch.Tensor):
    log = log_of([[0.0], [1.0], [2.0]], [[1.0], [1.0], [4.0]], taken=[[True, False, True]])
    part = log.rows(index)
    assert torch.equal(part.to_tensor(), log.to_tensor()[:, index])
    assert torch.equal(part.taken, log.taken[:, index])
    assert torch.equal(part.energy, log.energy[:, index])
    assert torch.equal(part.velocity, log.velocity[index])


def test_states_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"\(B, D\)"):
        SantanaLog(torch.zeros(2, 3, 4))
    log = SantanaLog(torch.zeros(2, 3))
    with pytest.raises(ValueError, match=r"\(2, 3\).*\(2, 4\)"):
        log.add(torch.zeros(2, 4))


@pytest.mark.parametrize("ask", [lambda log: log.to_tensor(), lambda log: log.taken, lambda log: log.steps])
def test_an_empty_log_says_so(ask):
    with pytest.raises(ValueError, match="empty"):
        ask(SantanaLog())
