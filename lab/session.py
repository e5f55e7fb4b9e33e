"""One visitor: a run, its job, what was computed for the page. No gradio; everything a tab needs is one call here.

What a page sends is checked here, once. What is wrong comes as one of `SAID`, whose message is a sentence for a person.
A session may be asked from several threads.
"""

import atexit
import itertools
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab import companion, looks, looks_collapse, runs
from lab.attending import Attending
from lab.dials import Dial, dials_of, turn_dial
from lab.jobs import STAGES
from lab.limits import BadInput, choice, number
from lab.project import PROJECTOR, Projector, Ticket
from lab.question import Part, Question
from lab.registry import Registry
from lab.replay import place
from lab.runs import OpenRun, Shelf
from lab.status import History, JobStatus, Overview, Place, RunInfo
from lab.studies import catalogue
from lab.studies.drink import TwinsLook, twins_look
from lab.studies.study import Studies, StudyStatus, Subject
from lab.thoughts import Context, Shown, axis_view, placing, umap_view
from lab.views.thought import axis_patch, umap_patch
from lab.visit import SAID, Opened, said

__all__ = ["SAID", "SESSIONS", "Session", "open_session"]

MOST_STEPS = 100_000  # of one order
MAX_SESSIONS = 32
MOST_SHOWN = 200  # samples of a gallery
MOST_DECODED = 16
STRIP_S = 3.0
SHARP_DATA = "digits"
"""What the shipped run without blurred targets has learned."""


