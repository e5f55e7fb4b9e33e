"""Judges that were taught wrongly, or see too little to judge by."""

from lab.exhibits.card import Card, Code, Dial, Measure, Prediction, Story

_MIXED = (
    "the chance that a clean thought is trusted more than a drunk one, 200 validation inputs thought once sober and "
    "once drunk, all judged in one batch; .5 is a coin."
)

SCALED_OVER_THE_BATCH = Card(
    number=5,
    key="scaled-over-the-batch",
    title="The same thought, trusted more or less by who stands beside it",
    founding=True,
    story=Story(
        symptom="Every score looks right while it is tried on clean thoughts, then on drunk ones. In use, where both "
        "come in one batch, trust says nearly the same of all.",
        guess="The judge is too small, or drunk thoughts are too much like clean ones: train it longer.",
        cause="What trust reads, s* (the end of the thought) beside its step sizes, is divided by its spread in the "
        "batch at hand. Stage 2 here shows one kind of thought a batch, as the founding code did, so the judge learns "
        "what a drunk batch looks like in its own units. In a mixed batch those units are gone: the few large steps "
        "stretch the scale for all.",
        cure="Trust reads log1p of the two step sizes, per sample and without s*; the newer judges standardise with "
        "statistics frozen before the stage. It costs a pass over the data once, and numbers that no batch rescales.",
        lesson="A score that shall hold for one sample may be made from nothing but that sample.",
        measured="The loss does not tell: after 80 steps it is as low as the cured one's. The same broken judge has "
        "AUROC .986 to .990 where clean and drunk are judged apart and .41 to .56 where they are mixed (seeds 0, 1, "
        "2). Trained on mixed batches it is the other way round: 1.000 mixed, but clean thoughts among themselves are "
        "trusted .003 to .006.",
    ),
    code=Code("lab.exhibits.judging:ScaledOverTheBatch.measure", lines=4),
    prediction=Prediction(
        question="Judged one kind a batch, trust tells clean from drunk almost perfectly. And both in one batch?",
        options=("Just as well: the thoughts are the same", "A little worse", "Hardly better than a coin"),
        answer=2,
        because="The thoughts are the same, the numbers read of them are not: those are in units of the batch.",
    ),
    measure=Measure("AUROC in a mixed batch", better="higher", margin=0.3, about=_MIXED),
    curve="trust",
    looks="Train",
)

NO_CLEAN_PATH = Card(
    number=7,
    key="no-clean-path",
    title="A judge that was never shown what to trust",
    founding=True,
    story=Story(
        symptom="Trust orders thoughts well, but nothing is ever really trusted: a clean digit gets a half.",
        guess="The network's thoughts are not good enough to be trusted more. Or: training is unstable.",
        cause="Stage 2 shows noisy thoughts (target 1 - severity, .8 at best), drunk and mismatched ones and inputs "
        "that are nothing (target 0). No row is clean, so no row says 1, and trust on clean inputs is a guess beyond "
        "what was shown.",
        cure="A clean path with target 1. It costs rows of every batch: here four in ten.",
        lesson="Who shall know the good must be shown it, not only the many ways of the bad.",
        measured="The founding document calls the training unstable. Here the order does not suffer at all: AUROC "
        "against drunk thoughts is 1.000 with and without the path. The height does: with the founding judge and its "
        "four even paths mean trust on clean inputs is .45 to .48, without the clean one .22 to .25. And no clean path "
        "makes that judge know gaussian noise: its AUROC is .23 to .34 either way, for it reads step sizes alone. The "
        "judge of this exhibit, which reads eight numbers, has 1.000 there even without a void path.",
    ),
    code=Code("satipatthana.train.stages:walk_paths", first="target = torch.zeros(len(x)", lines=3),
    prediction=Prediction(
        question="Stage 2 without its clean path. Which trust does a clean digit get?",
        options=("Near 1: it is less noisy than all that was shown", "About a half", "Near 0: it was never shown"),
        answer=1,
        because="The judge goes on in the direction of less noise, but nothing told it how far trust may rise.",
    ),
    measure=Measure(
        "mean trust on clean",
        better="higher",
        margin=0.2,
        about="mean trust over 200 clean validation inputs; 1 is the target.",
    ),
    curve="total",
    looks="Trust",
    dials=(Dial("curriculum.paths.clean", "share of the clean path, broken side", "broken", 0.0, 0.0, 4.0),),
)

