"""Every word of the lab with its plain gloss and its help, so that a Pali term never stands alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from lab.views.style import escape


@dataclass(frozen=True)
class Word:
    """A term, its gloss in a few words and its help in three sentences."""

    name: str
    gloss: str
    help: str


def _words(*entries: tuple[str, str, str, str]) -> Mapping[str, Word]:
    return MappingProxyType({key: Word(name, gloss, text) for key, name, gloss, text in entries})


# In the order in which data flow. The keys of what learns are the network's own component names.
PARTS = _words(
    (
        "augmenter",
        "Augmenter",
        "adds noise",
        "Adds noise and small shifts to the input while the network trains. Each sample gets its own "
        "amount, called severity, from 0 to 1. It has nothing to learn.",
    ),
    (
        "adapter",
        "Adapter",
        "learns to see",
        "Turns the input into a latent vector z. For images it is a small convolutional network, for "
        "plain vectors two layers. Stages 0 and 1 train it; later stages leave it as it is.",
    ),
    (
        "vitakka",
        "Vitakka",
        "first guess",
        "Compares z with a few learned probes and mixes those that answer into s₀, the thought's first "
        "state. Its gate shuts out inputs that look like nothing it knows. Stage 1 trains the probes.",
    ),
    (
        "vicara",
        "Vicara",
        "one step of thought",
        "Takes a state s and returns the next one; the same step is taken again and again. The default "
        "step sees z each time and pulls any two states together, so that the thought settles in one "
        "place. Stage 1 trains it.",
    ),
    (
        "sati",
        "Sati",
        "when to stop",
        "Decides for each sample alone when its thought is over: after a fixed number of steps, or when a "
        "step has become small enough. The state in which it stops is called s*. It has nothing to learn.",
    ),
    (
        "santana",
        "Santana",
        "the record of the thought",
        "Keeps every state of the thought from s₀ to s*, every step size, and which steps were skipped. "
        "It stands beside the path of the gradients, so no loss is ever computed from it. It has nothing "
        "to learn.",
    ),
    (
        "vipassana",
        "Vipassana",
        "judging one's own thought",
        "Reads the record and says how far the thought can be believed: trust, conformity and confidence, "
        "each from 0 to 1. It also hands a short context to the answer. Stage 2 trains it.",
    ),
    (
        "answer",
        "Decoder",
        "the answer",
        "Names the class from the settled state s* and from Vipassana's context. It sees nothing else of "
        "the input. Stage 3 trains it.",
    ),
    (
        "adapter_recon_head",
        "Recon head of z",
        "draws what is seen",
        "Draws an image from z, before any thinking. Stage 0 trains it together with the adapter; later "
        "stages move the adapter, so the frozen head then draws less well. The Decoders tab shows both.",
    ),
    (
        "samatha_recon_head",
        "Recon head of s",
        "draws any state",
        "Draws an image from any state of the thought: this is what makes a thought visible. It starts as "
        "a copy of the stage-0 head. Stage 1 trains it.",
    ),
    (
        "aux_head",
        "Aux head",
        "label guidance",
        "A small classifier on s*, used in stage 1 only, so that settled states of different classes come "
        "to lie apart. It gives no answer on the page. Stage 1 trains it.",
    ),
)

TERMS = _words(
    (
        "satipatthana",
        "Satipatthana",
        "foundations of mindfulness",
        "The whole network: it sees, guesses, thinks until the thought is still, judges its own thought, "
        "and answers. Its parts carry the names of Buddhist mental factors. Each name stands here with a "
        "plain gloss.",
    ),
    (
        "samatha",
        "Samatha",
        "settling",
        "Everything from the input to the settled state s*: adapter, first guess, and the steps of "
        "thought. It is an attractor network: one step, repeated, leads to a fixed point. Stage 1 trains "
        "it.",
    ),
    (
        "s0",
        "s₀",
        "first state",
        "The state that Vitakka guesses before any step of thought. It is one tenth z and nine tenths a "
        "mix of the probes, unless a run says otherwise. With the gate shut it is zero.",
    ),
    (
        "s_star",
        "s*",
        "settled state",
        "The state in which a thought stopped. The answer and the judgement read this state. Whether it "
        "is a fixed point shows in the last step size.",
    ),
    (
        "probe",
        "Probe",
        "a learned direction to compare with",
        "One of a few learned vectors that Vitakka compares with z by cosine. Several probes should share "
        "the work; when few do it all, the network has collapsed. Each can be drawn as an image.",
    ),
    (
        "gate",
        "Gate",
        "which inputs may think",
        "Open for an input whose similarity reaches a threshold, shut for the rest. A shut gate lets "
        "nothing in: s₀ is zero and stays zero. Training keeps it open, so that learning can start.",
    ),
    (
        "drunk",
        "Drunk mode",
        "a disturbed mind",
        "Some steps are skipped and every other one is pushed by noise. The sober twin has the same input "
        "and the same luck with the dials at zero. A good judge trusts the drunk thought less.",
    ),
    (
        "trust",
        "Trust",
        "can this thought be believed?",
        "How much the thought looks like one that settled on a clean input, from 0 to 1. It reads how the "
        "steps shrank and where they ended. It is learned in stage 2; before that it means nothing.",
    ),
    (
        "conformity",
        "Conformity",
        "does it move as thoughts do?",
        "How much the path from s₀ to s* looks like the path of a normal thought, from 0 to 1. A "
        "recurrent network reads the whole record. It is learned in stage 2; before that it means "
        "nothing.",
    ),
    (
        "confidence",
        "Confidence",
        "trust and conformity together",
        "One score from both: the end of the thought and the way to it, from 0 to 1. The context that "
        "goes to the answer is read from the same layer. It is learned in stage 2; before that it means "
        "nothing.",
    ),
    (
        "perplexity",
        "Probe perplexity",
        "how many probes are in effect used",
        "The exponential of the entropy of probe usage: K when all K probes share the work evenly, 1 when "
        "one does it all. Well below K means that probes have died. Computed by "
        "satipatthana.measures.perplexity.",
    ),
    (
        "spread",
        "Spread of s*",
        "do different inputs end apart?",
        "The standard deviation of settled states over different inputs, averaged over the coordinates. "
        "Zero means that every input ends in one and the same state. Computed by "
        "satipatthana.diagnostics.collapse.spread.",
    ),
    (
        "accuracy",
        "Accuracy",
        "share of right answers",
        "The share of held-out inputs whose class is named from s*: by stage 1's label guidance until stage 3 trains "
        "the decoder, then by the decoder. Stage 0 has none. Test inputs are left alone while a run is tuned.",
    ),
    (
        "trust_gap",
        "Trust gap",
        "clean less drunk",
        "Mean trust on clean inputs minus mean trust on the same inputs thought drunk. Order alone is not "
        "enough: two means can be .01 apart and still be ranked perfectly. It is learned in stage 2.",
    ),
    (
        "keyframe",
        "Keyframe",
        "a look back in training",
        "A snapshot of the weights taken while the run was training, about twenty a stage. A thought, the "
        "probes and the map can be replayed with it. Early steps are kept more densely than late ones.",
    ),
    (
        "stale",
        "Stale",
        "learned from an older network",
        "An earlier stage was trained again after this one, so what this one learned no longer fits what "
        "it stands on. It still runs, but its numbers mislead. Train it again.",
    ),
)

STAGES: tuple[Word, ...] = tuple(
    _words(
        (
            "stage0",
            "Adapter pre-training",
            "learn to see",
            "The adapter and its recon head learn to draw the clean input from a noisy one. Nothing thinks yet. "
            "What it learns here is where every thought starts.",
        ),
        (
            "stage1",
            "Samatha training",
            "learn to settle",
            "The probes and the step of thought learn: thoughts come to rest where they can be drawn and told apart. "
            "The probes start from k-means on z. The adapter goes on learning.",
        ),
        (
            "stage2",
            "Vipassana training",
            "learn to judge one's own thought",
            "Vipassana learns to tell a clean thought from noisy, drunk, mismatched and empty ones. Everything else is "
            "frozen. Its targets are soft, so its loss has a floor above zero.",
        ),
        (
            "stage3",
            "Decoder fine-tuning",
            "learn to answer",
            "The decoder learns to name the class from s* and from Vipassana's context. Everything else is frozen. "
            "It is short, because what it reads is already in order.",
        ),
    ).values()
)
"""The four stages of the curriculum, in order."""

WORDS: Mapping[str, Word] = MappingProxyType({**PARTS, **TERMS})


def word(key: str) -> Word:
    """The entry of a key. Raises KeyError with the known keys."""
    if key not in WORDS:
        raise KeyError(f"No word {key!r} in the glossary; known: {', '.join(WORDS)}.")
    return WORDS[key]


def titled(key: str) -> str:
    """``Vitakka · first guess``."""
    entry = word(key)
    return f"{entry.name} · {entry.gloss}"


def titled_html(key: str) -> str:
    """The same as HTML: the gloss set quietly beside the name, the help on hover and focus."""
    entry = word(key)
    return (
        f'<span class="term" tabindex="0" data-tip="{escape(entry.help)}"><b>{escape(entry.name)}</b>'
        f' <span class="gloss">{escape(entry.gloss)}</span></span>'
    )


def names(keys: tuple[str, ...] | list[str]) -> str:
    """Several parts in one line: ``Adapter, Vitakka (first guess), ...``; Pali names keep their gloss."""
    plain = {"adapter", "answer", "adapter_recon_head", "samatha_recon_head", "aux_head", "augmenter"}
    entries = [(key, word(key)) for key in keys]
    return ", ".join(entry.name if key in plain else f"{entry.name} ({entry.gloss})" for key, entry in entries)


def help_html() -> str:
    """The whole glossary as a definition list, for the page's help."""
    rows = "".join(
        f"<dt><b>{escape(entry.name)}</b> <span class='gloss'>{escape(entry.gloss)}</span></dt>"
        f"<dd>{escape(entry.help)}</dd>"
        for entry in WORDS.values()
    )
    return f'<dl class="glossary">{rows}</dl>'
