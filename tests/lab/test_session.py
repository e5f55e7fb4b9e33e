"""One visitor: what a tab asks, in one call; what a stranger sends, refused; two visitors never meet."""

import subprocess
import sys
import threading

import numpy as np
import pytest
import torch

from lab.limits import BadInput
from lab.looks import film_steps, probes_look
from lab.runs import HEALTHY, RunError, begin
from lab.session import SAID, SESSIONS, Session, open_session
from lab.views.cards import stage_cards
from lab.views.diagram import diagram, diagram_html
from lab.views.gallery import strip
from lab.views.header import header
from lab.views.probes import probes
from satipatthana.diagnostics.gate import gate_similarities


def test_importing_it_loads_nothing_heavy():
    heavy = ("torch", "torchvision", "sklearn", "umap", "numba", "gradio", "plotly")
    code = f"import sys, lab.session; print(*set({heavy}) & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0 and run.stdout.split() == [], run.stderr


def test_without_a_run_it_says_what_to_do():
    empty = Session()
    assert empty.status().state == "idle" and empty.overview().stages == ("untrained",) * 4
    for ask in (empty.run_info, empty.train_all, empty.pause, empty.gallery, empty.dials, empty.probes_info):
        with pytest.raises(RunError, match="Open one"):
            ask()
    empty.close()


def test_it_opens_on_the_shipped_run_once():
    visitor = Session()
    info = visitor.open_first()
    assert (info.name, info.data, info.dim, info.n_samples) == (HEALTHY, "digits", 64, 1000)
    assert info.metrics is not None
    job = visitor.now.job
    assert visitor.open_first(data="moons") == info and visitor.now.job is job
    assert [facts["state"] for facts in visitor.stages_info()] == ["done"] * 4
    visitor.close()


def test_a_stage_trains_in_the_background_and_shows_itself(session: Session, settle):
    session.train(0)
    settle(session)
    history = session.history_since(0)
    assert [(record.stage, record.step) for record in history.records] == [(0, 1), (0, 2), (0, 3)]
    assert session.history_since(2, history.epoch).records == history.records[2:]
    overview = session.overview()
    assert overview.stages == ("done", "untrained", "untrained", "untrained") and overview.steps == 3
    assert header(overview.run, overview.data, overview.seed, overview.steps, overview.stages).steps == 3
    cards = stage_cards(session.stages_info())
    assert (cards[0].done, cards[0].planned, cards[0].learns) == (3, 3, ("adapter", "adapter_recon_head"))
    assert cards[0].last_loss == history.records[-1].losses["total"]
    assert stage_cards(session.stages_info(), chosen=2)[2].notes, "stage 2 before stage 1 says what it means"


def test_stale_is_said_of_what_stands_on_older_weights(session: Session, settle):
    session.train_all()
    settle(session)
    session.train(0, 1)
    settle(session)
    assert session.overview().stages == ("done", "stale", "stale", "stale")
    states = {name: facts.get("state") for name, facts in session.diagram_info()["parts"].items()}
    assert states["adapter"] == "stale" and states["vipassana"] == "stale"
    assert session.diagram_info(0)["parts"]["adapter"]["state"] == "learns"
    assert diagram_html(diagram(**session.diagram_info(1)))


def test_a_stage_is_in_training_only_while_somebody_trains_it(session: Session, settle):
    session.train(1, 2)
    settle(session)
    assert session.overview().stages == ("untrained", "begun", "untrained", "untrained")
    assert not session.diagram_info(1)["now"]
    session.train(1, 10_000)
    assert session.overview().stages[1] == "training"
    assert session.diagram_info()["now"] and session.diagram_info(1)["now"] and not session.diagram_info(2)["now"]
    session.pause()
    assert session.overview().stages[1] == "paused" and not session.diagram_info(1)["now"]
    session.stop()
    assert session.overview().stages[1] in ("begun", "done") and not session.diagram_info(1)["now"]


def test_dials_turn_while_it_trains(session: Session):
    dial = session.set_dial("stage1.weights.guidance", 0.7)
    assert dial.value == 0.7 and dial in session.dials()


