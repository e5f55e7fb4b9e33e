"""Thoughts that do not settle, settle for nothing, or stop for the wrong reason."""

from lab.exhibits.card import Card, Code, Dial, Measure, Prediction, Story

_WEIGHT = "curriculum.stage1.weights.stability"

STABILITY = Card(
    number=1,
    key="stability-from-the-log",
    title="The stability loss that teaches nothing",
    founding=True,
    story=Story(
        symptom="The stability loss stands in the sum, is drawn with the others, and does not fall. When its time is "
        "up, a thought is still moving.",
        guess="Its weight is too small, or the training too short: turn it up and wait.",
        cause="The loss compares the last two states of a thought and took them from the log. The log detaches all "
        "that it keeps, so that a record does not hold every step's gradient in memory. So the loss has the right "
        "value, and no way back to any weight.",
        cure="Hand the last two states on beside the log, with their gradient (stability_pair), and let no loss read "
        "the log. It costs the memory of one pair. With a step that sees only its own state it costs accuracy too, "
        "the more the higher the weight: exhibit 12 says why.",
        lesson="What is kept to be looked at and what is kept to be learned from are two things.",
        measured="The founding document tells this cure as pure gain. Measured here on 250 validation digits (means of "
        "seeds 0, 1, 2), a mended loss of weight 0, .3, 3 and 30 leaves a last step of .21, .060, .016 and .0011 of "
        "the first, and a guidance head that names .46, .41, .26 and .09 of the digits: to lie still is easiest where "
        "nothing is remembered. With the step that sees the input (the fixed side's dial) weight .3 leaves .060 and "
        ".83, weight 10 leaves .032 and .79.",
    ),
    code=Code("lab.exhibits.settling:LogStability"),
    prediction=Prediction(
        question="The stability loss has weight .3. Were it 30 on the broken side, what would that network learn?",
        options=(
            "To lie still, a hundred times more eagerly",
            "The same, to the last bit",
            "A little more stillness: the gradient is clipped",
        ),
        answer=1,
        because="What has no way back is a constant to the optimizer, however large. Turn the dial and compare.",
    ),
    measure=Measure(
        "last step / first step",
        better="lower",
        margin=0.1,
        about="size of a thought's last step as a share of its first, mean over 250 validation inputs.",
    ),
    curve="stability",
    looks="Converge",
    dials=(
        Dial(_WEIGHT, "stability weight, broken side", "broken", 0.3, 0.0, 30.0),
        Dial(_WEIGHT, "stability weight, fixed side", "fixed", 0.3, 0.0, 30.0),
        Dial(
            "samatha.vicara.kind", "step of thought, fixed side", "fixed", "standard", choices=("standard", "injected")
        ),
    ),
)

FORGETTING = Card(
    number=12,
    key="forgetting",
    title="Perfectly still, and everything forgotten",
    founding=False,
    story=Story(
        symptom="Every thought comes to rest, as it should, and every input is drawn as one and the same picture.",
        guess="The decoder has collapsed, or needs a longer training.",
        cause="The step sees only its own state. To settle is to bring states nearer together; a map that does so "
        "everywhere has one end, wherever a thought began, or a few. What the input was is gone before anything is "
        "drawn: of seeds 0 to 6 six left one end for 250 digits and one left two.",
        cure="Show every step the input as well (InjectedVicara). Then each input has a map of its own with an end of "
        "its own, and may settle as firmly as it likes. It costs two products of matrices more a thought, and the "
        "first guess counts for less: where a thought ends is then decided by the input, not by where it began.",
        lesson="What is to be remembered while all else is let go must be shown at every step.",
    ),
    code=Code("satipatthana.components.vicara:StandardVicara", lines=14),
    prediction=Prediction(
        question="250 different inputs, 200 steps on: in how many different states do they end, if a step of thought "
        "sees its own state alone?",
        options=("One or two", "About ten, one for each digit", "About 250, one for each"),
        answer=0,
        because="Each step brings all of them nearer together, and nothing pulls them apart again.",
    ),
    measure=Measure(
        "different ends",
        better="higher",
        margin=200.0,
        about="of 250 validation inputs, thought on for 200 steps; ends nearer than a thousandth of the usual distance "
        "are one.",
    ),
    curve="reconstruction",
    looks="Converge",
)