class Session(Attending):
    """See the module. `id` cannot be guessed; a page keeps it and finds its session again after a reload."""

    def __init__(
        self, shelf: Shelf | None = None, data_dir: Path | None = None, projector: Projector = PROJECTOR
    ) -> None:
        super().__init__(shelf, data_dir)
        self.id = ""
        self._projector = projector
        self._numbers = itertools.count(1)
        self._shown: Shown | None = None
        self._ticket: Ticket | None = None
        self._strip: tuple[int, float, looks.StripLook] | None = None
        self._studies = Studies()

    # --- training -------------------------------------------------------------------------------------------------

    def train(self, stage: Any, n_steps: Any = None) -> None:
        """Starts a stage in the background: `n_steps` more, or what its plan has left."""
        stage = choice(stage, STAGES, "Stage")
        if n_steps is not None:
            n_steps = number(n_steps, 1, MOST_STEPS, "Steps", integer=True)
        self.now.job.train(stage, n_steps)

    def train_all(self) -> None:
        """Starts all that is left of the four plans."""
        self.now.job.train_all()

    def pause(self) -> None:
        """Waits after the present step."""
        self.now.job.pause()

    def resume(self) -> None:
        """Goes on after a pause."""
        self.now.job.resume()

    def stop(self) -> None:
        """Ends the order; what was learned stays."""
        self.now.job.stop()

    def take_error(self) -> str | None:
        """What went wrong in the background, once; the status goes on saying it until the next order."""
        job = self.now.job
        message = job.status().message
        return message if job.take_error() is not None else None

    def history_since(self, seq: Any = 0, epoch: Any = None) -> History:
        """The records that the page lacks."""
        seq = number(seq, 0, 2**31, "Position", integer=True)
        if epoch is not None:
            epoch = number(epoch, 0, 2**31, "Epoch", integer=True)
        return self.now.job.history_since(seq, epoch)

    def dials(self) -> tuple[Dial, ...]:
        """Learning rate and loss weights of every stage, with the recipe's for this kind of network."""
        trainer = self.now.run.trainer
        return dials_of(trainer.curriculum, trainer.system.config.samatha)

    def set_dial(self, path: Any, value: Any) -> Dial:
        """Turns one dial, by its path; it holds from the stage's next step on."""
        with said():
            return self.now.job.between_steps(lambda trainer: turn_dial(trainer, path, value))

    # --- how the run is -------------------------------------------------------------------------------------------

    def overview(self) -> Overview:
        """What stays on top of the page."""
        status = self.status()
        if self._opened is None:
            return Overview("", "", None, 0, ("untrained",) * 4, status)
        run, states = self._opened.run, tuple(facts["state"] for facts in self.stages_info())
        return Overview(run.name, run.config.data, run.config.seed, status.seq, states, status)

    def stages_info(self) -> tuple[dict[str, Any], ...]:
        """The four stage cards' facts."""
        now, status = self.now, self.status()
        return looks.stage_facts(now.run.trainer.system, now.job.progress(), _order(status))

    def diagram_info(self, stage: Any = None) -> dict[str, Any]:
        """The network's parts for a chosen stage, by default the one in training: arguments of the diagram's view."""
        now, status = self.now, self.status()
        order = _order(status)
        if stage is not None:
            stage = choice(stage, STAGES, "Stage")
        elif order is not None:
            stage = order[0]
        parts = looks.part_facts(now.run.trainer.system, now.job.progress(), stage)
        injected = now.run.config.samatha.vicara.kind != "standard"
        return {"parts": parts, "stage": stage, "injected": injected, "now": order == (stage, "training")}

    def strip_info(self) -> looks.StripLook:
        """The same eight digits as the network draws them now and as it did at the last keyframe.

        While it trains, at most every three seconds: a drawing costs as much as half a step.
        """
        now, drawn_at = self.now, time.monotonic()
        if now.job.busy and self._strip is not None:
            epoch, before, look = self._strip
            if epoch == now.epoch and drawn_at - before < STRIP_S:
                return look
        look = self._draw_strip(now)
        self._strip = now.epoch, drawn_at, look
        return look

    def _draw_strip(self, now: Opened) -> looks.StripLook:
        bundle, snapshot = now.run.bundle, now.snapshot()
        inputs = bundle.validation.x[: looks.STRIP].numpy()
        history, keyframes = snapshot.history, snapshot.keyframes
        if not history:
            return looks.StripLook(inputs, None, None, "", "")
        settles = now.job.progress()[1].ever > 0  # before that only stage 0's head has learned to draw
        drawn = self._keep(("strip", snapshot.version), lambda: looks.strip_drawing(snapshot.system, bundle, settles))
        now_at = place(history[-1]).label
        if not keyframes:
            return looks.StripLook(inputs, drawn, None, now_at, "")
        index, past = len(keyframes) - 1, keyframes[-1]
        before = self._keep(
            ("strip at", now.epoch, index),
            lambda: looks.strip_drawing(self._at_keyframe(now, index), bundle, past.stage > 0),
        )
        return looks.StripLook(inputs, drawn, before, now_at, place(past).label)

    def keyframes_info(self) -> tuple[Place, ...]:
        """The keyframes in order."""
        return tuple(map(place, tuple(self.now.run.trainer.keyframes)))

    # --- thinking -------------------------------------------------------------------------------------------------

    def gallery(self, n: Any = 24, part: Any = "test", also: Any = None) -> looks.Gallery:
        """Samples to choose from, every class among them; `also` is one that must be there, in the last's place."""
        bundle = self.now.run.bundle
        part = choice(part, ("test", "validation"), "Split")
        n = number(n, 1, MOST_SHOWN, "Number of samples", integer=True)
        if also is not None:
            split = bundle.test if part == "test" else bundle.validation
            also = number(also, 0, len(split) - 1, "Sample", integer=True)
        return self._keep(("gallery", bundle.name, n, part, also), lambda: looks.gallery(bundle, n, part, also))

    def thought_now(self, **sent: Any) -> Shown:
        """Thinks with the present weights, also while they are in training. The settings are those of `Question`."""
        question = self.question_of(**sent)
        source = self._source(question)
        self._shown = source.thinker.now(
            f"thought-{next(self._numbers)}",
            question,
            source.snapshot,
            source.run,
            blurs=source.blurs,
            switches=self.switches,
        )
        return self._shown

    @property
    def sizes(self) -> dict[Part, int]:
        """Samples of each split that can be thought about."""
        bundle = self.now.run.bundle
        return {"test": len(bundle.test), "train": len(bundle.train)}

    def question_of(self, **sent: Any) -> Question:
        """What a page asks, checked."""
        return Question.checked(self.sizes, **sent)

    @property
    def blurs(self) -> bool:
        """Intermediate decodes of this run are trained on blurred targets."""
        return companion.blurs(self.now.run.trainer)

    @property
    def switches(self) -> bool:
        """Whether a shipped run can think in the place of this one: of the same data and kind, but without blur."""
        run = self.now.run
        alike = run.bundle.name == SHARP_DATA and run.config.samatha.adapter.kind == "cnn"
        return alike and self.blurs and runs.shipped_folder(runs.SHARP) is not None

    @property
    def question(self) -> Question | None:
        """What the last thought was about; None before the first."""
        return None if self._shown is None else self._shown.question

    @property
    def shown_id(self) -> str:
        """Of the last thought, whichever page of this visitor asked for it; empty before the first."""
        return "" if self._shown is None else self._shown.id

    @property
    def last_thought(self) -> Shown | None:
        """The last thought, if it was this run's; None before the first."""
        shown = self._shown
        return shown if shown is not None and shown.question.weights == "own" else None

    def thought_replay(self) -> Shown | None:
        """The last thought at every keyframe too: some seconds. None when a newer one was asked for meanwhile."""
        shown = self._last_shown()
        source = self._source(shown.question)
        if self._shown is not shown:  # another run was opened between the two lines: this thought is not its own
            return None
        return source.thinker.replay(shown, source.snapshot, lambda: self._shown is shown)

    def umap_start(self) -> None:
        """Asks for the UMAP map of the last thought; a request for an older one is dropped."""
        shown = self._last_shown()
        self._ticket = self._projector.ask(self.id, placing(shown))

    def umap_patch(self) -> dict[str, Any] | None:
        """How far the map of the last thought is, as the page is told; None when it was not asked for."""
        shown, ticket = self._shown, self._ticket
        if shown is None or ticket is None or ticket.placing.shown != shown.id or ticket.state == "superseded":
            return None
        if ticket.state == "ready" and ticket.result is not None:
            return umap_patch(shown.id, "ready", view=umap_view(shown, ticket.result))
        return umap_patch(shown.id, "failed" if ticket.state == "failed" else "working", ticket.text)

    def axis_patch(self, first: Any, second: Any) -> dict[str, Any]:
        """The last thought on the axis between two probes, as the page is told."""
        shown = self._last_shown()
        last = len(shown.context.probes) - 1
        first, second = (number(probe, 0, last, "Probe", integer=True) for probe in (first, second))
        with said():
            view = self._keep(("axis", shown.id, first, second), lambda: axis_view(shown, first, second))
        return axis_patch(shown.id, first, second, view)

    def context(self) -> Context:
        """Where 2,000 thoughts end with the present weights, by class."""
        now = self.now
        return now.thinker.context(now.snapshot())

    # --- looking closer ---------------------------------------------------------------------------------------------

    def twins_info(self) -> TwinsLook:
        """The thought on the page, sober and drunk, and then both sober again."""
        now, question = self.now, self._last_shown().question
        snapshot = now.snapshot()
        key = ("twins", snapshot.version, question)
        return self._keep(key, lambda: twins_look(snapshot.system, now.run.bundle, question))

    def calibrate(self) -> float:
        """The gate threshold that keeps out 3 % of the validation set."""
        from satipatthana.diagnostics.gate import calibrate, gate_similarities

        now = self.now
        snapshot, x = now.snapshot(), now.run.bundle.validation.x
        return self._keep(("calibrated", snapshot.version), lambda: calibrate(gate_similarities(snapshot.system, x)))

    def probes_info(self, keyframe: Any = None) -> looks.ProbesLook:
        """The probes now, or at a keyframe, beside those at initialisation."""
        now = self.now
        snapshot, bundle = now.snapshot(), now.run.bundle
        start = self._keep(("start", now.epoch), snapshot.system.freshly_initialised)
        if keyframe is None:
            key, when, system = ("probes", snapshot.version), "now", snapshot.system
        else:
            if not snapshot.keyframes:
                raise BadInput("There is no keyframe yet; expected some of a trained stage. Train a stage first.")
            index = number(keyframe, 0, len(snapshot.keyframes) - 1, "Keyframe", integer=True)
            system = self._at_keyframe(now, index)
            key, when = ("probes at", now.epoch, index), place(snapshot.keyframes[index]).label
        return self._keep(key, lambda: looks.probes_look(system, start, bundle, when))

    def collapse_info(self) -> looks_collapse.CollapseLook:
        """Who answers what, and whether different inputs end apart."""
        now = self.now
        snapshot, bundle = now.snapshot(), now.run.bundle
        with said():
            return self._keep(
                ("collapse", snapshot.version), lambda: looks_collapse.collapse_look(snapshot.system, bundle)
            )

    def gates_info(self) -> looks_collapse.GatesLook:
        """Both gates at every threshold."""
        now = self.now
        snapshot, bundle = now.snapshot(), now.run.bundle
        with said():
            return self._keep(("gates", snapshot.version), lambda: looks_collapse.gates_look(snapshot.system, bundle))

    def decoders_info(self, samples: Sequence[Any], noise: Any = 0.0) -> looks.DecodersLook:
        """Test samples through every decoder, stage 0's as that stage left it and as it has drifted since."""
        now = self.now
        snapshot, bundle = now.snapshot(), now.run.bundle
        if not isinstance(samples, list | tuple) or not 1 <= len(samples) <= MOST_DECODED:
            raise BadInput(f"Samples must be a list of 1 to {MOST_DECODED} numbers. Choose some digits.")
        rows = tuple(number(sample, 0, len(bundle.test) - 1, "Sample", integer=True) for sample in samples)
        sigma = number(noise, 0, 2, "Noise")
        places = [place(keyframe) for keyframe in snapshot.keyframes]
        index = max((i for i, at in enumerate(places) if at.stage == 0 and at.step > 0), default=None)
        stage0 = None if index is None else self._at_keyframe(now, index)
        at = "" if index is None else places[index].label
        return self._keep(
            ("decoders", snapshot.version, rows, index, sigma),
            lambda: looks.decoders_look(snapshot.system, stage0, bundle, rows, at, sigma),
        )

    # --- studies --------------------------------------------------------------------------------------------------

    def start_study(self, name: Any, **sent: Any) -> None:
        """Works on a study of the present weights in the background; see `lab.studies.catalogue`."""
        study, now = catalogue.find(name), self.now
        subject = Subject(
            now.run.name,
            now.run.config,
            now.run.bundle,
            now.snapshot(),
            lambda index: self._at_keyframe(now, index),
            self.clinic.undisclosed(now.run.origin),
        )
        self._studies.start(study, subject, sent)

    def cancel_study(self, name: Any) -> None:
        """Leaves a study at its next piece of work."""
        self._studies.cancel(catalogue.find(name).name)

    def study(self, name: Any) -> StudyStatus:
        """How a study is, and what it has found so far; cheap."""
        return self._studies.status(catalogue.find(name).name)

    @property
    def validation_size(self) -> int:
        """Samples on which choices are looked at."""
        return len(self.now.run.bundle.validation)

    @property
    def weights_version(self) -> int:
        """Of the present weights: what was found for another version is of earlier ones."""
        return self.now.job.version

    def close(self) -> None:
        self._studies.close()
        super().close()

    def _source(self, question: Question) -> companion.Source:
        now = self.now
        if question.weights == "sharp":
            with said():
                return companion.companion(runs.SHARP, now.run.bundle)
        return companion.Source(now.run.name, now.snapshot(), now.thinker, self.blurs)

    def _take(self, run: OpenRun) -> RunInfo:
        self._shown = self._ticket = (
            None  # they are another network's: gone before that one is, and whatever came meanwhile
        )
        info = super()._take(run)
        self._studies.clear()
        self._shown = self._ticket = None
        return info

    def _last_shown(self) -> Shown:
        if self._shown is None:
            raise BadInput("There is no thought yet; expected one on the page. Choose a digit first.")
        return self._shown


def _order(status: JobStatus) -> tuple[int, str] | None:
    """The stage that an order is about, and whether it is followed (training) or waits (paused)."""
    if status.stage is None or status.state not in ("training", "paused"):
        return None
    return status.stage, status.state


SESSIONS: Registry[Session] = Registry(
    "session", MAX_SESSIONS, busy=lambda session: session.busy, let_go=lambda session: session.close()
)
atexit.register(SESSIONS.clear)


def open_session(shelf: Shelf | None = None, data_dir: Path | None = None) -> Session:
    """A new visitor's session, kept under its id until nobody asks for it any more."""
    session = Session(shelf, data_dir)
    session.id = SESSIONS.add(session)
    return session
