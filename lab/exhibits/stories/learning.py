"""Learning that does not reach what is to learn: the optimizer of before, parts built too late, a rate too low."""

from lab.exhibits.card import Card, Code, Dial, Measure, Prediction, Story

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

CARDS = (LEARNING_RATE,)