def test_reset_begins_again_with_the_dials_as_they_stand(session: Session, settle):
    first = {key: value.clone() for key, value in session.now.run.trainer.system.state_dict().items()}
    session.set_dial("stage0.learning_rate", 0.01)
    session.train(0, 2)
    settle(session)
    epoch = session.status().epoch
    info = session.reset()
    again = session.now.run.trainer
    assert info.seed == 0 and session.status().epoch == epoch + 1 and session.status().seq == 0
    assert all(torch.equal(first[key], value) for key, value in again.system.state_dict().items())
    assert again.curriculum.stage0.learning_rate == 0.01
    assert session.history_since(2, epoch).whole
    assert session.reset(5).seed == 5
    with pytest.raises(BadInput):
        session.reset(-1)


def test_an_error_is_told_once_and_training_goes_on(session: Session, settle):
    session.set_dial("stage0.learning_rate", 1.0)
    trainer = session.now.run.trainer
    clean = trainer.train_dataset.x.clone()
    trainer.train_dataset.x.fill_(float("nan"))
    try:
        session.train(0, 2)
        while session.status().state == "training":
            threading.Event().wait(0.002)
        assert session.status().state == "error"
        assert "not finite" in (session.take_error() or "") and session.take_error() is None
        assert "not finite" in session.status().message
    finally:
        trainer.train_dataset.x.copy_(clean)
    session.train(0, 1)
    settle(session)
    assert session.status().message == ""


def test_save_and_open(session: Session, settle):
    session.train(0, 2)
    settle(session)
    session.save("first")
    assert "first" in session.shelf.names()
    session.reset()
    info = session.open_run("first")
    assert info.name == "first" and session.status().seq == 2
    with pytest.raises(RunError, match="already"):
        session.save("first")
    for bad in ("../x", "", None, "a/b", 3):
        with pytest.raises(BadInput):
            session.save(bad)


def test_steps_that_are_not_saved_are_counted(session: Session, settle):
    assert session.unsaved_steps == 0
    session.train(0, 2)
    settle(session)
    assert session.unsaved_steps == 2
    session.save("two")
    assert session.unsaved_steps == 0
    session.train(0, 1)
    settle(session)
    assert session.unsaved_steps == 1
    session.open_run("two")
    assert session.unsaved_steps == 0 and session.status().seq == 2


def test_a_run_with_unsaved_steps_can_be_gone_back_to(session: Session, settle):
    with pytest.raises(RunError, match="no run to go back to"):
        session.go_back()
    session.train(0, 2)
    settle(session)
    weights = session.now.run.trainer.system.state_dict()
    session.new_run({"data": "moons"})
    assert (session.before, session.unsaved_steps, session.status().seq) == ("new run", 0, 0)
    assert session.go_back().data == "digits"
    assert (session.before, session.unsaved_steps, session.status().seq) == ("", 2, 2)
    assert all(map(torch.equal, weights.values(), session.now.run.trainer.system.state_dict().values()))
    session.train(0, 1)
    settle(session)
    session.reset()
    session.train(0, 1)
    settle(session)
    assert session.go_back() and session.status().seq == 3  # both had unsaved steps: they change places
    assert session.go_back() and session.status().seq == 1


def test_a_paused_job_is_let_go_for_nobody(session: Session):
    assert not session.busy
    session.train(0, 10_000)
    session.pause()
    assert session.busy and session.status().state == "paused"
    session.stop()
    assert not session.busy


def test_probes_in_the_making_hold_up_no_curves(session: Session, monkeypatch: pytest.MonkeyPatch):
    begun, go = threading.Event(), threading.Event()

    def slowly(*given):
        begun.set()
        assert go.wait(20)
        return probes_look(*given)

    monkeypatch.setattr("lab.looks.probes_look", slowly)
    waiting = threading.Thread(target=session.probes_info)
    waiting.start()
    assert begun.wait(20)
    assert session.gallery(3).samples and session.strip_info().now is None
    go.set()
    waiting.join(20)


