"""Which run is open, on Train: save it, reset it, begin a new one or open one that was saved."""

import dataclasses
import time
from typing import Any

import gradio as gr

from lab import settings
from lab.limits import choice
from lab.tabs.page import PRIVATE, Memory, Page, Tick, pressed, said, session_of
from lab.views.style import count
from lab.web import panels
from lab.web.fields import Number

ASKS_S = 6.0

WORDS = {
    "new": "New run, open a run",
    "begin": "Start from scratch",
    "begin_hint": "Begins an untrained run with these settings. If the present one has unsaved steps, a button above "
    "goes back to it; the next such run takes its place there.",
    "preset": "Preset",
    "presets": {
        "default": "**default**: the recipe, a network that sees the whole picture at once.",
        "local": "**local**: the encoder sees patches, a step of thought only its neighbours, so that thinking pays. "
        "Images only; D and vicara are fixed. Training takes some five minutes on two cores.",
    },
    "open": "Open a run",
    "really": "Really reset?",
    "reset": "Reset with seed",
    "reset_seed": "Seed of the reset",
    "save": "Save",
    "save_name": "Save as",
    "saved": "Saved as {name}.",
    "unsaved": "{n} not saved",
    "back": "Back to {name}",
    "opened": "Opened",
}


def keeping(page: Page, tab: str) -> None:
    """Saves the run under a name, or begins it again; and how many steps would be lost."""
    _saving(page)
    _resetting(page, tab)
    _going_back(page, tab)
    unsaved = panels.panel(elem_id="unsaved", label="Unsaved steps")

    def look(visitor: Any, memory: Memory) -> tuple[Any]:
        n = session_of(visitor).unsaved_steps
        return (panels.show(_unsaved(n)) if memory.new("unsaved", n) else gr.skip(),)

    page.ticks.append(Tick(tab, look, [unsaved]))


def _going_back(page: Page, tab: str) -> None:
    """The run before this one, if it had steps that were not saved."""
    back = gr.Button(visible=False, size="sm", scale=0, min_width=140, elem_id="go-back")

    @pressed
    def go(visitor: Any) -> None:
        info = session_of(visitor).go_back()
        gr.Info(info.name, title=WORDS["opened"])

    def look(visitor: Any, memory: Memory) -> tuple[Any]:
        name = session_of(visitor).before
        if not memory.new("before", name):
            return (gr.skip(),)
        return (gr.update(value=WORDS["back"].format(name=name), visible=bool(name)),)

    page.openers.append(back.click(go, page.visitor, None, **PRIVATE))
    page.ticks.append(Tick(tab, look, [back]))


def _saving(page: Page) -> None:
    name = gr.Textbox(
        show_label=False,
        label=WORDS["save_name"],
        placeholder=WORDS["save_name"],
        container=False,
        max_lines=1,
        scale=0,
        min_width=120,
        elem_id="save-name",
    )
    save = gr.Button(WORDS["save"], size="sm", scale=0, min_width=64, elem_id="save")

    @pressed
    def keep(visitor: Any, chosen: Any) -> None:
        session_of(visitor).save(chosen)
        gr.Info(WORDS["saved"].format(name=chosen), title=WORDS["save"])

    gr.on([save.click, name.submit], keep, [page.visitor, name], None, **PRIVATE)


def _resetting(page: Page, tab: str) -> None:
    """With this or another seed. It asks first when steps would be lost."""
    reset = gr.Button(WORDS["reset"], size="sm", scale=0, min_width=140, elem_id="reset")
    seed = Number(
        show_label=False,
        label=WORDS["reset_seed"],
        precision=0,
        container=False,
        scale=0,
        min_width=76,
        elem_id="reset-seed",
    )
    meant = gr.State(0)
    """How often a reset was meant."""

    @pressed
    def ask(visitor: Any, memory: Memory, meant: int) -> tuple[Any, ...]:
        now = time.monotonic()
        asked = memory.pop("reset asked", None)
        if session_of(visitor).unsaved_steps and (asked is None or now - asked > ASKS_S):
            memory["reset asked"] = now
            return gr.update(value=WORDS["really"], variant="stop"), gr.skip()
        return gr.update(value=WORDS["reset"], variant="secondary"), meant + 1

    @said
    def start_again(visitor: Any, seed: Any) -> None:
        session_of(visitor).reset(seed)

    def look(visitor: Any, memory: Memory) -> tuple[Any]:
        """Nobody answered: the button is itself again."""
        asked = memory.get("reset asked")
        if asked is None or time.monotonic() - asked <= ASKS_S:
            return (gr.skip(),)
        del memory["reset asked"]
        return (gr.update(value=WORDS["reset"], variant="secondary"),)

    @said
    def fill(visitor: Any) -> int:
        return session_of(visitor).run_info().seed

    reset.click(ask, [page.visitor, page.memory, meant], [reset, meant], **PRIVATE)
    page.openers.append(meant.change(start_again, [page.visitor, seed], None, **PRIVATE))
    page.on_open.append(lambda event: event.success(fill, page.visitor, seed, **PRIVATE))
    page.ticks.append(Tick(tab, look, [reset]))


