import numpy as np
import pytest
import torch

from satipatthana.diagnostics.thought import stopped_at, think_aloud
from satipatthana.santana import SantanaLog
from tests.diagnostics.conftest import N_STEPS

DRUNK = {"drunk": True, "drunk_skip_prob": 0.5}


@pytest.mark.parametrize("mind", [{}, {"drunk": True}, {"n_steps": 30}], ids=["sober", "drunk", "long"])
@pytest.mark.parametrize("which", ["system", "impatient"])
def test_judged_as_if_it_had_stopped_there(which, mind, bundle, request):
    network = request.getfixturevalue(which)
    thought = think_aloud(network, bundle.test.x[:3], samples=[5, 6, 7], seed=0, noise=0.3, **mind)
    log = log_of(thought)
    given = torch.from_numpy(thought.x_given)
    for t in range(1, len(thought.states)):
        s = torch.from_numpy(thought.states[t])
        with torch.no_grad():
            insight = network.judge(s, log.upto(t), given)
            probabilities = network.logits(s, insight.v_ctx).softmax(dim=1)
        judged = insight.judged.numpy()
        assert np.array_equal(np.isfinite(thought.trust[t]), judged)
        for name in ("trust", "conformity", "confidence"):
            score = getattr(insight, name)[:, 0].numpy()
            assert getattr(thought, name)[t][judged] == pytest.approx(score[judged], abs=1e-5)
        assert thought.probabilities[t] == pytest.approx(probabilities.numpy(), abs=1e-5)


def log_of(thought) -> SantanaLog:
    log = SantanaLog(torch.from_numpy(thought.states[0]))
    for t in range(1, len(thought.states)):
        log.add(*(torch.from_numpy(part) for part in (thought.states[t], thought.taken[t - 1], thought.skipped[t - 1])))
    return log


def test_a_thought_has_all_its_parts(system, bundle):
    x = bundle.test.x[:2]
    thought = think_aloud(system, x, samples=[0, 1], seed=0)
    with torch.no_grad():
        output = system(x)
        decoded = system.decode(output.santana.to_tensor())
    ends = (N_STEPS, [0, 1])
    assert thought.states.shape == (N_STEPS + 1, 2, 16) and thought.decoded.shape == (N_STEPS + 1, 2, 1, 28, 28)
    assert thought.steps.tolist() == [N_STEPS, N_STEPS]
    assert thought.states[ends] == pytest.approx(output.s_star.numpy(), abs=1e-6)
    assert thought.decoded == pytest.approx(decoded.numpy(), abs=1e-5)
    assert thought.step_size == pytest.approx(output.santana.energy.numpy(), abs=1e-6)
    assert np.isnan(thought.trust[0]).all() and np.isnan(thought.confidence[0]).all()
    assert thought.trust[-1] == pytest.approx(output.insight.trust[:, 0].numpy(), abs=1e-5)
    assert thought.answer.tolist() == output.logits.argmax(dim=1).tolist()
    assert thought.distance_to_end[-1].tolist() == [0, 0]
    first = np.linalg.norm(thought.states[0] - thought.states[-1], axis=1)
    assert thought.distance_to_end[0] == pytest.approx(first, abs=1e-6)
    probe = system.probes.detach().numpy()[1]
    s = thought.states[2, 0]
    assert thought.probe_cosine[2, 0, 1] == pytest.approx(
        float(s @ probe / np.linalg.norm(s) / np.linalg.norm(probe)), abs=1e-6
    )
    assert thought.winner.tolist() == output.samatha.meta.winner.tolist()
    assert thought.gate.tolist() == [1, 1] and thought.threshold == -1
    assert np.array_equal(thought.x_given, x.numpy())


@pytest.mark.parametrize("which", ["system", "impatient"])
def test_alone_as_in_company(which, bundle, request):
    network = request.getfixturevalue(which)
    alone = think_aloud(network, bundle.test.x[2:3], samples=[2], seed=1, noise=0.4, **DRUNK)
    among = think_aloud(network, bundle.test.x[:5], samples=range(5), seed=1, noise=0.4, **DRUNK)
    length = len(alone.states)
    assert alone.states[:, 0] == pytest.approx(among.states[:length, 2], abs=1e-6)
    assert alone.trust[:, 0] == pytest.approx(among.trust[:length, 2], abs=1e-5, nan_ok=True)
    assert alone.steps[0] == among.steps[2]


def test_twins_share_their_luck(system, bundle):
    x = bundle.test.x[:2]
    sober = think_aloud(system, x, samples=[3, 4], seed=1, noise=0.4)
    drunk = think_aloud(system, x, samples=[3, 4], seed=1, noise=0.4, drunk=True)
    assert np.array_equal(sober.x_given, drunk.x_given)
    assert not np.array_equal(sober.x_given, x.numpy())
    assert np.array_equal(sober.states[0], drunk.states[0])
    assert not np.array_equal(sober.states[-1], drunk.states[-1])
    harmless = think_aloud(
        system, x, samples=[3, 4], seed=1, noise=0.4, drunk=True, drunk_skip_prob=0.0, drunk_perturbation_std=0.0
    )
    assert np.array_equal(harmless.states, sober.states)


def test_who_skips_everything_is_never_judged(system, bundle):
    thought = think_aloud(system, bundle.test.x[:2], samples=[0, 1], seed=0, drunk=True, drunk_skip_prob=1.0)
    assert thought.skipped.all() and not thought.taken.any()
    assert np.isnan(thought.trust).all()
    assert np.isfinite(thought.probabilities).all()


def test_a_shut_gate_lets_nothing_in(system, bundle):
    thought = think_aloud(system, bundle.test.x[:3], samples=range(3), seed=0, threshold=1.0)
    assert thought.gate.tolist() == [0, 0, 0] and thought.threshold == 1
    assert not thought.states[0].any() and not thought.probe_cosine[0].any()
    assert np.array_equal(thought.states[:, 0], thought.states[:, 1])


def test_many_samples_are_judged_in_slices(system, bundle, monkeypatch):
    whole = think_aloud(system, bundle.test.x[:4], samples=range(4), seed=0)
    monkeypatch.setattr("satipatthana.diagnostics.thought.ROWS", 8)
    sliced = think_aloud(system, bundle.test.x[:4], samples=range(4), seed=0)
    assert sliced.trust == pytest.approx(whole.trust, abs=1e-6, nan_ok=True)
    assert sliced.decoded == pytest.approx(whole.decoded, abs=1e-6)


def test_each_input_needs_a_number(system, bundle):
    with pytest.raises(ValueError, match="2 sample numbers for 3 inputs"):
        think_aloud(system, bundle.test.x[:3], samples=[0, 1], seed=0)


def test_records_cut_short_stand_side_by_side():
    states = torch.arange(8.0).view(4, 2, 1)
    taken = torch.tensor([[True, False], [True, True], [False, True]])
    log = SantanaLog(states[0])
    for t in range(3):
        log.add(states[t + 1], taken[t], ~taken[t])
    side_by_side = stopped_at(log, torch.tensor([0, 2]))
    for n, step in enumerate((0, 2)):
        part, expected = side_by_side.rows(torch.tensor([2 * n, 2 * n + 1])), log.upto(step)
        assert part.steps.tolist() == expected.steps.tolist()
        assert torch.equal(part.to_tensor()[: step + 1], expected.to_tensor())
        assert torch.equal(part.to_tensor()[-1], expected.to_tensor()[-1])
        assert torch.equal(part.taken[:step], expected.taken) and not part.taken[step:].any()
