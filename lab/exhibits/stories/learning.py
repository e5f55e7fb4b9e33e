"""Learning that does not reach what is to learn: the optimizer of before, parts built too late, a rate too low."""

from lab.exhibits.card import Card, Code, Dial, Measure, Prediction, Story

KEPT_OPTIMIZER = Card(
    number=2,
    key="kept-optimizer",
    title="Stage 1 runs, and what is new in it stays as it was",
    founding=True,
    story=Story(
        symptom="Stage 1 begins, its loss falls a little and then hardly; what is drawn of a thought stays a smear.",
        guess="The stage is too hard for so small a network, or needs a higher rate and more steps.",
        cause="The trainer goes on with the optimizer of stage 0. An optimizer moves the tensors that it was given "
        "when it was made, and no others: first guess, step of thought and their heads get gradients, but nobody uses "
        "them.",
        cure="A new optimizer whenever a stage is entered. It costs the momentum gathered before, which belonged to "
        "another loss.",
        lesson="requires_grad asks for a gradient; only the optimizer moves a weight.",
        measured="The founding document says that the loss does not fall. Here it does, for the eye (the adapter) is "
        "among what the old optimizer holds: after 66 of 80 steps of stage 1 the total is 2.0 to 2.1 instead of 1.4 to "
        "1.5 (seeds 0, 1, 2). So a falling loss proves little; ask what moved.",
    ),
    code=Code("lab.exhibits.learning:KeptOptimizer", lines=7),
    prediction=Prediction(
        question="32 tensors are to learn in stage 1. Of how many does the optimizer of stage 0 know nothing?",
        options=("None: they were all unfrozen", "2, the label head", "21"),
        answer=2,
        because="It knows the adapter's 11, and 12 of stage 0's own decoder, which do not learn any more.",
    ),
    measure=Measure(
        "weights moved",
        better="higher",
        margin=0.1,
        about="distance of the weights of first guess and step of thought from where stage 1 began, as a share of "
        "their length there.",
    ),
    curve="reconstruction",
    looks="Train",
)

LAZY_JUDGE = Card(
    number=3,
    key="lazy-judge",
    title="A stage that trains nothing and does not say so",
    founding=True,
    story=Story(
        symptom="Stage 2 runs to its end, its loss lies flat where it began, and trust says the same of a clean "
        "thought and of a drunk one.",
        guess="The rate is too low, or the judge sees too little to tell them apart.",
        cause="The judge (vipassana) builds its layers when the first thought comes to it. By then the optimizer is "
        "made, of what was there: of nothing. Layers come, gradients come, and the optimizer's list stays empty.",
        cure="Build every part with the network, as all widths are known there. One dummy thought before the stage, "
        "the founding cure, does it too, as long as nobody forgets it. The trainer refuses a stage with nothing to "
        "learn.",
        lesson="What does not exist yet cannot be unfrozen.",
        measured="To be seen at all, the trainer's refusal had to be taken out, here on both sides. And the failure is "
        "shy: one look at the scores before stage 2 builds the layers, and so does opening a saved run.",
    ),
    code=Code("lab.exhibits.learning:LazyVipassana", "def __init__", lines=12),
    prediction=Prediction(
        question="The judge has 3,395 weights once it is built. How many of them do 120 steps of stage 2 move?",
        options=("All, only a little later", "Those of its last layer", "None"),
        answer=2,
        because="The optimizer was made a moment before them, and nobody tells it of new ones.",
    ),
    measure=Measure(
        "trust gap",
        better="higher",
        margin=0.4,
        about="mean trust (how much the network believes its own thought) of 125 clean thoughts less that of the same "
        "ones drunk, on validation inputs.",
    ),
    curve="total",
    looks="Trust",
)

LEARNING_RATE = Card(
    number=6,
    key="learning-rate",
    title="The loss of stage 2 hardly moves",
    founding=True,
    story=Story(
        symptom="The loss of stage 2 starts at .7 and is still there hundreds of steps later; trust says one thing.",
        guess="The scores cannot be learned from these features: the judge needs a larger network.",
        cause="The rate was somebody's default for fine-tuning large models, 5e-5. The judge is small and new: at that "
        "rate its weights hardly leave where they began.",
        cure="A rate for each stage: 5e-3 here. It costs one more number to choose, and too high a one diverges.",
        lesson="A rate belongs to a stage, not to a project.",
    ),
    code=Code("satipatthana.train.trainer:learning_rate", lines=16),
    prediction=Prediction(
        question="Both learn from the same batches, one at 5e-5, one at 5e-3. After as many steps the slow one is",
        options=("nearly as far: the schedule evens it out", "about half as far", "hardly off the start"),
        answer=2,
        because="A step of AdamW moves each weight by about the rate, whatever the gradient's size.",
    ),
    measure=Measure(
        "excess loss",
        better="lower",
        margin=0.1,
        about="binary cross entropy of the three scores less what soft targets leave at best, on validation inputs.",
    ),
    curve="total",
    looks="Trust",
    dials=(Dial("curriculum.stage2.learning_rate", "learning rate, broken side", "broken", 5e-5, 1e-6, 0.1),),
)

CARDS = (KEPT_OPTIMIZER, LAZY_JUDGE, LEARNING_RATE)
