"""Converge: choose an input and a mind; one clock in the browser drives every view of the thought."""

from dataclasses import replace
from typing import Any

import gradio as gr

from lab.limits import BadInput
from lab.links import DIALS, FIRST_NOISE, first_question, query_of
from lab.question import MODES, Question
from lab.session import Session
from lab.tabs import drink, settling
from lab.tabs.page import FIRST_TAB, IN_GALLERY, LATEST, PRIVATE, Memory, Page, Tick, open_tab, said, session_of
from lab.views.gallery import gallery_payload
from lab.views.thought import umap_patch, waiting_payload
from lab.web.component import Instrument
from lab.web.component import converge as converge_instrument
from lab.web.fields import Number, Slider

TAB = FIRST_TAB

WORDS = {
    "noise": "Noise σ",
    "seed": "Seed of luck",
    "mind": "Mind",
    "skip": "Drunk: skips a step",
    "push": "Drunk: push σ",
    "gate": "Gate opens at",
    "calibrate": "Calibrate gate",
    "open": "Open gate",
    "steps": "Steps of thought",
    "again": "Think again",
    "link": "A link to this view",
    "waiting": "Thinking",
    "elsewhere": "Another page of this browser thinks now. Think again here for its map.",
}


def build(page: Page) -> gr.Tab:
    """The tab and its events."""
    with open_tab(TAB) as tab, gr.Row(elem_classes="converge-row"):
        with gr.Column(scale=0, min_width=256, elem_classes="controls"):
            inputs = Instrument(
                "gallery", scripts=("gallery.js",), triggers=("pick",), label="Inputs", elem_id="gallery"
            )
            noise = _slider("noise", FIRST_NOISE)
            mind = gr.Radio(list(MODES), value="sober", label=WORDS["mind"], elem_id="mind")
            skip = _slider("skip", 0.3)
            push = _slider("push", 0.2)
            gate = _slider("gate", -1)
            page.gate = gate
            with gr.Row():
                calibrate = gr.Button(WORDS["calibrate"], size="sm", elem_id="calibrate", min_width=60)
                opened = gr.Button(WORDS["open"], size="sm", elem_id="open-gate", min_width=60)
            steps = _slider("steps", 10)
            seed = Number(0, precision=0, label=WORDS["seed"], elem_id="seed", minimum=0)
            with gr.Row():
                again = gr.Button(WORDS["again"], size="sm", elem_id="think-again", min_width=60)
                link = Instrument(
                    "link", scripts=("link.js",), triggers=("ask",), plotly=False, label=WORDS["link"], elem_id="link"
                )
        with gr.Column(scale=1, min_width=320):
            thought = converge_instrument(waiting_payload(WORDS["waiting"]))
        sample = gr.State(-1)
        part = gr.State("test")
        """The split that the sample is of."""
        weights = gr.State("own")
        """Whose thoughts: the run's, or those of one that learned without blurred targets."""
        asked_key = gr.State("")
        """Names the question and the weights of the thought on the page."""
        replayed = gr.State("")
        """The same for the last thought that was replayed over the keyframes."""

    drawn = [thought, asked_key, seed]
    asked = [page.visitor, page.memory, sample, part, weights, noise, seed, mind, skip, push, gate, steps]

    @said
    def think(visitor: Any, memory: Memory, *sent: Any) -> tuple[Any, ...]:
        session = session_of(visitor)
        sent, luck = _with_luck(sent, memory)
        key = _key(session, sent)
        shown = session.thought_now(**_question(sent))
        memory["thought"] = shown.id
        return shown.payload(), key, luck

    @said
    def come_back(visitor: Any, before: str, memory: Memory, *sent: Any) -> tuple[Any, ...]:
        """The tab is opened again: a new thought only if the network or the question is another."""
        if _key(session_of(visitor), sent) == before:
            return (gr.skip(),) * 3
        return think(visitor, memory, *sent)

    @said
    def replay(visitor: Any, memory: Memory, key: str, done: str) -> tuple[Any, str]:
        session = session_of(visitor)
        elsewhere = session.shown_id != memory.get("thought")  # another page of this visitor thought meanwhile
        shown = None if elsewhere or key == done else session.thought_replay()
        if shown is None:
            return gr.skip(), done
        session.umap_start()
        return shown.payload(), key

    @said
    def pick(event: gr.EventData) -> tuple[Any, str]:
        """An input of the gallery."""
        return _sent(event).get("sample"), "test"

    @said
    def pick_point(event: gr.EventData) -> tuple[Any, str]:
        """An input of the map's cloud."""
        return _sent(event).get("point"), "train"

    @said
    def pick_weights(event: gr.EventData) -> Any:
        return _sent(event).get("weights")

    @said
    def axis(visitor: Any, event: gr.EventData) -> Any:
        """The thought between two probes; the page merges it in and moves nothing."""
        asked = _sent(event)
        return session_of(visitor).axis_patch(asked.get("from"), asked.get("to"))

    @said
    def find_gate(visitor: Any) -> float:
        return round(session_of(visitor).calibrate(), 3)

    @said
    def begin(visitor: Any, memory: Memory, chosen: Any) -> tuple[Any, ...]:
        """The gallery and the dials of the run that is open, or what the page's address asks for."""
        session = session_of(visitor)
        info, shown, asked = session.run_info(), session.gallery(IN_GALLERY), memory.link_for(TAB)
        if asked is None:  # another run: what the dials say of input, noise and mind goes on
            first = first_question(info, shown.samples)
            first = replace(first, sample=chosen) if chosen in shown.samples else first
            left: tuple[Any, ...] = (gr.skip(),) * 3
        else:
            first = asked.question
            left = (first.noise, first.seed, first.mode)
            if first.part == "test":
                shown = session.gallery(IN_GALLERY, also=first.sample)
        marked = first.sample if first.part == "test" else None
        return (
            gallery_payload(info.data, shown.samples, shown.x, shown.labels, marked),
            first.sample,
            first.part,
            first.weights,
            first.skip,
            first.push,
            gr.update(value=first.threshold),
            first.n_steps,
            *left,
        )

    @said
    def address(visitor: Any, memory: Memory, *sent: Any) -> dict[str, Any]:
        """A link to what the dials say; its number makes the same link anew."""
        session = session_of(visitor)
        first = first_question(session.run_info(), session.gallery(IN_GALLERY).samples)
        memory["links"] = memory.get("links", 0) + 1
        sent, _ = _with_luck(sent, memory)
        return {"query": query_of(session.question_of(**_question(sent)), first), "number": memory["links"]}

    def map_state(visitor: Any, memory: Memory) -> tuple[Any]:
        """How far the UMAP map is; sent when it changes."""
        session, mine = session_of(visitor), memory.get("thought")
        patch = session.umap_patch()
        if mine is not None and session.shown_id != mine:
            patch = umap_patch(mine, "failed", WORDS["elsewhere"])
        if patch is None or not memory.new("umap", (patch["id"], patch["state"], patch.get("text"))):
            return (gr.skip(),)
        return (patch,)

    def follow(event: Any) -> None:
        """After a thought: the same at every keyframe, then the map."""
        event.success(replay, [page.visitor, page.memory, asked_key, replayed], [thought, replayed], **PRIVATE)

    def on_open(event: Any) -> None:
        ready = event.success(
            begin,
            [page.visitor, page.memory, sample],
            [inputs, sample, part, weights, skip, push, gate, steps, noise, seed, mind],
            **PRIVATE,
        )
        follow(ready.then(think, asked, drawn, **PRIVATE))

    page.on_open.append(on_open)
    for slider in (noise, skip, push, gate, steps):
        follow(slider.input(think, asked, drawn, **LATEST))
    follow(mind.input(think, asked, drawn, **LATEST))
    follow(seed.submit(think, asked, drawn, **LATEST))
    follow(again.click(think, asked, drawn, **LATEST))
    follow(inputs.pick(pick, None, [sample, part], **PRIVATE).then(think, asked, drawn, **LATEST))
    follow(thought.pick(pick_point, None, [sample, part], **PRIVATE).then(think, asked, drawn, **LATEST))
    follow(calibrate.click(find_gate, page.visitor, gate, **PRIVATE).then(think, asked, drawn, **LATEST))
    follow(opened.click(lambda: -1, None, gate, **PRIVATE).then(think, asked, drawn, **LATEST))
    follow(thought.weights(pick_weights, None, weights, **PRIVATE).then(think, asked, drawn, **LATEST))
    thought.axis(axis, page.visitor, thought, **LATEST)
    follow(thought.act(think, asked, drawn, **LATEST))
    follow(thought.lost(think, asked, drawn, **LATEST))
    follow(tab.select(come_back, [page.visitor, asked_key, *asked[1:]], drawn, **LATEST))
    link.ask(address, asked, link, **PRIVATE)
    page.ticks.append(Tick(TAB, map_state, [thought]))
    with tab:
        settling.section(page)
        drink.section(page)
    return tab


