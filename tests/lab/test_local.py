"""The second network in the lab: whatever the page asks of a run can be asked of the local one too."""

import dataclasses
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from lab import runs
from lab.project import Projector
from lab.runs import Shelf
from lab.session import Session
from lab.studies import collapse
from lab.studies.catalogue import STUDIES
from satipatthana.components.vicara import LocalVicara
from satipatthana.configs import LocalAdapterConfig, LocalVicaraConfig, RunConfig
from satipatthana.data import DataBundle
from satipatthana.diagnostics import decoder_race, dose, planes
from satipatthana.diagnostics.jacobian import WIDEST_WHOLE
from satipatthana.presets import local
from tests.lab import workers
from tests.lab.conftest import PLANS
from tests.tiny import one_thread

CHANNELS = 9  # D = 576: wide enough for what is done differently with a wide state
SOON = 120.0
# a study that ends with few pieces of work ends with all of them
FEWER = (
    (decoder_race, "decoder_race", {"plan": dataclasses.replace(decoder_race.PLAN, n_steps=2), "rounds": 2}),
    (dose, "dose_response", {"skips": dose.SKIPS[::4], "pushes": dose.PUSHES[::4]}),
    (planes, "planes", {"side": 16}),
)


def small_local() -> RunConfig:
    """The preset with few channels and short plans."""
    whole = local("digits", (1, 28, 28), 10)
    samatha, plan = whole.samatha, whole.curriculum
    vitakka = dataclasses.replace(samatha.vitakka, dim=64 * CHANNELS, n_gate_keys=8)
    stages = {f"stage{i}": dataclasses.replace(plan.stage(i), n_steps=steps) for i, steps in PLANS.items()}
    return dataclasses.replace(
        whole,
        samatha=dataclasses.replace(
            samatha, adapter=LocalAdapterConfig(CHANNELS), vitakka=vitakka, vicara=LocalVicaraConfig(hidden=8)
        ),
        curriculum=dataclasses.replace(plan, batch_size=20, n_keyframes=3, **stages),
    )


@pytest.fixture(scope="module")
def trained(bundle: DataBundle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A visitor whose local run has learned through all four stages, was saved and opened again."""
    patch = pytest.MonkeyPatch()
    patch.setattr(runs, "bundle_of", lambda *arguments: bundle)
    projector = Projector(workers.quick)
    made = Session(Shelf(tmp_path_factory.mktemp("local") / "runs"), projector=projector)
    with one_thread():
        run = runs.begin(small_local(), bundle)
        run.trainer.run_curriculum()
        made._take(run)
        made.save("mine")
        made.open_run("mine")
        yield made
        made.close()
    projector.close()
    patch.undo()


def test_it_was_opened_as_it_was_saved(trained: Session):
    info = trained.run_info()
    assert (info.dim, info.vicara) == (64 * CHANNELS, "local") and info.dim > WIDEST_WHOLE
    assert isinstance(trained.now.run.trainer.system.samatha.vicara, LocalVicara)
    assert all(facts["state"] == "done" for facts in trained.stages_info())
    assert trained.diagram_info(1)["injected"]
    assert trained.blurs and not trained.switches, "the run without blur is of the other kind"
    dials = {dial.path: dial for dial in trained.dials()}
    assert dials["stage1.weights.early"].value == dials["stage1.weights.early"].default == 1


def test_a_thought_is_laid_open(trained: Session):
    shown = trained.thought_now(sample=1, mode="both", noise=0.3)
    assert shown.context is not None and trained.context() is not None
    assert trained.thought_replay() is not None
    assert trained.axis_patch(0, 1)
    assert trained.twins_info() is not None
    trained.umap_start()
    assert trained.umap_patch() is not None


def test_probes_gates_and_decoders_are_shown(trained: Session):
    assert -1 <= trained.calibrate() <= 1
    for keyframe in (None, 0, len(trained.keyframes_info()) - 1):
        assert trained.probes_info(keyframe) is not None
    assert trained.collapse_info() is not None
    assert trained.gates_info() is not None
    assert trained.decoders_info([0, 1], 0.3) is not None
    assert trained.strip_info().now is not None


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_comes_to_its_end(name: str, trained: Session, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(collapse, "STEPS", 2)
    for module, function, fewer in FEWER:
        monkeypatch.setattr(module, function, partial(getattr(module, function), **fewer))
    question = trained.thought_now(sample=0, mode="both").question
    asks = name in ("settling", "cuts")
    trained.start_study(name, **({"question": question} if asks else {}))
    waiting = threading.Event()
    for _ in range(int(SOON * 50)):
        status = trained.study(name)
        if not status.busy:
            break
        waiting.wait(0.02)
    assert status.state == "ready", status
    assert status.found is not None
