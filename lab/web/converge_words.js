// Every visible string of the Converge instrument.
(() => {
  "use strict";
  const {number, percent, state} = window.SatiLab;
  const MINDS = {sober: "sober", drunk: "drunk"};

  const words = {
    minds: MINDS,
    map: {
      question: "Where does the thought go?",
      reading: "Dots: where other inputs settled. Line: this thought. ★ probes.",
      help: [
        "Every dot is a settled thought of another input, coloured by its class; the line is this thought, from its first guess s₀ to its end s*.",
        "The latent space has many dimensions and the map two, so some motion on it is false: there the map comes nearer to the end while the thought moves away, or the other way round. Such steps are dashed, and the line under the map counts them.",
        "Rings: the ten settled thoughts nearest to the state in the latent space; on the map they may lie apart. Scroll to zoom, drag to move, double-click for the whole map. Click a dot of the cloud to think about that input, a dot of the path to set the clock.",
      ],
      formula: "false: Δ‖map(s_t) − map(s*)‖ · Δ‖s_t − s*‖ < 0",
      source: "satipatthana.diagnostics.projection.honesty",
      projection: "Projection",
      pca: ["PCA", "Principal axes: straight, exact, but flat"],
      umap: ["UMAP", "Neighbourhoods: who is near whom"],
      axis: ["axis", "Between two probes: how far from one to the other"],
      from: "From probe",
      to: "To probe",
      choice: (k) => `★ ${k}`,
      view: "View",
      whole: ["whole map", "Every thought"],
      near: ["this thought", "Only this thought, enlarged"],
      corner: (h) => [
        Number.isFinite(h.n) ? `n = ${h.n.toLocaleString("en")}` : "", Number.isFinite(h.seed) ? `seed ${h.seed}` : "",
      ].filter(Boolean).join(" · "),
      axes: {
        pca: (explained) => explained.length > 1
          ? `→ PC 1 (${percent(explained[0])})  ↑ PC 2 (${percent(explained[1])})` : "→ PC 1  ↑ PC 2",
        umap: () => "→ UMAP 1  ↑ UMAP 2, no unit",
        axis: (explained, ends) => `→ ★ ${ends[0]} to ★ ${ends[1]} (${percent(explained[0])})  ↑ rest (${percent(explained[1])})`,
      },
      bar: (length) => `${Number(length.toPrecision(1))} latent ${length === 1 ? "unit" : "units"}`,
      away: (value) => (value === 0 ? "at its end" : `${number(value)} from its end`),
      company: "Its ten nearest by class:",
      classes: (found) => found.map(([label, n]) => `${label} ×${n}`).join(", "),
      guess: (k) => `first guess: probe ${k}`,
      point: (label) => `class ${label}`,
      probe: (k) => `probe ${k}`,
      present: "This map is made for the present weights; this keyframe is shown on PCA.",
      waiting: "UMAP is being made",
      earlier: "How far the map can be believed is measured for the present weights only.",
      noHonesty: "How far this map can be believed has not been measured.",
      honesty: (h) => {
        const parts = [];
        if (Number.isFinite(h.false_share)) {
          const few = h.uncounted > 0 ? `, ${h.uncounted} too small to count` : "";
          parts.push(`${percent(h.false_share)} of the motion shown is false (dashed${few})`);
        } else if (h.uncounted > 0) {
          parts.push("no step is large enough to be true or false");
        }
        if (Number.isFinite(h.trustworthiness)) parts.push(`trustworthiness ${number(h.trustworthiness, 2)}`);
        if (Number.isFinite(h.continuity)) parts.push(`continuity ${number(h.continuity, 2)}`);
        if (Number.isFinite(h.explained)) parts.push(`${percent(h.explained)} of variance`);
        if (Number.isFinite(h.displacement)) parts.push(`the cloud was moved by ${percent(h.displacement)}`);
        return parts.length ? parts.join(" · ") : words.map.noHonesty;
      },
    },
    sight: {
      question: "What does it see now?",
      reading: "The state at this step, drawn by a decoder.",
      readingUntrained: "Untrained: it sees nothing yet. Begin under Train.",
      readingSharp: "The shipped run “sharp”: no blur was taught.",
      readingBlurred: "The state, drawn. Early blur is taught.",
      targets: "What early states were taught to look like",
      blurred: ["blurred", "This run: early states were taught a blurred picture"],
      sharp: ["sharp", "The same thought by a run that was taught sharp pictures at every step"],
      readingVector: "The state at this step, as a point.",
      help: [
        "A decoder that was trained on every state of the thought draws the state at this step; beside it stands the input as the network was given it, and the clean target that the network never sees.",
        "That the picture starts blurred and sharpens over the first steps is a trained target, not a discovery: stage 1 asks early states for a blurred image. The switch puts the same question to a shipped run that learned without it; the run in the header stays.",
        "The strip shows the whole thought; click a frame to set the clock.",
      ],
      formula: "image_t = samatha_recon_head(s_t)",
      source: "satipatthana.SatipatthanaSystem.decode",
      input: "input",
      trained: "training input",
      which: ({part, sample, label}) => `${part === "train" ? "training" : "test"} input ${sample}, class ${label}`,
      target: "target",
      film: "The thought, frame by frame",
      now: (name, step) => `${MINDS[name]} ${state(step)}`,
      frame: (name, step) => `${MINDS[name]}, state ${step}`,
      skipped: "skipped",
      gateOpen: (similarity, threshold) => threshold <= -1
        ? `Gate always open (similarity ${number(similarity, 2)})`
        : `Gate open: ${number(similarity, 2)} ≥ ${number(threshold, 2)}`,
      gateUnfitted: "Gate open: its keys were not fitted yet",
      gatePart: (share, similarity) => `Gate ${percent(share)} open (similarity ${number(similarity, 2)})`,
      gateShut: (similarity, threshold) =>
        `Gate shut: similarity ${number(similarity, 2)} < ${number(threshold, 2)}, so nothing was let in.`,
    },
    probes: {
      question: "Which probes answer?",
      reading: "Cosine with s; ▢ first guess.",
      help: [
        "A probe is a learned direction in the latent space; the first guess (Vitakka) mixes the probes that resemble the input.",
        "The bars show how near the state points to each probe at this step: 1 is the same direction, 0 has nothing to do with it.",
        "The framed number is the probe that won the first guess; the thought is free to leave it.",
      ],
      formula: "cos(s_t, probe_k) = s_t · probe_k / (‖s_t‖ ‖probe_k‖)",
      source: "satipatthana.diagnostics.thought.think_aloud",
      nearest: (k, value) => [`probe ${k}`, `(${number(value, 2)})`],
      none: "no direction",
      value: (name, k, value) => `${MINDS[name]}, probe ${k}: cosine ${number(value)}`,
    },
    answer: {
      question: "What does it say, how sure?",
      reading: "Its answer if it stopped now; its own scores.",
      help: [
        "Left: the probability of each class if the thought stopped at this step. Right: three scores in which the network judges its own thought (Vipassana).",
        "Trust reads how the thought came to rest, conformity how its path looked, confidence reads both; all three are shares between 0 and 1 that were trained on good and bad thoughts.",
        "Before the first step there is no thought to judge, so there is no score.",
      ],
      formula: "p = softmax(answer(s_t, v_ctx))",
      source: "satipatthana.diagnostics.thought.think_aloud",
      says: (label, share) => [label, `(${percent(share)})`],
      value: (name, label, share) => `${MINDS[name]}, class ${label}: ${percent(share)}`,
      none: "no answer yet",
      scores: {
        trust: ["trust", "Did it come to rest near what is known?"],
        conformity: ["conformity", "Did it move as healthy thoughts move?"],
        confidence: ["confidence", "Both together"],
      },
      untrained: (judges, answers) =>
        judges ? "Its answer is not trained yet (stage 3)."
          : answers ? "Its judge is not trained yet (stage 2)." : "Stages 2 and 3 are not trained yet: doubt this.",
      untried: (steps) => `Its judge learned at step ${steps}: doubt this.`,
      noStep: "no step yet",
    },
    clock: {
      question: "How far did each step go?",
      reading: "Step size, log scale. Its axis is the scrubber: drag, or use the arrow keys.",
      help: [
        "How far the state moved in each step of thought (Vicara), in latent units; the dotted line is the true distance that is left to the end.",
        "A straight fall on the log scale means that every step is the same share of the one before: the thought is drawn to a fixed point. A line that stays level never comes to rest.",
        "Open marks on the baseline are steps that a drunk mind skipped; a bar marks where a mind stopped by itself (Sati), after that its state repeats.",
      ],
      formula: "step size_t = ‖s_t − s_{t−1}‖₂",
      source: "satipatthana.SantanaLog.energy",
      axis: "latent units, log",
      size: "━ step size",
      left: "┄ distance left",
      transport: "Transport",
      first: "To the first state (Home)",
      back: "One step back (left arrow)",
      play: "Play the thought (space)",
      pause: "Pause (space)",
      forward: "One step on (right arrow)",
      last: "To the last state (End)",
      speed: "Speed",
      times: (speed) => ({0.25: "¼ ×", 0.5: "½ ×"}[speed] || `${speed} ×`),
      scrubber: "Step of the thought",
      step: (step, steps) => `step ${step} of ${steps}`,
      of: (steps) => `of ${steps}`,
      stepWord: "step",
      moved: (value) => `moved ${number(value)}`,
      start: "first guess",
      skipped: "skipped this step",
      stopped: (stop) => `stopped at step ${stop}`,
      still: "did not move",
      at: (name, step, size, left) => `${MINDS[name]} ${state(step)}: step size ${size}, ${left} left`,
    },
    training: {
      question: "Trained for how long?",
      help: [
        "While it trains, a run keeps its weights from time to time; this line replays the same thought, the probes and the cloud with each of them.",
        "Keyframes stand at even distances though they lie close together where a stage begins, because there most happens.",
        "At the right end stand the present weights. UMAP is made for those only; earlier keyframes are shown on PCA.",
      ],
      formula: "thought(x; weights at keyframe i)",
      source: "satipatthana.SatipatthanaTrainer.at_keyframe",
      label: "Trained for",
      play: "Replay the training at this step",
      pause: "Pause the training",
      working: "The same thought with earlier weights is on its way: a few seconds.",
      one: "No earlier weights were kept: training stores them as it goes, and this line then replays the thought with each.",
      present: "now",
      stage: (stage) => `stage ${stage}`,
      untrained: "untrained",
      at: (trained) => trained.label,
    },
    empty: "No thought yet. Choose an input on the left: its thought appears here.",
    waiting: "Thinking …",
    lost: "This thought is no longer on the page. Choose an input again.",
  };

  window.SatiLab.converge.words = words;
})();
