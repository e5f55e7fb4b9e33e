"""Pictures with a grid in them."""

from lab.exhibits.card import Card, Code, Dial, Measure, Prediction, Story

CHECKERBOARD = Card(
    number=9,
    key="checkerboard",
    title="A fine grid lies over every picture",
    founding=True,
    story=Story(
        symptom="Whatever is drawn has a grid of single pixels in it, strongest along edges. Training longer thins it "
        "out but does not take it away.",
        guess="Noise: of the data, or of a decoder that has not learned enough.",
        cause="Each doubling of resolution is one transposed convolution, with a kernel of 3 and a stride of 2. Some "
        "pixels are reached by one weight of the kernel, some by two, some by four: a pattern before anything is "
        "learned, which training must work against.",
        cure="Double by repeating pixels, then convolve: every pixel is reached alike. It costs four times the "
        "multiplications of a doubling, and pictures come out softer than real ones.",
        lesson="How often a pixel is reached should not depend on where it lies.",
        measured="The founding document's kernel of 4 is not of this kind: it is twice the stride, so every pixel is "
        "reached by four weights. It begins as badly and learns its grid away: 5.8 to 20 times the real power after "
        "these 100 steps (seeds 0, 1, 2), against 26 to 112 with a kernel of 3 and .1 to .2 resized.",
    ),
    code=Code("satipatthana.components.decoders", "UPSAMPLINGS", lines=10),
    prediction=Prediction(
        question="Real digits have a little power at a period of 2 pixels. Pictures through the broken decoder have",
        options=("about as much", "two or three times as much", "tens of times as much"),
        answer=2,
        because="Their grid has just this period. The resized ones have less than the real ones: that is blur.",
    ),
    measure=Measure(
        "grid power",
        better="lower",
        margin=20.0,
        about="share of the power of 250 pictures at a period of 2 px, over the share that the validation inputs "
        "behind them have there: 1 is like real.",
    ),
    curve="reconstruction",
    looks="Decoders",
    dials=(
        Dial(
            "recon.upsampling",
            "doubling, broken side",
            "broken",
            "transpose3",
            choices=("transpose3", "transpose", "pixelshuffle", "pixelshuffle_icnr", "resize"),
        ),
    ),
)

CARDS = (CHECKERBOARD,)
