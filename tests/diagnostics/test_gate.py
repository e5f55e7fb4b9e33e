import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from satipatthana.diagnostics.gate import calibrate, gate_curves, gate_figures, gate_similarities, open_share


def test_calibration_is_the_third_percentile(generator):
    similarity = torch.rand(500, generator=generator)
    threshold = calibrate(similarity)
    assert threshold == pytest.approx(np.percentile(similarity.double().numpy(), 3))
    assert float((similarity < threshold).float().mean()) == pytest.approx(0.03)
    with pytest.raises(ValueError, match="validation set"):
        calibrate(torch.zeros(0))


def test_figures_of_a_gate():
    clean = torch.tensor([0.9, 0.8, 0.7, 0.2])
    families = {"far": torch.tensor([0.1, 0.0]), "near": torch.tensor([0.8, 0.5]), "nearer": torch.tensor([1.0])}
    found = gate_figures(0.5, clean, families)
    assert found.clean_shut == 0.25
    assert found.open == {"far": 0.0, "near": 1.0, "nearer": 1.0}  # at the threshold it is open
    assert found.auroc == {"far": 1.0, "near": 4.5 / 8, "nearer": 0.0}


def test_share_open_against_threshold():
    similarity = torch.tensor([0.1, 0.5, 0.5, 0.9])
    share = open_share(similarity, torch.tensor([-1.0, 0.1, 0.5, 0.6, 1.0]))
    assert share.tolist() == [1.0, 1.0, 0.75, 0.25, 0.0]


@pytest.mark.parametrize("fitted", [False, True], ids=["probes", "keys"])
def test_similarities_are_what_the_gate_compares(system, bundle, generator, fitted):
    if fitted:
        with torch.no_grad():
            system.samatha.vitakka.fit_gate_keys(system.samatha.adapter(bundle.train.x), generator)
    found = gate_similarities(system, bundle.test.x)
    with torch.no_grad():
        threshold = calibrate(found)
        meta = system.think(bundle.test.x, threshold=threshold).meta
    assert torch.allclose(found, meta.gate_similarity, atol=1e-6)
    assert float(1 - meta.gate.mean()) == pytest.approx(gate_figures(threshold, found, {}).clean_shut, abs=0.02)
    assert len(gate_similarities(system, bundle.test.x[:0])) == 0


def test_both_gates_at_every_threshold(system, bundle, generator):
    with torch.no_grad():
        system.samatha.vitakka.fit_gate_keys(system.samatha.adapter(bundle.train.x), generator)
    x = bundle.validation.x
    inference, training = gate_curves(system, x, seed=3, n_thresholds=5)
    assert (inference.which, training.which) == ("inference", "training")
    assert inference.thresholds.tolist() == [-1, -0.5, 0, 0.5, 1]
    assert list(inference.open)[:3] == ["clean", "noise", "gaussian"] and "letters" in inference.auroc
    compared = {"inference": gate_similarities(system, x)}
    with torch.no_grad():
        z = system.eval().samatha.adapter(x)
        compared["training"] = system.samatha.vitakka.similarities(z).amax(dim=1)
        inverted = system.samatha.vitakka.similarities(system.samatha.adapter(-x)).amax(dim=1)
    for curve in (inference, training):
        clean = compared[curve.which]
        shares = [float((clean >= threshold).double().mean()) for threshold in curve.thresholds]
        assert curve.open["clean"] == pytest.approx(shares)
        assert curve.calibrated == pytest.approx(calibrate(clean), abs=1e-6)
        assert curve.threshold == -1
    truth = [1] * len(x) * 2
    truth[len(x) :] = [0] * len(x)
    expected = roc_auc_score(truth, torch.cat([compared["training"], inverted]).numpy())
    assert training.auroc["inverted"] == pytest.approx(expected)
    again = gate_curves(system, x, seed=3, n_thresholds=5)[0]
    assert again.auroc == inference.auroc
    with pytest.raises(ValueError, match="at least two"):
        gate_curves(system, x[:1], seed=3)
