import pytest
import torch

from satipatthana.diagnostics.observing import chunks, observing


def test_looking_changes_nothing(system, bundle):
    system.set_stage(1)
    modes = [module.training for module in system.modules()]
    assert True in modes and False in modes
    before = {name: value.clone() for name, value in system.state_dict().items()}
    with observing(system):
        assert not any(module.training for module in system.modules())
        assert not torch.is_grad_enabled()
        system(bundle.test.x[:4])
    assert [module.training for module in system.modules()] == modes
    assert torch.is_grad_enabled()
    assert all(torch.equal(value, before[name]) for name, value in system.state_dict().items())


def test_modes_come_back_after_an_error(system):
    system.set_stage(1)
    with pytest.raises(RuntimeError), observing(system):
        raise RuntimeError
    assert system.samatha.vicara.training and torch.is_grad_enabled()


@pytest.mark.parametrize("n", [0, 1, 2, 250, 251, 500, 1000, 1001])
def test_chunks_cover_everything_and_leave_nobody_alone(n):
    parts = chunks(n)
    assert [index for part in parts for index in part] == list(range(n))
    assert all(1 < len(part) <= 250 for part in parts) or n == 1
