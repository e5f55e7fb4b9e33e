"""Train: which run, its dials, the network as a diagram, four stage cards, live curves, vitals, a strip of digits."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import gradio as gr

from lab.session import Session
from lab.tabs import dials, doctor, new_run
from lab.tabs.page import PRIVATE, Memory, Page, Tick, open_tab, pressed, session_of
from lab.views import curves, gallery, vitals
from lab.views.cards import MORE, Orders, orders, stage_card_html, stage_cards
from lab.views.diagram import diagram, diagram_html
from lab.views.glossary import STAGES
from lab.web import panels
from lab.web.component import Instrument

TAB = "Train"
VIEW = "train"

ACTS = {f"stage-{stage}": stage for stage in range(len(STAGES))}
"""What a card's number sends when it is pressed."""

WORDS = {"all": "Train all four stages"}


@dataclass(frozen=True)
class View:
    """What one page holds of the run, so that only what changed is sent."""

    epoch: int = -1
    stage: int | None = None
    """Chosen by the visitor; None follows the training."""
    cursor: curves.Cursor | None = None
    cards: tuple[Any, ...] = ()
    orders: Orders | None = None
    diagram: Any = None
    strip: tuple[str, str] | None = None
    seq: int = -1


def build(page: Page) -> gr.Tab:
    """The tab, its events, and its share of the timer."""
    with open_tab(TAB) as tab:
        with gr.Row(elem_classes="train-actions"):
            everything = gr.Button(
                WORDS["all"], variant="primary", size="sm", scale=0, min_width=180, elem_id="train-all"
            )
            new_run.keeping(page, TAB)
            new_run.drawer(page)
            dials.section(page)
        schematic = panels.panel(elem_id="network", label="The network")
        cards: list[Instrument] = []
        rests: list[gr.Button] = []
        mores: list[gr.Button] = []
        with gr.Row(elem_classes="stage-row", equal_height=True):
            for stage in range(len(STAGES)):
                with gr.Column(elem_classes="lab-card", min_width=220):
                    cards.append(panels.panel(elem_id=f"card-{stage}", label=f"Stage {stage}"))
                    with gr.Row(elem_classes="card-buttons"):
                        rest = gr.Button("Train", size="sm", min_width=60, elem_id=f"train-{stage}", variant="primary")
                        more = gr.Button(f"+{MORE}", size="sm", min_width=60, elem_id=f"more-{stage}")
                    rests.append(rest)
                    mores.append(more)
                    _trains(page, rest, stage, None)
                    _trains(page, more, stage, MORE)
        with gr.Row(elem_classes="train-lower"):
            with gr.Column(scale=3, min_width=360):
                curve = panels.curves()
            with gr.Column(scale=2, min_width=320):
                strip = panels.panel(elem_id="strip", label="The same digits, as they are drawn")
                sparks = panels.panel(elem_id="vitals", label="Vitals")
        doctor.section(page, TAB)

    @pressed
    def train_all(visitor: Any) -> None:
        session_of(visitor).train_all()

    def choose(memory: Memory, event: gr.EventData) -> None:
        """Shows another stage's charts; the next look sends them."""
        held = memory.get(VIEW, View())
        sent = event._data if isinstance(event._data, dict) else {}
        stage = sent.get("stage", ACTS.get(str(sent.get("act"))))
        chosen = stage if stage in range(len(STAGES)) and not isinstance(stage, bool) else None
        memory[VIEW] = dataclasses.replace(held, stage=chosen, cursor=None, diagram=None)

    def resync(memory: Memory) -> None:
        memory[VIEW] = dataclasses.replace(memory.get(VIEW, View()), cursor=None)

    everything.click(train_all, page.visitor, None, **PRIVATE)
    for chosen in (curve.stage, *(card.act for card in cards)):
        chosen(choose, page.memory, None, **PRIVATE)
    curve.resync(resync, page.memory, None, **PRIVATE)
    shown = [schematic, *cards, everything, *rests, *mores, curve, strip, sparks]
    page.ticks.append(Tick(TAB, look, shown))
    return tab


def look(visitor: Any, memory: Memory) -> tuple[Any, ...]:
    """What changed since this page last looked: diagram, four cards, their buttons, curves, strip, vitals."""
    session = session_of(visitor)
    before = held = memory.get(VIEW, View())
    status = session.status()
    if status.epoch != held.epoch:
        held = View(epoch=status.epoch, stage=held.stage)
    stage = held.stage if held.stage is not None else (status.stage or 0)
    facts = session.stages_info()
    stages = stage_cards(facts, stage)
    cards, buttons = tuple(map(stage_card_html, stages)), orders(stages, status.state == "training")
    schematic = diagram_html(diagram(**session.diagram_info(stage)))
    chart, cursor = _curves(session, held, stage)
    after = dataclasses.replace(held, cards=cards, orders=buttons, diagram=schematic, cursor=cursor, seq=status.seq)
    strip: Any = gr.skip()
    drawn = session.strip_info()
    if held.strip != (drawn.now_at, drawn.before_at):
        after = dataclasses.replace(after, strip=(drawn.now_at, drawn.before_at))
        info = gallery.strip(drawn.inputs, drawn.now, drawn.before, now_at=drawn.now_at, before_at=drawn.before_at)
        strip = panels.show(gallery.strip_html(info))
    sparks: Any = gr.skip()
    if held.seq != status.seq:
        info = session.run_info()
        history = session.history_since().records
        sparks = panels.show(vitals.vitals_html(vitals.vitals(history, info.n_probes), info.seed, 128))
    if memory.get(VIEW, before) is before:
        memory[VIEW] = after  # else the visitor chose meanwhile: what he chose is drawn at the next look
    old = (*held.cards, None, None, None, None)
    return (
        gr.skip() if schematic == held.diagram else panels.show(schematic),
        *(gr.skip() if card == old[index] else panels.show(card) for index, card in enumerate(cards)),
        *_buttons(buttons, held.orders),
        chart,
        strip,
        sparks,
    )


def _buttons(now: Orders, before: Orders | None) -> tuple[Any, ...]:
    """Of all four stages, then *Train* and *+50* of each."""
    if now == before:
        return (gr.skip(),) * (1 + 2 * len(STAGES))
    rests = [gr.update(value=text, interactive=ready) for text, ready in now.rest]
    return gr.update(interactive=now.everything), *rests, *[gr.update(interactive=now.more)] * len(STAGES)


def _curves(session: Session, held: View, stage: int) -> tuple[Any, curves.Cursor]:
    history = session.history_since().records
    cursor = held.cursor
    if cursor is None or cursor.stage != stage or cursor.seen > len(history):
        run = str(held.epoch)  # as long as it stays the same, the page keeps its zoom
        seq = 0 if cursor is None else cursor.seq + 1
        return curves.seed(history, stage, seq=seq, run=run)
    delta, cursor = curves.append(history, cursor)
    return (gr.skip() if delta is None else delta), cursor


def _trains(page: Page, button: gr.Button, stage: int, n_steps: int | None) -> None:
    @pressed
    def train(visitor: Any) -> None:
        session_of(visitor).train(stage, n_steps)

    button.click(train, page.visitor, None, **PRIVATE)
