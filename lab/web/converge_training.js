// Trained for: the same thought with the weights of every keyframe. Keyframes stand side by side, not to scale in steps:
// they are dense where a stage begins, because there most happens.
(() => {
  "use strict";
  const Lab = window.SatiLab;
  const {el, converge} = Lab;
  const words = converge.words.training;
  const PLAY = "M3 1.5v13l11-6.5z";
  const PAUSE = "M3 2h4v12H3zM9 2h4v12H9z";

  converge.icon = (d) => Lab.svg("svg", {viewBox: "0 0 16 16", "aria-hidden": "true"}, Lab.svg("path", {d}));
  converge.icons = {PLAY, PAUSE};

  converge.training = (clock) => {
    const play = el("button", {type: "button", class: "lab-round", click: () => clock.toggle("training")}, converge.icon(PLAY));
    const slider = el("input", {
      type: "range", class: "lab-range", min: 0, max: 0, step: 1, value: 0, "aria-label": words.label,
      input: (event) => clock.moveFrame(Number(event.target.value)),
    });
    const marks = el("div", {class: "training-marks", "aria-hidden": "true"});
    const track = el("div", {class: "training-track"}, marks, slider);
    const readout = el("span", {class: "training-at"});
    const one = el("p", {class: "training-one", text: words.one});
    const node = el("section", {class: "lab-panel cv-training", "aria-label": words.question},
      el("h3", {text: words.question}), play, track, readout, one, ...Lab.why(words));
    let thought = null;

    function load(next) {
      if (next === thought) return;
      thought = next;
      const {frames, last} = thought;
      const single = frames.length < 2;
      node.classList.toggle("single", single);
      slider.disabled = play.disabled = single;
      Lab.write(one, thought.payload.replaying ? words.working : words.one);
      slider.max = last;
      // neighbours of one stage make one stretch
      const stretches = [];
      frames.forEach(({trained}, i) => {
        const previous = stretches[stretches.length - 1];
        if (previous && previous.stage === trained.stage) previous.to = i;
        else stretches.push({stage: trained.stage, from: i, to: i});
      });
      const share = (i) => (last ? (100 * i) / last : 0);
      marks.replaceChildren(...stretches.map(({stage, from, to}, i) => {
        const left = i ? share(from - 0.5) : 0;
        const right = to === last ? 100 : share(to + 0.5);
        return el("div", {
          class: "training-stage", style: `left: ${left}%; width: ${right - left}%; --hue: var(--stage-${stage})`,
        }, el("span", {text: right - left < 12 ? "" : stage >= 0 ? words.stage(stage) : words.untrained}));
      }));
    }

    function frame(index) {
      slider.value = index;
      const text = words.at(thought.frames[index].trained) + (index === thought.last ? ` (${words.present})` : "");
      Lab.write(readout, text);
      slider.setAttribute("aria-valuetext", text);
    }

    function playing(what) {
      const on = what === "training";
      play.setAttribute("aria-label", on ? words.pause : words.play);
      play.title = on ? words.pause : words.play;
      play.querySelector("path").setAttribute("d", on ? PAUSE : PLAY);
    }

    playing("");
    return {node, load, frame, playing};
  };
})();
