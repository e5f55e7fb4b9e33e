"""Thoughts that do not settle, settle for nothing, or stop for the wrong reason."""

from lab.exhibits.card import Card, Code, Dial, Measure, Prediction, Story

STABILITY = Card(
    number=1,
    key="stability-from-the-log",
    title="The stability loss that teaches nothing",
    founding=True,
    story=Story(
        symptom="X",
        guess="X",
        cause="X",
        cure="X",
        lesson="X",
    ),
    code=Code("lab.exhibits.settling:LogStability"),
    prediction=Prediction(question="X", options=("a", "b"), answer=1, because="X"),
    measure=Measure("last step / first step", better="lower", margin=0.08, about=""),
    curve="stability",
    looks="Converge",
)
FORGETTING = Card(number=12, key="forgetting", title="F", founding=False, story=STABILITY.story, code=STABILITY.code, prediction=STABILITY.prediction, measure=Measure("spread left",better="higher",margin=1), curve="guidance", looks="Converge")
FAKE = Card(number=13, key="fake", title="F", founding=False, story=STABILITY.story, code=STABILITY.code, prediction=STABILITY.prediction, measure=Measure("called",better="lower",margin=.5), curve="trust", looks="Converge")
NEIGH = Card(number=15, key="n", title="F", founding=False, story=STABILITY.story, code=STABILITY.code, prediction=STABILITY.prediction, measure=Measure("else",better="lower",margin=.5), curve="trust", looks="Converge")
CARDS = (STABILITY, FORGETTING, FAKE, NEIGH)
