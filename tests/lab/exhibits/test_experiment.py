"""What every exhibit stands on: one thing is different, the rest is the same bit for bit, and a card keeps its word."""

import dataclasses
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from lab import runs
from lab.cli import main
from lab.exhibits import catalogue, drawing
from lab.exhibits.card import SIDES, Card, Code, Dial, Measure
from lab.exhibits.catalogue import CARDS, card_of, experiment_of, origin, side_of, variant_of
from lab.exhibits.experiment import LOOKS, Experiment, Pair, Variant, config_of, last, load_start, make, run_pair
from lab.limits import BadInput
from lab.runs import RunError
from lab.ward import Ward, name_of
from satipatthana.checkpoint import save_run
from satipatthana.configs import get_path, to_dict
from satipatthana.core.system import SatipatthanaSystem
from satipatthana.train.stages import STAGES, Batch, Terms
from satipatthana.train.trainer import SatipatthanaTrainer
from tests.lab.conftest import SOON
from tests.lab.exhibits.pairs import tiny_bundle, tiny_experiment

TABS = {"Train", "Converge", "Probes", "Decoders", "Trust"}
UPSAMPLING = "broken|recon.upsampling"


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "bundle_of", lambda *arguments: tiny_bundle())


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Experiment:
    """Exhibit 9, the simplest, in three steps."""
    experiment = tiny_experiment(9, (0, 3))
    monkeypatch.setitem(drawing.EXPERIMENTS, 9, experiment)
    return experiment


def flat(config: Any) -> dict[str, Any]:
    """Every setting by its path."""

    def below(node: Any, path: str) -> Iterator[tuple[str, Any]]:
        if not isinstance(node, dict):
            yield path, node
            return
        for key, value in node.items():
            yield from below(value, f"{path}.{key}" if path else key)

    return dict(below(to_dict(config), ""))


# --- cards -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("card", CARDS.values(), ids=lambda card: card.key)
def test_a_card_is_whole(card: Card):
    story, asked = card.story, card.prediction
    for part in (card.title, story.symptom, story.guess, story.cause, story.cure, story.lesson, card.measure.about):
        assert part.strip() == part and len(part) > 10
    assert 2 <= len(asked.options) <= 4 and len(set(asked.options)) == len(asked.options)
    assert 0 <= asked.answer < len(asked.options) and asked.question and asked.because
    assert card.looks in TABS
    assert card.measure.margin > 0
    assert 3 <= len(card.code.text().splitlines()) <= 16
    assert all(len(line) <= 120 for line in card.code.text().splitlines())


def test_numbers_and_keys_are_unique_and_in_order():
    told = [card for stories in catalogue._HALLS.values() for card in stories.CARDS]
    assert len({card.number for card in told}) == len({card.key for card in told}) == len(told) == len(CARDS)
    assert list(CARDS) == sorted(CARDS)


def test_code_is_read_from_the_source():
    assert Code("lab.exhibits.card:Measure.ahead", lines=2).text().startswith("def ahead(self, fixed")
    assert Code("lab.exhibits.card", "SIDES:", lines=1).text().startswith("SIDES: tuple")
    with pytest.raises(ValueError, match="no line with 'nowhere'"):
        Code("lab.exhibits.card:Measure", "nowhere").text()


def test_what_is_better_is_ahead():
    assert Measure("m", "higher", 1.0).ahead(fixed=3.0, broken=1.0) == 2
    assert Measure("m", "lower", 1.0).ahead(fixed=3.0, broken=1.0) == -2


# --- experiments -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("card", CARDS.values(), ids=lambda card: card.key)
def test_one_thing_is_different(card: Card):
    experiment = experiment_of(card)
    broken, fixed = (experiment.variant(side) for side in SIDES)
    parts = ("settings", "parts", "stages", "trainer")
    assert sum(getattr(broken, part) != getattr(fixed, part) for part in parts) == 1
    told = [flat(config_of(experiment, side, 3)) for side in SIDES]
    differ = {path for path in told[0].keys() | told[1].keys() if told[0].get(path) != told[1].get(path)}
    set_here = {*broken.settings, *fixed.settings}
    assert all(
        any(path == own or path.startswith(f"{own.removesuffix('kind')}") for own in set_here) for path in differ
    )
    assert bool(differ) == bool(set_here)
    terms = {term for stage, _ in experiment.plan for term in ("total", *STAGES[stage].terms)}
    assert card.curve in terms


