import pytest
import torch

from satipatthana.core.system import SatipatthanaSystem
from satipatthana.diagnostics.ground import ground
from satipatthana.diagnostics.observing import observing
from tests.tiny import tiny_config, tiny_system


def test_the_ground_of_points():
    config = tiny_config({"x_shape": [2], "n_classes": 2, "samatha.adapter.kind": "mlp"})
    points = SatipatthanaSystem(config)
    found = ground(points, (-1, -2), (1, 2), side=8)
    corner = torch.tensor([[-1 + 1 / 8, 2 - 2 / 8]])  # the middle of the first cell, top left
    with observing(points):
        output = points(corner)
    assert found.trust[0, 0] == pytest.approx(float(output.insight.trust), abs=1e-5)
    assert found.softmax[0, 0] == pytest.approx(float(output.logits.softmax(dim=1).max()), abs=1e-5)
    assert found.softmax.min() >= 0.5
    with pytest.raises(ValueError, match="only points"):
        ground(tiny_system(), (-1, -1), (1, 1))
