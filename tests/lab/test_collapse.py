"""The Probes tab below its matrix: looks, studies, and what a dropped handle says."""

import dataclasses

import pytest
import torch

from lab.limits import BadInput
from lab.looks_collapse import collapse_look, gates_look
from lab.studies import catalogue, collapse
from lab.tabs.probes import dropped
from satipatthana.data import load_dataset
from satipatthana.data.bundle import Split
from tests.tiny import tiny_digits, tiny_system


@pytest.fixture(scope="module")
def bundle():
    full = load_dataset("digits")
    few = Split(tiny_digits().x[:20], tiny_digits().y[:20])
    return dataclasses.replace(full, train=few, validation=few, test=few)


def test_looks_say_what_they_are_of(bundle):
    system = tiny_system()
    found = collapse_look(system, bundle)
    assert (found.n_train, found.n_test, found.seed, found.keyed) == (20, 20, 0, False)
    gates = gates_look(system, bundle)
    assert [curve.which for curve in gates.curves] == ["inference", "training"] and gates.n == 20


def test_a_network_that_broke_says_so(bundle):
    system = tiny_system()
    with torch.no_grad():
        system.probes[0, 0] = torch.nan
    for look in (collapse_look, gates_look):
        with pytest.raises(ValueError, match="not finite"):
            look(system, bundle)


def test_points_of_a_plane_have_a_collapse_too():
    moons = load_dataset("moons")
    few = Split(moons.train.x[:30], moons.train.y[:30])
    moons = dataclasses.replace(moons, train=few, validation=few, test=few)
    from lab.settings import NewRun, run_config
    from satipatthana.core.system import SatipatthanaSystem

    config = run_config(NewRun(data="moons", dim=8, n_probes=3), moons.x_shape, moons.n_classes)
    system = SatipatthanaSystem(config)
    assert collapse_look(system, moons).portrait.table.count.shape == (3, 2)
    assert "letters" not in gates_look(system, moons).curves[0].open


def test_settings_of_the_comparison():
    assert collapse.check({}) == collapse.GuardSettings("random")
    assert collapse.check({"start": "k-means"}).start == "k-means"
    for sent in ({"start": "elsewhere"}, {"end": "random"}):
        with pytest.raises(BadInput):
            collapse.check(sent)
    assert catalogue.find("collapse-guards").run is collapse.guards


def test_a_dropped_handle_is_read_or_refused():
    assert dropped("gate:inference:0.615") == ("inference", 0.615)
    assert dropped("gate:training:-1.000") == ("training", -1)
    for act in (
        None,
        "",
        "gate",
        "gate:both:0",
        "door:inference:0",
        "gate:inference:x",
        "gate:inference:nan",
        "gate:training:2",
    ):
        with pytest.raises(BadInput):
            dropped(act)
