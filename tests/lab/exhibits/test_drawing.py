"""Exhibit 9: what a decoder paints of a flat field, and what its rule says of it."""

import pytest

from lab.exhibits.card import SIDES
from lab.exhibits.catalogue import card_of
from lab.exhibits.drawing import EXPERIMENTS, grid_power
from lab.exhibits.experiment import config_of, make
from satipatthana.diagnostics.causes_learning import painted_grid
from satipatthana.diagnostics.checkerboard import flat_field
from satipatthana.diagnostics.observing import observing
from tests.lab.exhibits.pairs import both, patient_of, tiny_bundle, tiny_experiment


def flat(trainer) -> float:
    head = trainer.system.adapter_recon_head
    with observing(trainer.system):
        z = trainer.system.samatha.adapter(tiny_bundle().validation.x)
        return flat_field(head, head.first_map(z).mean(dim=(0, 2, 3))).std


def test_the_broken_decoder_paints_a_grid_and_the_fixed_one_none():
    experiment = tiny_experiment(9, (0, 8))
    assert [config_of(experiment, side, 0).recon.upsampling for side in SIDES] == ["transpose3", "resize"]
    pair = both(experiment)
    assert flat(pair["broken"]) > 0.01 and flat(pair["fixed"]) < 1e-6
    power = {side: grid_power(trainer, tiny_bundle()) for side, trainer in pair.items()}
    assert power["broken"] > 5 * power["fixed"]
    told = painted_grid(patient_of(pair["broken"]))
    assert told is not None and "upsampling: transpose3" in told
    assert painted_grid(patient_of(pair["fixed"])) is None
    assert painted_grid(patient_of(make(experiment, "broken", tiny_bundle()))) is None  # nothing is trained yet


@pytest.mark.parametrize("upsampling", [choice for dial in card_of(9).dials for choice in dial.choices])
def test_every_choice_of_the_dial_is_a_decoder(upsampling):
    experiment = tiny_experiment(9, (0, 1))
    trainer = make(experiment, "broken", tiny_bundle(), settings=(("broken|recon.upsampling", upsampling),))
    assert trainer.system.config.recon.upsampling == upsampling
    assert (flat(trainer) < 1e-6) == (upsampling in ("resize", "pixelshuffle_icnr"))


def test_it_needs_stage_0_alone():
    assert {stage for stage, _ in EXPERIMENTS[9].plan} == {0}
