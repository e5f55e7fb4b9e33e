"""The four stage cards: what each stage is, how far it is, and what its state means for the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, get_args

from lab.views.glossary import STAGES, names
from lab.views.style import count, escape, number

StageState = Literal["untrained", "begun", "training", "paused", "done", "stale"]
STATES: Mapping[str, str] = MappingProxyType(
    {
        "untrained": "not trained yet",
        "begun": "begun, not at the end of its plan",
        "training": "training",
        "paused": "paused",
        "done": "done",
        "stale": "stale: train it again",
    }
)
MORE = 50
"""Steps that the second button adds to a stage."""
_WITHOUT: Mapping[tuple[int, int], str] = MappingProxyType(
    {
        (1, 0): "Stage 0 is untrained: the adapter starts blind and learns to see here, with everything else.",
        (
            2,
            1,
        ): "Stage 1 is untrained: a judge learns here from thoughts that settle nowhere meaningful, so its trust will "
        "not mean much. Better train stage 1 first.",
        (3, 1): "Stage 1 is untrained: answers are read from the thoughts of an untrained mind. Expect few right ones.",
        (
            3,
            2,
        ): "Stage 2 is untrained: the context that the answer reads is an untrained judge's. It can still learn to "
        "answer from s* alone.",
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
    chosen: bool
    notes: tuple[str, ...]

    @property
    def share(self) -> float:
        """Steps done of planned, at most 1."""
        return min(1.0, self.done / self.planned) if self.planned else 0.0


def stage_cards(stages: Sequence[Mapping[str, Any]], chosen: int | None = None) -> tuple[StageCard, ...]:
    """Cards from plain facts, in the order of the stages; ``chosen`` is the stage that diagram and curves show.

    Each mapping may hold ``learns`` (component names), ``parameters``, ``done``, ``planned``, ``state``, ``last_loss``.
    Raises ValueError unless there are four, or for an unknown state.
    """
    if len(stages) != len(STAGES):
        raise ValueError(f"{len(stages)} stages were given; the curriculum has {len(STAGES)}.")
    states = [facts.get("state", "untrained") for facts in stages]
    for state in states:
        if state not in get_args(StageState):
            raise ValueError(f"A stage is in state {state!r}; known: {', '.join(get_args(StageState))}.")
    return tuple(_card(index, facts, states, index == chosen) for index, facts in enumerate(stages))


def _card(index: int, facts: Mapping[str, Any], states: Sequence[StageState], chosen: bool) -> StageCard:
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
        chosen=chosen,
        notes=_notes(index, states, chosen),
    )


def _notes(index: int, states: Sequence[StageState], chosen: bool) -> tuple[str, ...]:
    if states[index] == "stale":
        return ("An earlier stage was trained again since, so this one stands on a network that is gone.",)
    if states[index] == "untrained" and not chosen:
        return ()  # a fresh run warns nobody before he reaches for the stage
    missing = [other for other in range(index) if states[other] == "untrained" and (index, other) in _WITHOUT]
    return tuple(_WITHOUT[index, other] for other in missing[:1])


@dataclass(frozen=True)
class Orders:
    """What may be pressed: all stages; of each stage what *Train* is called and whether it may; *+50* of any."""

    everything: bool
    rest: tuple[tuple[str, bool], ...]
    more: bool


def orders(cards: Sequence[StageCard], training: bool) -> Orders:
    """A stage whose plan is done has nothing left to train unless it is stale; while one trains no other may begin."""
    due = [card.state == "stale" or card.done < card.planned for card in cards]
    rest = tuple(
        ("Train again" if card.state == "stale" else "Train", left and not training)
        for card, left in zip(cards, due, strict=True)
    )
    return Orders(any(due) and not training, rest, not training)


def stage_card_html(card: StageCard) -> str:
    """The inside of one card as HTML. Its number is a button that chooses the stage (act "stage-k")."""
    learned = "–" if card.parameters is None else count(card.parameters)
    loss = "–" if card.last_loss is None else number(card.last_loss)
    # one line, whole on hover: a note that comes and goes moves nothing
    notes = "".join(
        f'<p class="card-note" tabindex="0" data-tip="{escape(note)}">{escape(note)}</p>' for note in card.notes
    )
    pressed = str(card.chosen).lower()
    return (
        f'<article class="stage-card{" chosen" if card.chosen else ""}" data-state="{card.state}"'
        f' aria-label="Stage {card.stage}: {escape(card.title)}, {STATES[card.state]}">'
        f'<header><button class="card-number" type="button" data-act="stage-{card.stage}" aria-pressed="{pressed}"'
        f' title="Show stage {card.stage} in the diagram and the curves">{card.stage}</button>'
        f'<div><h4>{escape(card.title)}</h4><p class="gloss">{escape(card.gloss)}</p></div>'
        f'<span class="card-state">{card.state}</span></header>'
        f'<p class="card-learns">Learns: {escape(names(card.learns)) or "–"}'
        f" <span>({learned} parameters)</span></p>{notes}"
        f'<div class="card-bar" role="progressbar" aria-label="steps done" aria-valuemin="0" aria-valuemax="100"'
        f' aria-valuenow="{100 * card.share:.0f}"><i style="width:{100 * card.share:.1f}%"></i></div>'
        f'<p class="card-facts"><span>{_progress(card)}</span><span>last loss {loss}</span></p></article>'
    )


def _progress(card: StageCard) -> str:
    done, planned = count(card.done), count(card.planned)
    if not card.planned:
        return f"{done} steps"
    if card.state == "done" and card.done == card.planned:
        return f"all {done} steps · +{MORE} goes on"
    return f"{done} of {planned}, past the plan" if card.done > card.planned else f"{done} of {planned} steps"
