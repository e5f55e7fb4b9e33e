"""First guesses that are lost: the gate that is shut while it should learn, probes that fall together."""

from lab.exhibits.card import Card, Code, Dial, Measure, Prediction, Story

SHUT_GATE = Card(
    number=4,
    key="shut-gate",
    title="Every input ends in the same thought",
    founding=True,
    story=Story(
        symptom="The loss falls at first, yet one and the same picture is drawn of every input, and the states at the "
        "end of a thought agree to the last digit.",
        guess="The thoughts have collapsed: more diversity, or another step of thought.",
        cause="The first guess has a gate that keeps out what resembles none of its probes. A new probe points where "
        "chance put it and nothing resembles it by .6, so nothing gets in; and what does not get in teaches "
        "nothing.",
        cure="Two thresholds: -1 in training, so that all gets in, and one for use, set when there is something to "
        "compare with. It costs a measurement after stage 1, and training says nothing about refusing.",
        lesson="A part that behaves one way in learning and another in use needs a setting for each.",
        measured="Over seeds 0, 1, 2: behind the hard gate s* spreads by 0 and the label head is right for .09 of "
        "the inputs; open, for .71 to .73. A soft gate does not save it at .6: it lets in less than a thousandth of "
        "an input. At .3 it does, as it learns to open itself (.53 to .66 right), where a hard .3 stays at 0. Probes "
        "from k-means, with which the real stage 1 begins, lie nearer: there a soft .6 comes to let in 93 % and more, "
        "a hard one 6 % and less (seeds 0, 1).",
    ),
    code=Code("satipatthana.components.vitakka:StandardVitakka.forward", 'if gate == "training"', lines=9),
    prediction=Prediction(
        question="Learning behind a gate that opens at a likeness of .6: in how many states do 250 inputs end?",
        options=("250, but close together", "About ten, one a digit", "One"),
        answer=2,
        because="Kept out, each begins at 0 and every step sees 0: nothing is left in which they could differ.",
    ),
    measure=Measure(
        "spread of s*",
        better="higher",
        margin=0.3,
        about="standard deviation of the state at the end of a thought over 250 validation inputs, mean over its "
        "coordinates; they pass the gate that was trained behind.",
    ),
    curve="reconstruction",
    looks="Probes",
    dials=(
        Dial("samatha.vitakka.training_gate_threshold", "gate opens at, broken side", "broken", 0.6, -1.0, 1.0),
        Dial("samatha.vitakka.gate", "gate, broken side", "broken", "hard", choices=("hard", "soft")),
    ),
)

PROBE_COLLAPSE = Card(
    number=10,
    key="probe-collapse",
    title="Ten first guesses, and a few of them do all the work",
    founding=True,
    story=Story(
        symptom="After training most inputs begin with the same few guesses (probes); the others hardly ever answer.",
        guess="Too few probes, or too short a training: give it more of both.",
        cause="Attention feeds what already wins. A probe that answers little gets little gradient, stays where chance "
        "put it, and answers less. Nothing in the loss asks for the others.",
        cure="Two loss terms: balance (the mean use of the probes in a batch against an even one) and orthogonality "
        "(mean square of the cosines between probes). They cost nothing to compute; balance assumes that classes "
        "come about equally often.",
        lesson="What shall stay diverse must be asked to, in the terms in which it collapses.",
        measured="The founding cure asks for a low mean cosine between probes, and gets it: at a weight of .1 it is at "
        "-1/9, the least that ten can have, on seeds 0, 1 and 2. Yet the work is that of 5.6, 4.2 and 5.3 probes, "
        "where without any cure it is that of 3.3 to 6.2, and two to four of them answer less than 1 % of the "
        "inputs; at a weight of 1 it is 6.35, 4.80 and 5.45. Two clumps that point apart have that mean, too: where "
        "probes point does not say who is asked.",
    ),
    code=Code("satipatthana.components.objectives:balance", lines=14),
    prediction=Prediction(
        question="Ten probes, of which each input uses the nearest. Without the two losses, how many share the work?",
        options=(
            "About all ten: there are ten digits",
            "In effect three to six",
            "In effect one: all fall together",
        ),
        answer=1,
        because="Some win often and some hardly ever. It is no total collapse, so the loss alone does not show it.",
    ),
    measure=Measure(
        "usage perplexity",
        better="higher",
        margin=2.0,
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

CARDS = (SHUT_GATE, PROBE_COLLAPSE)