def test_a_broken_run_is_a_sentence_and_the_open_one_stays(session: Session):
    session.save("broken")
    (session.shelf.root / "broken" / "model.safetensors").write_bytes(b"short")
    before = session.now
    with pytest.raises(RunError, match="safetensors"):
        session.open_run("broken")
    assert session.now is before


def test_probes_now_and_at_a_keyframe_beside_the_start(session: Session, settle):
    with pytest.raises(BadInput, match="Train a stage"):
        session.probes_info(0)
    session.train_all()
    settle(session)
    look = session.probes_info()
    assert look.now.similarity.shape == look.start.similarity.shape == (10, 10)
    assert look.pictures.shape == (10, 1, 28, 28) and look.n == 20
    assert not np.allclose(look.now.similarity, look.start.similarity)
    assert np.allclose(look.by_class.sum(axis=1)[look.usage.won > 0], 1)
    assert probes(look.now, look.start, look.usage, look.pictures, n=look.n, seed=look.seed).n_probes == 10
    places = session.keyframes_info()
    at = next(index for index, place in enumerate(places) if place.label == "stage 1, step 6")
    then = session.probes_info(at)
    assert then.trained == "stage 1, step 6"
    assert np.allclose(then.now.similarity, look.now.similarity, atol=2e-3), "half precision"
    assert session.probes_info() is look, "kept as long as the weights stay"


def test_decoders_show_stage_0_as_it_was_and_as_it_drifted(session: Session, settle):
    assert session.decoders_info([0]).stage0 is None
    session.train_all()
    settle(session)
    look = session.decoders_info([0, 3])
    assert look.stage0 is not None and look.stage0_at == "stage 0, step 3"
    for picture in (look.x, look.clean, look.stage0, look.drifted):
        assert picture.shape == (2, 1, 28, 28)
    assert look.film.shape == (2, len(look.film_at), 1, 28, 28) and look.film_at == (0, 1, 2, 3, 6, 10)
    assert np.array_equal(look.x, look.clean)
    noisy = session.decoders_info([0, 3], 0.5)
    assert np.array_equal(noisy.clean, look.clean) and (noisy.x - noisy.clean).std() == pytest.approx(0.5, rel=0.1)
    assert not np.allclose(noisy.probabilities, look.probabilities)
    assert not np.allclose(look.stage0, look.drifted)
    assert np.allclose(look.probabilities.sum(axis=1), 1, atol=1e-5)
    assert np.allclose(look.without_context.sum(axis=1), 1, atol=1e-5)
    assert not np.allclose(look.without_context, look.probabilities)
    assert look.context.n == 20 and look.context.right.low <= look.context.right.value
    test = session.now.run.bundle.test
    assert look.labels == tuple(str(int(label)) for label in test.y[[0, 3]])


@pytest.mark.parametrize("samples", [[], [20], [-1], [True], ["0"], None, 3, list(range(17)), [float("nan")]])
def test_decoders_refuse(session: Session, samples):
    with pytest.raises(BadInput):
        session.decoders_info(samples)


@pytest.mark.parametrize("noise", [-0.1, 2.1, "0.5", None, True, float("nan")])
def test_decoders_refuse_such_noise(session: Session, noise):
    with pytest.raises(BadInput, match="Noise"):
        session.decoders_info([0], noise)


@pytest.mark.parametrize(
    ("last", "steps"),
    [(0, (0,)), (1, (0, 1)), (3, (0, 1, 2, 3)), (10, (0, 1, 2, 3, 6, 10)), (200, (0, 1, 4, 14, 53, 200))],
)
def test_a_film_is_denser_where_a_thought_moves_most(last: int, steps: tuple[int, ...]):
    assert film_steps(last) == steps


def test_the_strip_draws_the_same_digits_as_learning_goes_on(session: Session, settle):
    first = session.strip_info()
    assert first.now is None and first.before is None and first.inputs.shape == (8, 1, 28, 28)
    session.train(0, 2)
    settle(session)
    look = session.strip_info()
    assert look.now is not None and look.before is not None
    assert look.now_at == "stage 0, step 2" and look.before_at == "stage 0, step 1"
    assert strip(look.inputs, look.now, look.before, now_at=look.now_at, before_at=look.before_at).n == 8
    session.train(1, 1)
    settle(session)
    assert not np.allclose(session.strip_info().now, look.now)


