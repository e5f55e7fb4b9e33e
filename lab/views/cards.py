"""The four stage cards: what each stage is, how far it is, and what its state means for the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, get_args

from lab.views.glossary import STAGES, names
from lab.views.style import count, escape, number

StageState = Literal["untrained", "training", "paused", "done", "stale"]
STATES: Mapping[str, str] = MappingProxyType(
    {
        "untrained": "not trained yet",
        "training": "training",
        "paused": "paused",
        "done": "done",
        "stale": "stale: train it again",
    }
)
_WITHOUT: Mapping[tuple[int, int], str] = MappingProxyType(
    {
        (1, 0): "Stage 0 was skipped: the adapter starts blind and learns to see here, together with everything else.",
        (
            2,
            1,
        ): "Stage 1 was skipped: this trains a judge on thoughts of an untrained mind, which do not settle anywhere "
        "meaningful. Trust will not mean much; train stage 1 first, then this again.",
        (3, 1): "Stage 1 was skipped: answers are read from thoughts of an untrained mind. Expect few right ones.",
        (3, 2): "Stage 2 was skipped: the context that the answer reads is that of an untrained judge. It can still "
        "learn to answer from s* alone.",
    }
)
"""What it means to train a stage (first) while an earlier one (second) is untrained."""


@dataclass(frozen=True)
class StageCard:
    """One card; ``notes`` say what its state means. ``parameters`` is None while unknown."""

    stage: int
    title: str
    gloss: str
    learns: tuple[str, ...]
    parameters: int | None
    done: int
    planned: int
    state: StageState
    last_loss: float | None
    notes: tuple[str, ...]

    @property
    def share(self) -> float:
        """Steps done of planned, at most 1."""
        return min(1.0, self.done / self.planned) if self.planned else 0.0


def stage_cards(stages: Sequence[Mapping[str, Any]]) -> tuple[StageCard, ...]:
    """Cards from plain facts, in the order of the stages.

    Each mapping may hold ``learns`` (component names), ``parameters``, ``done``, ``planned``, ``state``, ``last_loss``.
    Raises ValueError unless there are four, or for an unknown state.
    """
    if len(stages) != len(STAGES):
        raise ValueError(f"{len(stages)} stages were given; the curriculum has {len(STAGES)}.")
    states = [facts.get("state", "untrained") for facts in stages]
    for state in states:
        if state not in get_args(StageState):
            raise ValueError(f"A stage is in state {state!r}; known: {', '.join(get_args(StageState))}.")
    return tuple(_card(index, facts, states) for index, facts in enumerate(stages))


def _card(index: int, facts: Mapping[str, Any], states: Sequence[StageState]) -> StageCard:
    entry = STAGES[index]
    return StageCard(
        stage=index,
        title=entry.name,
        gloss=entry.gloss,
        learns=tuple(facts.get("learns", ())),
        parameters=facts.get("parameters"),
        done=facts.get("done", 0),
        planned=facts.get("planned", 0),
        state=states[index],
        last_loss=facts.get("last_loss"),
        notes=_notes(index, states),
    )


def _notes(index: int, states: Sequence[StageState]) -> tuple[str, ...]:
    if states[index] == "stale":
        return ("An earlier stage was trained again after this one, so it stands on a network that is gone.",)
    missing = [other for other in range(index) if states[other] == "untrained" and (index, other) in _WITHOUT]
    return tuple(_WITHOUT[index, other] for other in missing[:1])


def stage_card_html(card: StageCard, chosen: bool = False) -> str:
    """The inside of one card as HTML. ``chosen`` marks the stage that diagram and curves show."""
    learned = "–" if card.parameters is None else count(card.parameters)
    loss = "–" if card.last_loss is None else number(card.last_loss)
    notes = "".join(f'<p class="card-note">{escape(note)}</p>' for note in card.notes)
    progress = f"{count(card.done)} of {count(card.planned)} steps" if card.planned else f"{count(card.done)} steps"
    beyond = " (past the plan)" if card.planned and card.done > card.planned else ""
    return (
        f'<article class="stage-card{" chosen" if chosen else ""}" data-state="{card.state}" data-stage="{card.stage}"'
        f' aria-label="Stage {card.stage}: {escape(card.title)}, {STATES[card.state]}">'
        f'<header><span class="card-number">{card.stage}</span><div><h4>{escape(card.title)}</h4>'
        f'<p class="gloss">{escape(card.gloss)}</p></div><span class="card-state">{card.state}</span></header>'
        f'<p class="card-learns">Learns: {escape(names(card.learns)) or "–"}'
        f" <span>({learned} parameters)</span></p>{notes}"
        f'<div class="card-bar" role="progressbar" aria-label="steps done" aria-valuemin="0" aria-valuemax="100"'
        f' aria-valuenow="{100 * card.share:.0f}"><i style="width:{100 * card.share:.1f}%"></i></div>'
        f'<p class="card-facts"><span>{progress}{beyond}</span><span>last loss {loss}</span></p></article>'
    )
