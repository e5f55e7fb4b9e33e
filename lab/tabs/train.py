"""Train: a new run, the network as a diagram, four stage cards, live curves, vitals, and a strip of digits."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import gradio as gr

from lab import settings
from lab.session import Session
from lab.tabs import doctor
from lab.tabs.page import PRIVATE, Page, Tick, said, session_of
from lab.views import curves, gallery, vitals
from lab.views.cards import stage_card_html, stage_cards
from lab.views.diagram import diagram, diagram_html
from lab.views.glossary import STAGES
from lab.web import panels

TAB = "Train"
MORE = 50

WORDS = {
    "new": "New run",
    "begin": "Start from scratch",
    "begin_hint": "Begins an untrained run with these settings. The present run is let go; save it first to keep it.",
    "open": "Open a run",
    "all": "Train all four stages",
    "reset": "Reset",
    "reset_seed": "Reset with seed",
    "dials": "Dials: learning rates and loss weights",
    "dials_hint": "They hold from the stage's next step on. The recipe's value stands in brackets.",
    "defaults": "Back to the recipe",
    "save": "Save",
    "save_name": "Save as",
    "saved": "Saved as {name}.",
    "auto": "follow the training",
}


@dataclass(frozen=True)
class View:
    """What one page holds of the run, so that only what changed is sent."""

    epoch: int = -1
    stage: int | None = None
    """Chosen by the visitor; None follows the training."""
    cursor: curves.Cursor | None = None
    cards: tuple[Any, ...] = ()
    diagram: Any = None
    strip: tuple[str, str] | None = None
    seq: int = -1


def build(page: Page) -> gr.Tab:
    """The tab, its events, and its share of the timer."""
    with gr.Tab(TAB, id=TAB) as tab:
        with gr.Row(elem_classes="train-actions"):
            everything = gr.Button(
                WORDS["all"], variant="primary", size="sm", scale=0, min_width=180, elem_id="train-all"
            )
            reset = gr.Button(WORDS["reset"], size="sm", scale=0, min_width=80, elem_id="reset")
            with gr.Accordion(WORDS["new"], open=False, elem_id="new-run"):
                _new_run(page)
            with gr.Accordion(WORDS["dials"], open=False, elem_id="dials"):
                _dials(page)
        schematic = panels.panel(elem_id="network", label="The network")
        cards: list[gr.HTML] = []
        with gr.Row(elem_classes="stage-row", equal_height=True):
            for stage in range(len(STAGES)):
                with gr.Column(elem_classes="lab-card", min_width=220):
                    cards.append(panels.panel(elem_id=f"card-{stage}", label=f"Stage {stage}"))
                    with gr.Row(elem_classes="card-buttons"):
                        rest = gr.Button("Train", size="sm", min_width=60, elem_id=f"train-{stage}", variant="primary")
                        more = gr.Button(f"+{MORE}", size="sm", min_width=60, elem_id=f"more-{stage}")
                    _trains(page, rest, stage, None)
                    _trains(page, more, stage, MORE)
        with gr.Row(elem_classes="train-lower"):
            with gr.Column(scale=3, min_width=360):
                curve = panels.curves()
            with gr.Column(scale=2, min_width=320):
                strip = panels.panel(elem_id="strip", label="The same digits, as they are drawn")
                sparks = panels.panel(elem_id="vitals", label="Vitals")
        doctor.section(page, TAB)
        view = gr.State(View())

    @said
    def train_all(visitor: Any) -> None:
        session_of(visitor).train_all()

    @said
    def start_again(visitor: Any) -> None:
        session_of(visitor).reset()

    def choose(event: gr.EventData, held: View) -> View:
        """Shows another stage's charts; the next look sends them."""
        stage = event._data.get("stage") if isinstance(event._data, dict) else None
        chosen = stage if stage in range(len(STAGES)) and not isinstance(stage, bool) else None
        return dataclasses.replace(held, stage=chosen, cursor=None, diagram=None)

    def resync(held: View) -> View:
        return dataclasses.replace(held, cursor=None)

    everything.click(train_all, page.visitor, None, **PRIVATE)
    page.openers.append(reset.click(start_again, page.visitor, None, **PRIVATE))
    curve.stage(choose, view, view, **PRIVATE)
    curve.resync(resync, view, view, **PRIVATE)
    page.ticks.append(Tick(TAB, look, [view], [schematic, *cards, curve, strip, sparks, view]))
    return tab


def look(visitor: Any, held: View) -> tuple[Any, ...]:
    """What changed since this page last looked: diagram, four cards, curves, strip, vitals, and what it holds now."""
    session = session_of(visitor)
    status = session.status()
    if status.epoch != held.epoch:
        held = View(epoch=status.epoch, stage=held.stage)
    stage = held.stage if held.stage is not None else (status.stage or 0)
    facts = session.stages_info()
    cards = tuple(stage_card_html(card) for card in stage_cards(facts, stage))
    schematic = diagram_html(diagram(**session.diagram_info(stage)))
    chart, cursor = _curves(session, held, stage)
    after = dataclasses.replace(held, cards=cards, diagram=schematic, cursor=cursor, seq=status.seq)
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
    old = (*held.cards, None, None, None, None)
    return (
        gr.skip() if schematic == held.diagram else panels.show(schematic),
        *(gr.skip() if card == old[index] else panels.show(card) for index, card in enumerate(cards)),
        chart,
        strip,
        sparks,
        gr.skip() if after == held else after,
    )


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
    @said
    def train(visitor: Any) -> None:
        session_of(visitor).train(stage, n_steps)

    button.click(train, page.visitor, None, **PRIVATE)


