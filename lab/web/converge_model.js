// The payload of `lab/views/thought.py` as the views read it. Arrays are unpacked when they are first asked for.
(() => {
  "use strict";
  const {unpack} = window.SatiLab;
  const SCORES = ["trust", "conformity", "confidence"];

  class Mind {
    constructor(name, raw) {
      this.name = name;
      this.raw = raw;
      this.last = raw.decoded.shape[0] - 1; // T; its own stop may come earlier
      this.stop = raw.steps;
      this.winner = raw.gate === 0 ? -1 : raw.winner; // a shut gate lets no guess in
      this.verdict = raw.verdict || "";
      this.gate = {share: raw.gate, similarity: raw.gate_similarity, threshold: raw.threshold};
    }

    // After its last state a mind repeats it.
    at(step) {
      return Math.min(step, this.last);
    }

    get decoded() {
      return unpack(this.raw.decoded);
    }

    get size() {
      return this.decoded.shape.slice(1).reduce((product, n) => product * n, 1);
    }

    decodedAt(step) {
      const from = this.at(step) * this.size;
      return this.decoded.data.subarray(from, from + this.size);
    }

    row(name, step) {
      const {data, shape} = unpack(this.raw[name]);
      const from = this.at(step) * shape[1];
      return data.subarray(from, from + shape[1]);
    }

    // the step that ends at state `step` (1 ... T): its size, and whether it was taken or skipped
    stepSize(step) {
      return this.taken(step) ? unpack(this.raw.step_size).data[step - 1] : NaN;
    }

    taken(step) {
      return step >= 1 && step <= this.last && unpack(this.raw.taken).data[step - 1] === 1;
    }

    skipped(step) {
      return step >= 1 && step <= this.last && unpack(this.raw.skipped).data[step - 1] === 1;
    }

    score(name, step) {
      return unpack(this.raw[name]).data[this.at(step)];
    }

    distance(step) {
      return unpack(this.raw.distance_to_end).data[this.at(step)];
    }

    // the points of the frame's cloud nearest to a state in the latent space, nearest first
    near(step) {
      return this.raw.neighbours ? this.row("neighbours", step) : [];
    }

    // {x: (i) => ..., y: (i) => ..., n} on a projection, or null while there is none
    path(projection) {
      const packed = unpack(this.raw.map[projection]);
      return packed && {x: (i) => packed.data[2 * i], y: (i) => packed.data[2 * i + 1], n: packed.shape[0]};
    }

    falseMotion(projection) {
      const packed = unpack(this.raw.false_motion?.[projection]);
      return (step) => packed !== null && packed.data[step] === 1;
    }
  }

  class Thought {
    constructor(payload) {
      this.payload = payload;
      this.id = payload.id;
      this.about = payload.about;
      this.umap = payload.umap || {state: "waiting", text: ""};
      this.axis = null; // [from, to]: the probes of the axis that it is known on
      this.patches = new Map(); // what came later, by kind
      this.frames = payload.frames.map((frame) => ({
        trained: frame.trained,
        context: frame.context || payload.context,
        minds: ["sober", "drunk"].filter((name) => frame.minds[name]).map((name) => new Mind(name, frame.minds[name])),
      }));
      this.steps = Math.max(...this.frames.flatMap((frame) => frame.minds.map((mind) => mind.last)));
    }

    get input() {
      return unpack(this.payload.input);
    }

    get target() {
      return unpack(this.payload.target);
    }

    get last() {
      return this.frames.length - 1;
    }

    className(index) {
      return this.about.classes[index] ?? String(index);
    }

    // {points, probes, labels} of a frame on a projection, or null
    cloud(frame, projection) {
      const {context} = this.frames[frame];
      const drawn = context[projection];
      if (!drawn) return null;
      const labels = unpack(drawn.label || context.label);
      return {points: unpack(drawn.xy), probes: unpack(drawn.probes), labels, key: drawn};
    }

    // Other maps are made for the present weights only: earlier keyframes stay on PCA.
    available(frame, projection) {
      return this.cloud(frame, projection) !== null && this.frames[frame].minds.every((m) => m.path(projection) !== null);
    }

    // A later message about the same thought; it moves nothing.
    merge(patch) {
      this.patches.set(patch.kind, patch);
      if (patch.kind === "axis") this.axis = [patch.from, patch.to];
      else this.umap = {state: patch.state, text: patch.text || ""};
      if (patch.context) this.add(patch, patch.kind);
    }

    add(patch, projection) {
      const {payload} = this;
      const label = patch.context.label || payload.context.label;
      const present = this.frames[this.last];
      const drawn = {...patch.context[projection], label, explained: patch.context.explained};
      present.context = {...present.context, [projection]: drawn};
      for (const mind of present.minds) {
        const patched = patch.minds[mind.name];
        if (!patched) continue;
        mind.raw.map = {...mind.raw.map, ...patched.map};
        mind.raw.false_motion = {...mind.raw.false_motion, ...patched.false_motion};
      }
      payload.honesty = {...payload.honesty, ...patch.honesty};
    }

    // what each axis of a map shows of the variance, where that is known
    explained(frame, projection) {
      const {context} = this.frames[frame];
      return (projection === "pca" ? context.explained : context[projection]?.explained) || [];
    }

    honesty(projection) {
      return this.payload.honesty?.[projection] || null;
    }
  }

  window.SatiLab.converge = {Thought, SCORES};
})();
