"""Dials: those of the recipe, turned between two steps, refused out of range."""

import pytest

from lab.dials import dials_of, turn_dial
from lab.limits import BadInput
from lab.runs import begin
from satipatthana.configs import CurriculumConfig, KeyedVitakkaConfig, SamathaConfig, get_path, set_path


def test_every_dial_stands_where_the_config_has_it():
    dials = dials_of(CurriculumConfig())
    assert [dial.path for dial in dials][:3] == [
        "stage0.learning_rate",
        "stage0.weights.reconstruction",
        "stage1.learning_rate",
    ]
    for dial in dials:
        assert dial.value == dial.default == get_path(CurriculumConfig(), dial.path)
        assert dial.low <= dial.value <= dial.high


def test_a_keyed_run_has_a_recipe_of_its_own(bundle, config):
    keyed = set_path(config, "samatha.vitakka.kind", "keyed")
    trainer = begin(keyed, bundle).trainer
    dials = {dial.path: dial for dial in dials_of(trainer.curriculum, SamathaConfig(vitakka=KeyedVitakkaConfig()))}
    for term in ("balance", "orthogonality"):
        dial = dials[f"stage1.weights.{term}"]
        assert dial.value == dial.default == 0
    turned = turn_dial(trainer, "stage1.weights.balance", 0.2)
    assert (turned.value, turned.default) == (0.2, 0)


def test_a_turned_dial_holds_from_the_next_step_on(bundle, config):
    trainer = begin(config, bundle).trainer
    before = trainer.train_stage(0, n_steps=1)[0]
    dial = turn_dial(trainer, "stage0.learning_rate", 0.5)
    assert (dial.value, dial.default) == (0.5, 2e-3)
    after = trainer.train_stage(0, n_steps=1)[0]
    assert before.learning_rate == 2e-3 and after.learning_rate == pytest.approx(0.5 * 2 / 3)
    assert turn_dial(trainer, "stage1.weights.guidance", 0).value == 0
    assert trainer.curriculum.stage1.weights["guidance"] == 0


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("stage4.learning_rate", 0.1),
        ("stage0.n_steps", 3),
        ("stage0.weights.guidance", 1),
        ({"stage0": 1}, 1),
        ("stage0.learning_rate", 0),
        ("stage0.learning_rate", float("nan")),
        ("stage1.weights.guidance", -1),
        ("stage1.weights.guidance", "1"),
        ("stage3.weights.answer", 0),  # nothing would be left to learn from
    ],
)
def test_no_such_dial_or_place(bundle, config, path, value):
    trainer = begin(config, bundle).trainer
    before = trainer.curriculum
    with pytest.raises(BadInput):
        turn_dial(trainer, path, value)
    assert trainer.curriculum == before