def test_while_it_trains_the_strip_is_drawn_now_and_then(session: Session, settle, monkeypatch):
    session.train(0, 1)
    settle(session)
    monkeypatch.setattr("lab.session.STRIP_S", float("inf"))
    session.train(0, 10_000)
    first = session.strip_info()
    while session.status().step < 3:
        threading.Event().wait(0.002)
    assert session.strip_info() is first
    monkeypatch.setattr("lab.session.STRIP_S", 0.0)
    assert session.strip_info() is not first
    session.stop()
    assert session.strip_info().now_at == f"stage 0, step {session.status().step}"


def test_the_calibrated_gate_keeps_out_three_percent(session: Session, settle):
    session.train_all()
    settle(session)
    threshold = session.calibrate()
    system, x = session.now.snapshot().system, session.now.run.bundle.validation.x
    assert -1 <= threshold <= 1
    assert threshold == pytest.approx(float(gate_similarities(system, x).double().quantile(0.03)))
    shut = session.thought_now(sample=0, threshold=1.0).thoughts["sober"]
    assert shut.gate[0] == 0 and np.abs(shut.states).max() < 1


def test_the_gallery_takes_classes_in_turn(session: Session):
    look = session.gallery(10)
    test = session.now.run.bundle.test
    assert look.x.shape == (10, 1, 28, 28) and len(set(look.samples)) == 10
    assert look.labels == tuple(str(int(test.y[sample])) for sample in look.samples)
    seen = sorted(set(test.y.tolist()))
    assert sorted(set(map(int, look.labels[: len(seen)]))) == seen
    assert len(session.gallery(200, "validation").samples) == 20
    for bad in (0, 201, "10", None):
        with pytest.raises(BadInput):
            session.gallery(bad)


FORGED = [None, "", "1", True, 1.5, float("nan"), float("inf"), -1, 10**30, [1], {"a": 1}]


@pytest.mark.parametrize("value", FORGED)
def test_what_a_stranger_sends_is_refused_by_a_sentence(session: Session, value):
    asks = [
        lambda: session.train(value),
        lambda: session.open_run(value),
        lambda: session.new_run({"data": value}),
        lambda: session.new_run(value),
        lambda: session.set_dial(value, value),
        lambda: session.history_since(value),
        lambda: session.gallery(value, value),
        lambda: session.diagram_info([value]),
        lambda: session.probes_info([value]),
        lambda: session.thought_now(mode=[value]),
        lambda: session.decoders_info([value, []]),
        lambda: session.save(value),
    ]
    for ask in asks[:-1] if value == "1" else asks:  # "1" is a name like any other
        with pytest.raises(SAID) as caught:
            ask()
        assert 10 < len(str(caught.value)) < 400
    assert session.status().state == "idle"


def test_sessions_are_found_by_id_and_never_meet(small_data, config, settle, tmp_path):
    first, second = open_session(), open_session()
    try:
        assert first.id != second.id and SESSIONS.get(first.id) is first
        for visitor in (first, second):
            visitor._take(begin(config, small_data))
        first.train(0, 2)
        settle(first)
        assert second.status().seq == 0 and first.status().seq == 2
        with pytest.raises(BadInput):
            SESSIONS.get("A" * 32)
    finally:
        for visitor in (first, second):
            SESSIONS.drop(visitor.id)
    with pytest.raises(BadInput):
        SESSIONS.get(first.id)


def test_two_visitors_train_at_the_same_time(small_data, config, settle):
    visitors = [Session(), Session()]
    for visitor in visitors:
        visitor._take(begin(config, small_data))
    for visitor in visitors:
        visitor.train_all()
    for visitor in visitors:
        settle(visitor)
    left, right = (visitor.now.run.trainer.system.state_dict() for visitor in visitors)
    assert all(torch.equal(left[key], right[key]) for key in left)
    for visitor in visitors:
        visitor.close()