FAKE_CONVERGENCE = Card(
    number=13,
    key="fake-convergence",
    title="Still, because nothing was done",
    founding=False,
    story=Story(
        symptom="Drunk thoughts are over sooner than sober ones, half of them after a step or two, and are reported as "
        "settled. What they draw is little more than a first guess.",
        guess="The threshold of stillness is too generous: lower it.",
        cause="A drunk mind skips steps. A skipped step leaves the state where it was, so its size is 0, and 0 is "
        "below every threshold. Nothing was done, and it was read as: nothing is left to do.",
        cure="Ask only about steps that were taken: the engine holds sati's word against the mask of them. It costs "
        "that mask, and time: a drunk thought takes seven steps instead of two, as its noise never lets it lie still. "
        "Over seeds 0 to 2 its drawing then errs by .09 instead of .17, and the guidance head names 96 % of the digits "
        "instead of 75 %.",
        lesson="A measurement that was not made is not a zero.",
    ),
    code=Code("lab.exhibits.settling:SkipsAreStill"),
    prediction=Prediction(
        question="A drunk mind skips three steps in ten and shakes at the others. A thought may take ten. How many "
        "drunk thoughts are stopped as still although they are not?",
        options=("None: the shaking keeps every step large", "About three in ten", "More than nine in ten"),
        answer=2,
        because="One skip is enough, and ten steps without one have a chance of .7 to the tenth: three in a hundred.",
    ),
    measure=Measure(
        "called still too early",
        better="lower",
        margin=0.8,
        about="share of 250 drunk thoughts that were stopped although their next sober step would not be small.",
    ),
    curve="trust",
    looks="Converge",
    dials=(Dial("samatha.drunk_skip_prob", "share of steps skipped, both sides", "both", 0.3, 0.0, 1.0),),
)

NEIGHBOUR = Card(
    number=15,
    key="neighbour",
    title="A digit that thinks otherwise in company",
    founding=False,
    story=Story(
        symptom="Training says that clean digits are trusted. The same digit, asked alone, is not.",
        guess="Something is random, or batch norm was left in training mode.",
        cause="A thought stops when the mean step of its batch is small. In training one thought in ten is drunk and "
        "never still, so everybody goes on to the last step, and the judge learns what clean thoughts look like after "
        "ten. Alone, a digit is stopped after seven, which the judge never saw: over seeds 0 to 2 its mean trust is "
        ".61 to .79 then, and .95 to .97 in company.",
        cure="Stop every sample by its own step. It costs a mask: those that are done wait where they are until the "
        "last of the batch is.",
        lesson="A mean over the batch must decide nothing about a sample.",
    ),
    code=Code("lab.exhibits.settling:NeighbourSati"),
    prediction=Prediction(
        question="36 sober digits think beside four drunk ones. How many of the 36 end elsewhere than they do alone?",
        options=("About four", "All of them", "None: four are too few"),
        answer=1,
        because="The four lift the mean above the threshold for good, so nobody is ever stopped; alone everybody is.",
    ),
    measure=Measure(
        "ends elsewhere than alone",
        better="lower",
        margin=0.8,
        about="share of 36 validation inputs whose end beside four drunk thoughts is another than alone.",
    ),
    curve="trust",
    looks="Converge",
    dials=(Dial("samatha.sati.threshold", "threshold of stillness, both sides", "both", 0.1, 0.001, 3.0),),
)

CARDS = (STABILITY, FORGETTING, FAKE_CONVERGENCE, NEIGHBOUR)
