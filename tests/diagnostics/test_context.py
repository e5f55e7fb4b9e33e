"""An answer that reads nothing but its context, one that reads none of it, and a tiny network as it is."""

from typing import Any

import pytest
import torch

from satipatthana.diagnostics.context import context_use
from tests.tiny import snapshot, tiny_digits, tiny_system

DIM = 16


def answering(from_state: float, from_context: float):
    """A tiny system whose answer is `from_context` towards class 3, and as initialised from s* times `from_state`."""
    system = tiny_system()
    with torch.no_grad():
        layer: Any = system.answer.net
        layer.weight[:, :DIM] *= from_state
        layer.weight[:, DIM:] = 0
        layer.bias.zero_()
        layer.bias[7] = 1e-3
        # the context's own layer ends in something that is not all zero: any of it votes for class 3
        layer.weight[3, DIM:] = from_context
        layer.weight[4, DIM:] = -from_context
    return system


def test_an_answer_that_ignores_its_context_loses_nothing():
    data = tiny_digits(40)
    found = context_use(answering(1.0, 0.0), data.x, data.y)
    assert found.gain.value == found.gain.low == found.gain.high == 0
    assert found.right == found.right_without and found.n == 40


def test_an_answer_from_context_alone_falls_to_its_bias_without():
    data = tiny_digits(40)
    found = context_use(answering(0.0, 100.0), data.x, data.y)
    assert found.right_without.value == pytest.approx(float((data.y == 7).float().mean()))
    assert found.gain.value == pytest.approx(found.right.value - found.right_without.value)
    assert found.gain.low <= found.gain.value <= found.gain.high


def test_shares_are_those_of_the_answers_and_the_system_stays():
    data, system = tiny_digits(30), tiny_system()
    before = snapshot(system)
    found = context_use(system, data.x, data.y)
    with torch.no_grad():
        output = system(data.x)
        zeroed = system.logits(output.s_star, torch.zeros_like(output.insight.v_ctx))
    assert found.right.value == pytest.approx(float((output.logits.argmax(dim=1) == data.y).float().mean()))
    assert found.right_without.value == pytest.approx(float((zeroed.argmax(dim=1) == data.y).float().mean()))
    assert all(torch.equal(before[name], value) for name, value in system.state_dict().items())
    noisy = context_use(system, data.x, data.y, noise=0.5)
    assert noisy == context_use(system, data.x, data.y, noise=0.5)
    with pytest.raises(ValueError, match="at least one"):
        context_use(system, data.x[:0], data.y[:0])