def _new_run(page: Page) -> None:
    """The dials of a new run, each with its default; and the runs that can be opened."""
    default = settings.NewRun()
    with gr.Row():
        data = gr.Dropdown(list(settings.DATASETS), value=default.data, label="Data", min_width=130)
        seed = gr.Number(default.seed, precision=0, label="Seed", minimum=settings.SEEDS[0], min_width=90)
        dim = gr.Number(default.dim, precision=0, label="D, latent width", min_width=110)
        probes = gr.Number(default.n_probes, precision=0, label="K, probes", min_width=90)
        steps = gr.Number(default.n_steps, precision=0, label="T, steps of thought", min_width=130)
    with gr.Row():
        vitakka = gr.Dropdown(
            list(settings.VITAKKAS), value=default.vitakka, label="Vitakka · the first guess", min_width=140
        )
        vicara = gr.Dropdown(
            list(settings.VICARAS), value=default.vicara, label="Vicara · one step of thought", min_width=150
        )
        sati = gr.Dropdown(list(settings.SATIS), value=default.sati, label="Sati · when to stop", min_width=130)
        still = gr.Number(default.sati_threshold, label="Sati threshold, step size", min_width=130)
        vipassana = gr.Dropdown(
            list(settings.VIPASSANAS), value=default.vipassana, label="Vipassana · judging one's thought", min_width=150
        )
        upsampling = gr.Dropdown(
            list(settings.UPSAMPLINGS), value=default.upsampling, label="Upsampling", min_width=130
        )
        device = gr.Dropdown(list(settings.DEVICES), value=default.device, label="Device", min_width=100)
    with gr.Row():
        begin = gr.Button(WORDS["begin"], variant="primary", size="sm", elem_id="begin", min_width=140)
        saved = gr.Dropdown([], label=WORDS["open"], elem_id="open-run", min_width=160, allow_custom_value=True)
        name = gr.Textbox("", label=WORDS["save_name"], elem_id="save-name", placeholder="my-run", min_width=140)
        save = gr.Button(WORDS["save"], size="sm", elem_id="save", min_width=80)
    note = gr.Markdown(WORDS["begin_hint"], elem_classes="quiet")
    dials = [data, seed, dim, probes, steps, vitakka, vicara, sati, still, vipassana, upsampling, device]
    names = [item.name for item in dataclasses.fields(settings.NewRun)]

    @said
    def start(visitor: Any, *sent: Any, progress: gr.Progress = gr.Progress()) -> str:  # noqa: B008 (Gradio's way)
        given = {key: _whole(value) for key, value in zip(names, sent, strict=True)}

        def tell(share: float, text: str) -> None:
            progress(share, desc=text)

        info = session_of(visitor).new_run(given, tell)
        return f"Begun: {info.data}, seed {info.seed}, {info.parameters:,} parameters. {WORDS['begin_hint']}"

    @said
    def open_run(visitor: Any, chosen: Any) -> str:
        info = session_of(visitor).open_run(chosen)
        return f"Opened: {info.name}. {WORDS['begin_hint']}"

    @said
    def keep(visitor: Any, chosen: Any) -> tuple[str, Any]:
        session = session_of(visitor)
        session.save(chosen)
        return WORDS["saved"].format(name=chosen), gr.update(choices=list(session.shelf.names()))

    def shelf(visitor: Any) -> Any:
        return gr.update(choices=list(session_of(visitor).shelf.names()))

    page.openers.append(begin.click(start, [page.visitor, *dials], note, api_visibility="private"))
    saved.focus(shelf, page.visitor, saved, **PRIVATE)
    page.openers.append(saved.input(open_run, [page.visitor, saved], note, **PRIVATE))
    save.click(keep, [page.visitor, name], [note, saved], **PRIVATE)


def _whole(value: Any) -> Any:
    # a number field without decimals sends 64.0 or 64, by its mood
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _dials(page: Page) -> None:
    """One number per dial of the curriculum, in four columns."""
    from lab.dials import RATES, WEIGHTS, dials_of
    from satipatthana.configs import CurriculumConfig

    gr.Markdown(WORDS["dials_hint"], elem_classes="quiet")
    fields: list[tuple[str, gr.Number, float]] = []
    with gr.Row():
        for stage, word in enumerate(STAGES):
            with gr.Column(min_width=180):
                gr.Markdown(f"**Stage {stage}** {word.gloss}")
                for dial in dials_of(CurriculumConfig()):
                    if dial.stage != stage:
                        continue
                    name = dial.term or "learning rate"
                    low, high = WEIGHTS if dial.term else RATES
                    field = gr.Number(dial.default, label=f"{name} ({dial.default:g})", minimum=low, maximum=high)
                    fields.append((dial.path, field, dial.default))
                    _turns(page, field, dial.path)
    back = gr.Button(WORDS["defaults"], size="sm", elem_id="dials-default")

    @said
    def recipe(visitor: Any) -> list[float]:
        session = session_of(visitor)
        return [session.set_dial(path, default).value for path, _, default in fields]

    back.click(recipe, page.visitor, [field for _, field, _ in fields], **PRIVATE)


def _turns(page: Page, field: gr.Number, path: str) -> None:
    @said
    def turn(visitor: Any, value: Any) -> None:
        session_of(visitor).set_dial(path, value)

    field.blur(turn, [page.visitor, field], None, **PRIVATE)
    field.submit(turn, [page.visitor, field], None, **PRIVATE)