def drawer(page: Page) -> None:
    """The dials of a new run, each with its default; and the runs that can be opened."""
    with gr.Accordion(WORDS["new"], open=False, elem_id="new-run") as around:
        began = _new_run(page)
    for event in began:  # what is to be seen next lies below
        event.success(lambda: gr.update(open=False), None, around, **PRIVATE)


def _new_run(page: Page) -> list[Any]:
    """The drawer's inside; the events after which another run is open."""
    default = settings.NewRun()
    with gr.Row():
        preset = gr.Dropdown(list(settings.PRESETS), value=default.preset, label=WORDS["preset"], min_width=100)
        data = gr.Dropdown(list(settings.DATASETS), value=default.data, label="Data", min_width=130)
        seed = Number(default.seed, precision=0, label="Seed", min_width=90)
        dim = Number(default.dim, precision=0, label="D, latent width", min_width=110)
        probes = Number(default.n_probes, precision=0, label="K, probes", min_width=90)
        steps = Number(default.n_steps, precision=0, label="T, steps of thought", min_width=130)
    with gr.Row():
        vitakka = gr.Dropdown(
            list(settings.VITAKKAS), value=default.vitakka, label="Vitakka · the first guess", min_width=140
        )
        vicara = gr.Dropdown(
            list(settings.VICARAS), value=default.vicara, label="Vicara · one step of thought", min_width=150
        )
        sati = gr.Dropdown(list(settings.SATIS), value=default.sati, label="Sati · when to stop", min_width=130)
        still = Number(default.sati_threshold, label="Sati threshold, step size", min_width=130)
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
    which = gr.Markdown(WORDS["presets"][default.preset], elem_classes="quiet")
    note = gr.Markdown(WORDS["begin_hint"], elem_classes="quiet")
    dials = [preset, data, seed, dim, probes, steps, vitakka, vicara, sati, still, vipassana, upsampling, device]
    names = [item.name for item in dataclasses.fields(settings.NewRun)]

    @said
    def choose(sent: Any) -> tuple[Any, ...]:
        """What the preset fixes shows its value and is greyed; what it frees is as usual again."""
        chosen = choice(sent, settings.PRESETS, WORDS["preset"])
        fixed = settings.FIXED[chosen]
        values = {name: settings.brings(chosen).get(name, getattr(default, name)) for name in moved}
        fields = (gr.update(value=value, interactive=name not in fixed) for name, value in values.items())
        return *fields, WORDS["presets"][chosen]

    moved = {"dim": dim, "n_steps": steps, "vicara": vicara}
    preset.input(choose, preset, [*moved.values(), which], **PRIVATE)

    @pressed
    def start(visitor: Any, *sent: Any, progress: gr.Progress = gr.Progress()) -> str:  # noqa: B008 (Gradio's way)
        def tell(share: float, text: str) -> None:
            progress(share, desc=text)

        info = session_of(visitor).new_run(dict(zip(names, sent, strict=True)), tell)
        gr.Info(f"{info.data}, seed {info.seed}, {info.parameters:,} parameters.", title="Begun")
        return WORDS["begin_hint"]

    @said
    def open_run(visitor: Any, chosen: Any) -> str:
        info = session_of(visitor).open_run(chosen)
        gr.Info(info.name, title=WORDS["opened"])
        return WORDS["begin_hint"]

    def shelf(visitor: Any) -> Any:
        return gr.update(choices=list(session_of(visitor).shelf.names()))

    saved.focus(shelf, page.visitor, saved, **PRIVATE)
    began = [
        begin.click(start, [page.visitor, *dials], note, api_visibility="private"),
        saved.input(open_run, [page.visitor, saved], note, **PRIVATE),
    ]
    page.openers += began
    return began


def _unsaved(n: int) -> str:
    steps = f"{count(n)} step{'' if n == 1 else 's'}"
    return f'<span class="lab-corner">{WORDS["unsaved"].format(n=steps) if n else ""}</span>'
