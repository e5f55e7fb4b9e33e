"""First guesses that are lost: the gate that is shut while it should learn, probes that fall together."""

from lab.exhibits.card import Card, Code, Dial, Measure, Prediction, Story

PROBE_COLLAPSE = Card(
    number=10,
    key="probe-collapse",
    title="Ten first guesses, and half of them are never made",
    founding=True,
    story=Story(
        symptom="After training most inputs start from the same few probes; the others answer nothing, ever.",
        guess="Too few probes, or too short a training: give it more of both.",
        cause="Attention feeds what already wins. A probe that answers little gets little gradient, stays where it "
        "chance put it, and answers less. Nothing in the loss asks for the others.",
        cure="Two loss terms: balance (the mean use of the probes in a batch against an even one) and orthogonality "
        "(mean square of the cosines between probes). They cost nothing to compute; balance assumes that classes "
        "come about equally often.",
        lesson="What shall stay diverse must be asked to, in the terms in which it collapses.",
        measured="The founding cure, ProbeDiversityLoss, asks for a low mean cosine. Two clumps that point apart reach "
        "it as well as ten directions do, and inside a clump probes still die: turn its dial and look.",
    ),
    code=Code("satipatthana.components.objectives:balance", lines=14),
    prediction=Prediction(
        question="Ten probes, of which each input uses the nearest. Without the two losses, how many will be in use?",
        options=("About all ten: there are ten digits", "Six or seven", "One: they all fall together"),
        answer=1,
        because="Some always win and some never do. It is no total collapse, so the loss alone does not show it.",
    ),
    measure=Measure(
        "usage perplexity",
        better="higher",
        margin=1.0,
        about="exp of the entropy of how often each probe answers, over the validation inputs: 10 where all answer "
        "alike, 1 where one answers all.",
    ),
    curve="reconstruction",
    looks="Probes",
    dials=(
        Dial("curriculum.stage1.weights.balance", "balance, fixed side", "fixed", 0.3, 0.0, 5.0),
        Dial("curriculum.stage1.weights.orthogonality", "orthogonality, fixed side", "fixed", 0.5, 0.0, 5.0),
        Dial("curriculum.stage1.weights.diversity", "founding cure, broken side", "broken", 0.0, 0.0, 5.0),
    ),
)

CARDS = (PROBE_COLLAPSE,)