@pytest.mark.parametrize("card", CARDS.values(), ids=lambda card: card.key)
def test_every_dial_turns_its_own_side(card: Card):
    experiment = experiment_of(card)
    names = {f"{dial.side}|{dial.path}": dial for dial in card.dials}
    usual = {side: config_of(experiment, side, 0) for side in SIDES if names}
    for end in (0, -1) if names else ():
        sent = {name: (dial.choices or (dial.low, dial.high))[end] for name, dial in names.items()}
        assert card.settings(sent) == tuple(sent.items())
        for side in SIDES:
            turned = config_of(experiment, side, 0, card.settings(sent))
            mine = {dial.path: sent[name] for name, dial in names.items() if dial.side in (side, "both")}
            for dial in names.values():
                before = get_path(usual[side], dial.path)
                assert before == dial.default or dial.path not in mine
                assert get_path(turned, dial.path) == mine.get(dial.path, before)


@pytest.mark.parametrize(
    "sent",
    [
        {"fixed|recon.upsampling": "resize"},
        {"recon.upsampling": "resize"},
        {UPSAMPLING: "bicubic"},
        {UPSAMPLING: 3},
        {UPSAMPLING: ["resize"]},
    ],
)
def test_a_dial_that_is_not_there_or_cannot_be_so_is_refused(sent: dict[str, Any]):
    with pytest.raises(BadInput):
        card_of(9).settings(sent)


def test_a_number_keeps_its_range():
    dial = Dial("curriculum.stage2.learning_rate", "rate", "both", 5e-3, 1e-6, 0.1)
    assert dial.checked(0.1) == 0.1
    for wrong in (0.2, 0.0, float("nan"), None, "0.01", True):
        with pytest.raises(BadInput):
            dial.checked(wrong)


@pytest.mark.parametrize("number", [0, 16, 2.5, None, "9", True])
def test_an_exhibit_that_is_not_there_is_refused(number: Any):
    with pytest.raises(BadInput):
        card_of(number)


def test_both_sides_begin_alike_and_see_the_same():
    """The luck of every step too: whatever is different, it is not chance."""
    seen: dict[int, list[tuple[Tensor, Tensor, Tensor]]] = {}

    def listening(stage: Any) -> Any:
        def loss(system: SatipatthanaSystem, batch: Batch) -> Terms:
            drawn = (batch.x.clone(), batch.y.clone(), batch.generator.get_state())
            seen.setdefault(id(system), []).append(drawn)
            return stage.loss(system, batch)

        return dataclasses.replace(stage, loss=loss)

    experiment = dataclasses.replace(tiny_experiment(4, (0, 2), (1, 2)), stages=tuple(map(listening, STAGES)))
    began = [make(experiment, side, tiny_bundle(), seed=5).system.state_dict() for side in SIDES]
    assert all(torch.equal(began[0][name], began[1][name]) for name in began[0])
    pair = last(run_pair(card_of(4), experiment, tiny_bundle(), seed=5))
    broken, fixed = (seen[id(pair.trainers[side].system)] for side in SIDES)
    assert len(broken) == len(fixed) == 4
    for mine, theirs in zip(broken, fixed, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(mine, theirs, strict=True))
    other = make(experiment, "fixed", tiny_bundle(), seed=6).system.state_dict()
    assert not torch.equal(other["samatha.vitakka.probes"], began[0]["samatha.vitakka.probes"])


