// Bars: which probes answer, which class it says, and the three scores. Plain elements of fixed size; a step of the clock
// only scales them.
(() => {
  "use strict";
  const Lab = window.SatiLab;
  const {el, converge} = Lab;
  const {words} = converge;
  const MOST_LABELS = 12; // more bars than this are named every fifth

  const best = (values) => values.reduce((top, value, i) => (value > values[top] ? i : top), 0);

  // Upright bars side by side, one group a column, one bar in it a mind; the range is [low, high], and high is written.
  function columns({tell, scaled, hued}) {
    const grid = el("div", {class: "bars-grid"});
    const top = el("span", {class: "bars-top", "aria-hidden": "true"});
    const node = el("div", {class: "bars", role: "img"}, top, grid);
    let form = null;
    let bars = []; // by mind, by column
    let span = 1;
    let current = [];

    function load(minds, labels, [low, high], first = []) {
      const wanted = `${minds.map((mind) => mind.name).join()}|${labels.join("\n")}`;
      span = high - low;
      grid.style.setProperty("--zero", -low / span);
      Lab.write(top, scaled(high));
      if (wanted !== form) {
        bars = minds.map(() => []);
        grid.style.setProperty("--n", labels.length);
        const short = labels.every((label) => label.length < 3);
        grid.replaceChildren(...labels.map((label, k) => {
          const pair = minds.map((mind, i) => {
            const bar = el("i", {class: mind.name});
            bars[i].push(bar);
            return bar;
          });
          const named = short && (labels.length <= MOST_LABELS || k % 5 === 0);
          const hue = hued ? `--hue: var(--class-${k % 10})` : null;
          return el("div", {
            class: `bars-column${hued ? " hued" : ""}`, style: hue,
            pointermove: (event) => Lab.tip(event, current.map(([mind, values]) => tell(mind.name, label, values[k]))),
            pointerleave: (event) => Lab.tip(event, null),
          }, el("div", {class: "bars-track"}, ...pair), el("span", {text: named ? label : ""}));
        }));
        form = wanted;
      }
      [...grid.children].forEach((column, k) => column.classList.toggle("first", first.includes(k)));
    }

    function step(rows) {
      current = rows;
      rows.forEach(([, values], i) => bars[i].forEach((bar, k) => {
        const value = Number.isFinite(values[k]) ? values[k] : 0;
        bar.style.transform = `scaleY(${(value / span).toFixed(4)})`;
      }));
    }

    return {node, load, step};
  }

  // One line a mind: who it is and what it says
  function sayings() {
    const node = el("div", {class: "sayings"});
    let lines = [];
    return {
      node,
      load(minds) {
        lines = minds.map((mind) => ({mind, says: el("strong"), share: el("strong", {class: "share"})}));
        node.replaceChildren(...lines.map(({mind, says, share}) =>
          el("div", {class: mind.name}, el("b", {text: words.minds[mind.name]}), says, share)));
      },
      step(write) {
        for (const {mind, says, share} of lines) {
          const [what, how = ""] = write(mind);
          Lab.write(says, what);
          Lab.write(share, how);
        }
      },
    };
  }

  converge.probes = () => {
    const bars = columns({tell: words.probes.value, scaled: (high) => Lab.number(high, 1)});
    const says = sayings();
    const node = Lab.panel("cv-probes", words.probes, null, bars.node, says.node);
    let minds = [];

    function load(thought, frame) {
      minds = thought.frames[frame].minds;
      const {shape} = Lab.unpack(minds[0].raw.probe_cosine);
      // one scale for the whole thought, so that bars may be compared from step to step
      const every = minds.map((mind) => Lab.unpack(mind.raw.probe_cosine).data);
      const lowest = Math.min(...every.map((values) => values.reduce((a, b) => Math.min(a, b), 0)));
      const highest = Math.max(...every.map((values) => values.reduce((a, b) => Math.max(a, b), 0)));
      const range = [Math.max(-1, Math.floor(lowest * 5) / 5), Math.min(1, Math.max(0.2, Math.ceil(highest * 5) / 5))];
      const labels = Array.from({length: shape[1]}, (_, k) => String(k));
      bars.load(minds, labels, range, minds.map((mind) => mind.winner));
      says.load(minds);
    }

    function step(t) {
      const rows = minds.map((mind) => [mind, mind.row("probe_cosine", t)]);
      bars.step(rows);
      says.step((mind) => {
        const values = rows.find(([own]) => own === mind)[1];
        const k = best(values);
        if (!Number.isFinite(values[k]) || values.every((value) => value === 0)) return [words.probes.none];
        return words.probes.nearest(k, values[k]);
      });
      bars.node.setAttribute("aria-label", rows.map(([mind, values]) => {
        const k = best(values);
        return words.probes.value(words.minds[mind.name], k, values[k]);
      }).join("; "));
    }

    return {node, load, step};
  };

  converge.answer = () => {
    const bars = columns({tell: words.answer.value, scaled: Lab.percent, hued: true});
    const says = sayings();
    const scores = el("div", {class: "scores"});
    const body = el("div", {class: "answer-body"}, el("div", {class: "answer-says"}, bars.node, says.node), scores);
    const node = Lab.panel("cv-answer", words.answer, null, body);
    const reading = node.querySelector(".lab-reading");
    let minds = [];
    let thought = null;
    let meters = [];
    let learned = []; // stages

    function load(next, frame) {
      const names = next.frames[frame].minds.map((mind) => mind.name).join();
      const rebuilt = names !== minds.map((mind) => mind.name).join();
      thought = next;
      minds = thought.frames[frame].minds;
      learned = thought.frames[frame].trained.learned;
      const {shape} = Lab.unpack(minds[0].raw.probabilities);
      bars.load(minds, Array.from({length: shape[1]}, (_, k) => thought.className(k)), [0, 1]);
      says.load(minds);
      says.node.classList.toggle("long", thought.about.classes.some((label) => label.length > 4));
      if (rebuilt) build();
      else meters.forEach((meter) => (meter.mind = minds.find((mind) => mind.name === meter.mind.name)));
    }

    function build() {
      meters = [];
      scores.replaceChildren(...converge.SCORES.map((score) => {
        const [title, gloss] = words.answer.scores[score];
        const values = el("span", {class: "score-values"});
        const none = el("span", {class: "score-none", text: words.answer.noStep});
        const tracks = el("div", {class: "score-tracks"});
        for (const mind of minds) {
          const fill = el("i");
          const value = el("span", {class: mind.name});
          const track = el("div", {
            class: `score-track ${mind.name}`, role: "meter", "aria-valuemin": 0, "aria-valuemax": 1,
            "aria-label": `${title}, ${words.minds[mind.name]}`,
          }, fill);
          values.append(value);
          tracks.append(track);
          meters.push({mind, score, fill, value, track, none});
        }
        tracks.append(none);
        return el("div", {class: "score", title: gloss}, el("span", {class: "score-name", text: title}), values, tracks);
      }));
    }

    function step(t) {
      const rows = minds.map((mind) => [mind, mind.row("probabilities", t)]);
      bars.step(rows);
      const say = (values) => {
        const k = best(values);
        return Number.isFinite(values[k]) ? words.answer.says(thought.className(k), values[k]) : [words.answer.none];
      };
      says.step((mind) => say(rows.find(([own]) => own === mind)[1]));
      bars.node.setAttribute("aria-label", rows.map(([mind, values]) => `${words.minds[mind.name]}: ${say(values).join(" ")}`).join("; "));
      // scores are learned on whole thoughts of one length: in the middle, or at another length, nothing vouches for them
      const usual = thought.about.trained_steps;
      const [judges, answers] = [2, 3].map((stage) => learned.includes(stage));
      const untried = !judges || (usual && minds.some((mind) => mind.last !== usual || mind.at(t) < mind.stop));
      Lab.write(reading, !judges || !answers ? words.answer.untrained(judges, answers)
        : untried ? words.answer.untried(usual) : words.answer.reading);
      scores.classList.toggle("untried", Boolean(untried));
      for (const {mind, score, fill, value, track, none} of meters) {
        const share = mind.score(score, t);
        const known = Number.isFinite(share);
        fill.style.transform = `scaleX(${known ? share.toFixed(4) : 0})`;
        Lab.write(value, known ? share.toFixed(2) : "");
        if (none.hidden !== known) none.hidden = known;
        track.setAttribute("aria-valuenow", known ? share.toFixed(3) : 0);
        track.setAttribute("aria-valuetext", known ? share.toFixed(2) : words.answer.noStep);
      }
    }

    return {node, load, step};
  };
})();