ENERGY_OF_THE_BATCH = Card(
    number=8,
    key="energy-of-the-batch",
    title="One number for the whole batch",
    founding=True,
    story=Story(
        symptom="Tried on a batch of clean thoughts and then on a batch of drunk ones, trust is perfect. In a batch of "
        "both, all samples get one and the same trust.",
        guess="The mixed batch is the hard case: it needs more training, or better features.",
        cause="The step sizes that trust reads are summed over the batch and the mean is given to every sample. While "
        "a batch holds one kind of thought, the mean is that kind's own number and nothing is missed.",
        cure="Take the mean over each sample's own steps. It costs nothing but looking at the shape: (batch,) and not "
        "().",
        lesson="Try a score per sample in a batch of different samples, or you try the batch.",
        measured="The founding code had only the mean squared step from the whole batch; the last step was each "
        "sample's own. That alone leaves AUROC at 1.000 in a mixed batch (seeds 0, 1, 2): the last step tells as much, "
        "and only the means move, on clean from .60 to .47 at worst. So here both numbers are the batch's. Then AUROC "
        "is exactly .500 mixed and 1.000 with clean and drunk apart, and the loss of stage 2, shown one kind a batch "
        "as in the founding code, falls as if all were well.",
    ),
    code=Code("lab.exhibits.judging:OfTheWholeBatch.measure", lines=4),
    prediction=Prediction(
        question="The loss falls as well as the cured one's. How well does trust tell clean from drunk in one batch?",
        options=("As well as the loss promises", "About .75: half of the signal is left", "Not at all"),
        answer=2,
        because="Every sample of a batch is told the same two numbers, so every sample gets the same trust.",
    ),
    measure=Measure("AUROC in a mixed batch", better="higher", margin=0.4, about=_MIXED),
    curve="trust",
    looks="Train",
)

DRUNK_DIALS = Card(
    number=11,
    key="drunk-dials",
    title="Drunk by so little that nobody could tell",
    founding=True,
    story=Story(
        symptom="Stage 2 shows drunk thoughts with target 0, and trust still says the same of sober and drunk.",
        guess="Trust does not work: drunkenness cannot be read from step sizes.",
        cause="How drunk a thought is stood as two numbers in the code: the chance to skip a step and the noise of "
        "every other. With skip 0 and noise .005 a drunk thought ends .007 of the way to the next one's end. There "
        "is nothing to tell, and asking for 0 where 1 was asked just before teaches a mean.",
        cure="Both are settings, .3 and .2. It costs a choice, and the choice has two wrong ends: turn the dials.",
        lesson="What stands in for a fault must be large enough to be seen and small enough to be met.",
        measured="At the other end, skip .9 and noise 5, the gap is not small but large (.59 to .61, seeds 0, 1, 2): "
        "wrecks are easy to tell. The harm is elsewhere: that judge doubts an ordinary drunk thought (.3, .2) half as "
        "much, by .24 to .27 instead of .46 to .48, and a third of its drunk thoughts took no step at all. Nor is (0, "
        ".005) lost on every judge: the one that reads logarithms of eight numbers has a gap of .91 to .92 even there.",
    ),
    code=Code("satipatthana.core.engines:SamathaEngine._settle", first="skipped = torch.zeros_like", lines=5),
    prediction=Prediction(
        question="Skip 0, noise .005, and 80 steps of stage 2. How far apart is trust on clean and on drunk thoughts?",
        options=("Less than .02", "About .2", "As far as with skip .3 and noise .2"),
        answer=0,
        because="A judge can only learn a difference that is there.",
    ),
    measure=Measure(
        "trust gap",
        better="higher",
        margin=0.3,
        about="mean trust on 200 clean validation inputs less that on the same inputs thought drunk, by each side's "
        "own dials.",
    ),
    curve="trust",
    looks="Trust",
    dials=(
        Dial("samatha.drunk_skip_prob", "chance to skip a step, broken side", "broken", 0.0, 0.0, 0.95),
        Dial("samatha.drunk_perturbation_std", "noise of a step, broken side", "broken", 0.005, 0.0, 5.0),
    ),
)

THE_LEAK = Card(
    number=14,
    key="the-leak",
    title="A zero that nobody meant",
    founding=False,
    story=Story(
        symptom="The loss of stage 2 is as low as ever. In use, a thought that belongs to another input is trusted as "
        "much as one's own.",
        guess="Mismatched thoughts are simply hard to tell: both are good thoughts.",
        cause="On the mismatch path (another sample's thought held against this input) the reconstruction error had "
        "not been computed and was left at 0. No real thought has that error, so 'exactly 0' tells a mismatch at "
        "once, and what a large error means is never learned.",
        cure="Compare the state with the input to which it is attributed, on every path alike. It costs one more "
        "drawing of every mismatched state.",
        lesson="A judge learns whatever tells the classes apart; see that it is what you meant.",
        measured="How much leaks depends on what else teaches the error. The judge of this exhibit knows strangers by "
        "other numbers, and trusts mismatched thoughts .78 to .92 after the leak, against .06 to .12. One that has the "
        "eight basic numbers must know noisy and void inputs by their error, and so learns that a large one is bad: "
        "there the leak costs .31 to .34 against .21 to .23, and AUROC stays at .995 or more.",
    ),
    code=Code("lab.exhibits.judging:leaking_loss", first="error = system.drawing_error", lines=4),
    prediction=Prediction(
        question="In training every mismatch was told apart. Told their real error, mismatched thoughts are now",
        options=("doubted as in training", "doubted a little less", "trusted about as much as one's own"),
        answer=2,
        because="What was learned is the zero. Where the error is filled in, there is none.",
    ),
    measure=Measure(
        "AUROC against mismatch",
        better="higher",
        margin=0.3,
        about="the chance that a thought is trusted more against its own input than another's is, each with the error "
        "that it really makes; 200 validation inputs.",
    ),
    curve="total",
    looks="Trust",
)

CARDS = (SCALED_OVER_THE_BATCH, NO_CLEAN_PATH, ENERGY_OF_THE_BATCH, DRUNK_DIALS, THE_LEAK)