def test_a_pair_grows(quick: Experiment, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("lab.exhibits.experiment.TOLD_S", 0.0)
    pieces = list(run_pair(card_of(9), quick, tiny_bundle(), 1, ((UPSAMPLING, "transpose"),)))
    assert [piece.done for piece in pieces] == [1, 2, 3, 4] and {piece.total for piece in pieces} == {4}
    pairs = [piece.found for piece in pieces]
    assert all(isinstance(pair, Pair) for pair in pairs)
    assert [pair.done for pair in pairs if pair] == [False, False, False, True]
    whole = pairs[-1]
    assert whole is not None
    assert (whole.number, whole.seed, whole.total, whole.settings) == (9, 1, 3, ((UPSAMPLING, "transpose"),))
    assert whole.trainers["broken"].system.config.recon.upsampling == "transpose"
    for course in whole.courses.values():
        assert course.steps == (1, 2, 3) and len(course.loss) == 3
        assert (
            course.seen_at[0] == 0 and course.seen_at[-1] == 3 and len(course.seen) == len(course.seen_at) <= LOOKS + 1
        )
        assert course.value == course.seen[-1]
        assert course.pictures is not None and course.pictures.shape == (8, 1, 28, 28)
    again = last(run_pair(card_of(9), quick, tiny_bundle(), 1, ((UPSAMPLING, "transpose"),)))
    assert [again.courses[side].seen for side in SIDES] == [whole.courses[side].seen for side in SIDES]


def test_a_shipped_run_is_taken_up_after_stage_1():
    experiment = experiment_of(card_of(6))
    trainers = [make(experiment, side, tiny_bundle(), seed) for side, seed in (("broken", 0), ("fixed", 1))]
    shipped = load_start("healthy").system.components()
    for trainer in trainers:
        assert [trainer.progress(stage).ever for stage in range(4)] == [126, 630, 0, 0]
        mine = trainer.system.components()
        for name in ("adapter", "vitakka", "vicara", "samatha_recon_head"):
            theirs = shipped[name].state_dict()
            assert all(torch.equal(value, theirs[key]) for key, value in mine[name].state_dict().items())
    judges = [trainer.system.vipassana.state_dict() for trainer in trainers]
    assert not torch.equal(judges[0]["trust_head.weight"], judges[1]["trust_head.weight"])  # their seeds differ


# --- patients ----------------------------------------------------------------------------------------------------


@pytest.fixture
def ward() -> Iterator[Ward]:
    made = Ward()
    yield made
    made.close()


def run_to_the_end(ward: Ward) -> None:
    tick = threading.Event()
    for _ in range(int(SOON * 100)):
        status = ward.status()
        if not status.busy:
            assert status.state == "ready", status.text
            return
        tick.wait(0.01)
    raise AssertionError("in vain")


def test_patients_open_learn_on_and_are_saved(quick: Experiment, ward: Ward, tmp_path: Path):
    with pytest.raises(RunError, match="not come to its end"):
        ward.patient("broken")
    ward.start(9, seed=2)
    run_to_the_end(ward)
    pair = ward.status().found
    for side in SIDES:
        opened = ward.patient(side)
        assert opened.name == name_of(card_of(9), side) == f"exhibit-9-{side}"
        assert opened.origin == origin(card_of(9), side) == {"exhibit": 9, "variant": side}
        before = pair.trainers[side].global_step
        opened.trainer.train_stage(0, n_steps=1)
        assert (opened.trainer.global_step, pair.trainers[side].global_step) == (before + 1, before)
        save_run(tmp_path / side, opened.trainer, origin=opened.origin)
        again = runs.open_run(tmp_path / side)
        assert again.origin == opened.origin and again.trainer.global_step == before + 1
        now = opened.trainer.system.state_dict()
        assert all(torch.equal(value, now[name]) for name, value in again.trainer.system.state_dict().items())
    with pytest.raises(BadInput):
        ward.patient("healed")
    with pytest.raises(BadInput):
        ward.start(9, **{"broken|nothing": 1})


def test_where_a_run_comes_from():
    assert variant_of(None) == Variant()
    assert variant_of({"exhibit": 9, "variant": "broken"}) == experiment_of(card_of(9)).variant("broken")
    assert variant_of(None).trainer is SatipatthanaTrainer
    assert side_of("fixed") == "fixed"
    for told in ({"exhibit": 99, "variant": "broken"}, {"exhibit": 9, "variant": "healed"}):
        with pytest.raises(BadInput, match=r"origin\.json"):
            variant_of(told)


# --- the command -------------------------------------------------------------------------------------------------


@pytest.fixture
def same_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The command sets how many threads PyTorch has; the other tests keep theirs."""
    before = torch.get_num_threads()
    monkeypatch.setenv("OMP_NUM_THREADS", str(before))
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("same_threads")
def test_the_command_ends_in_one_object(quick: Experiment, capsys: pytest.CaptureFixture[str]):
    assert main(["exhibit", "9", "--seed", "1", "--json"]) == 0
    lines = capsys.readouterr().out.strip().splitlines()
    told = json.loads(lines[-1])
    assert {**told, "broken": 0, "fixed": 0, "seconds": 0} == {
        "exhibit": 9,
        "seed": 1,
        "metric": "grid power",
        "better": "lower",
        "broken": 0,
        "fixed": 0,
        "seconds": 0,
    }
    assert told["seconds"] > 0
    pair = last(run_pair(card_of(9), quick, tiny_bundle(), 1))
    assert [told[side] for side in SIDES] == [pair.courses[side].value for side in SIDES]
    assert card_of(9).title in lines[0] and card_of(9).story.lesson in "\n".join(lines)


@pytest.mark.usefixtures("same_threads")
@pytest.mark.parametrize("arguments", [["99"], ["9", "--seed", "-1"], ["nine"], []])
def test_a_wrong_command_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]):
    try:
        assert main(["exhibit", *arguments]) == 2
    except SystemExit as left:
        assert left.code == 2
    out, err = capsys.readouterr()
    assert out == "" and err.strip().count("\n") == 0