def _slider(name: str, value: float) -> Slider:
    """One that has the range of a link."""
    dial = DIALS[name]
    return Slider(dial.low, dial.high, value=value, step=dial.step, label=WORDS[name], elem_id=name)


NAMES = ("sample", "part", "weights", "noise", "seed", "mode", "skip", "push", "threshold", "n_steps")
"""What the dials mean, in the order in which they are sent."""


def _question(sent: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(NAMES, sent, strict=True))


def _with_luck(sent: tuple[Any, ...], memory: Memory) -> tuple[tuple[Any, ...], Any]:
    """The dials with a seed that there is, and what its field is to show. A wrong one is said once and undone: else
    every other dial would meet it again."""
    place = NAMES.index("seed")
    try:
        Question.checked({}, seed=sent[place])
    except BadInput as error:
        gr.Warning(str(error), title=WORDS["seed"])
        good = memory.get("seed", 0)
        return (*sent[:place], good, *sent[place + 1 :]), good
    memory["seed"] = sent[place]
    return sent, gr.skip()


def _sent(event: gr.EventData) -> dict[str, Any]:
    return event._data if isinstance(event._data, dict) else {}


def _key(session: Session, sent: tuple[Any, ...]) -> str:
    status = session.status()
    return f"{status.epoch} {status.seq} {sent!r}"
