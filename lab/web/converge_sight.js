// What the mind sees: the decoded state beside input and target, and the whole thought as a strip of film.
// Images are drawn as they are; points of a plane and other vectors are drawn as a picture of their own.
(() => {
  "use strict";
  const Lab = window.SatiLab;
  const {el, converge} = Lab;
  const words = converge.words.sight;
  const MOST_FRAMES = 11;

  // (H, W, C) bytes onto a canvas of just that many pixels; CSS enlarges it without smoothing
  function paint(canvas, pixels, {height, width, channels}) {
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, {width, height});
    const image = new ImageData(width, height);
    for (let i = 0; i < width * height; i++) {
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = pixels[channels === 3 ? 3 * i + c : i];
      image.data[4 * i + 3] = 255;
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
  }

  // Which states the strip shows: all if they fit, else more of the beginning, where most happens.
  function keyStates(last) {
    if (last < MOST_FRAMES) return Array.from({length: last + 1}, (_, i) => i);
    const chosen = new Set([0]);
    for (let i = 1; i < MOST_FRAMES; i++) {
      const grown = Math.round(last ** (i / (MOST_FRAMES - 1)));
      chosen.add(Math.max(grown, Math.max(...chosen) + 1));
    }
    return [...chosen].map((step) => Math.min(step, last)).filter((step, i, all) => all.indexOf(step) === i);
  }

  converge.sight = (clock, api) => {
    const stage = el("div", {class: "sight-stage"});
    const gate = el("span", {class: "sight-gate"});
    const film = el("div", {class: "sight-film", role: "group", "aria-label": words.film});
    const now = el("div", {class: "sight-now"}, stage);
    const targets = Lab.segments(words.targets, [["own", ...words.blurred], ["sharp", ...words.sharp]],
      (weights) => api.trigger("weights", {weights}));
    const node = Lab.panel("cv-sight", words, targets.node, now, film);
    const reading = el("span", {class: "sight-reading"});
    node.querySelector(".lab-reading").replaceChildren(reading, gate);
    let form = null; // what is shown: changes only with the kind of data and the number of minds
    let figures = new Map();
    let strips = [];
    let twins = [];
    let thought = null;
    let plane = null; // made when the first vector comes
    let vector = null; // the same, while vectors are shown

    function figure(name) {
      const canvas = el("canvas", {role: "img"});
      const caption = el("figcaption");
      figures.set(name, {canvas, caption});
      return el("figure", {class: `sight-${name}`}, canvas, caption);
    }

    function build(minds, image) {
      figures = new Map();
      if (!image) plane = plane || converge.vector();
      vector = image ? null : plane;
      const names = minds.map((mind) => mind.name);
      stage.className = `sight-stage ${names.length > 1 ? "twins" : "single"}`;
      stage.replaceChildren(...(image ? ["input", ...names, "target"].map(figure) : [vector.node]));
    }

    function buildFilm(minds) {
      strips = minds.map((mind) => {
        const states = keyStates(mind.last);
        const frames = states.map((step) => {
          const canvas = el("canvas");
          const label = el("span", {text: Lab.state(step)});
          const button = el("button", {
            type: "button", "aria-label": words.frame(mind.name, step), click: () => clock.move(step),
          }, canvas, label);
          return {step, canvas, button};
        });
        const node = el("div", {class: `film-strip ${mind.name}`, style: `--n: ${states.length}`}, ...frames.map((f) => f.button));
        return {mind, frames, node, key: `${mind.name} ${mind.last}`};
      });
      film.replaceChildren(...strips.map((strip) => strip.node));
    }

    function gateLine(mind) {
      const {share, similarity, threshold} = mind.gate;
      const shut = share === 0;
      gate.classList.toggle("shut", shut);
      if (shut) gate.textContent = words.gateShut(similarity, threshold);
      else if (threshold < thought.about.threshold) gate.textContent = words.gateUnfitted;
      else gate.textContent = share < 1 ? words.gatePart(share, similarity) : words.gateOpen(similarity, threshold);
      node.classList.toggle("gate-shut", shut);
    }

    function load(next, frame) {
      thought = next;
      const {minds} = thought.frames[frame];
      const {image, blurs, switches} = thought.about;
      const learned = thought.frames[frame].trained.learned.length > 0;
      Lab.write(reading, !learned ? words.readingUntrained : !image ? words.readingVector
        : blurs ? words.readingBlurred : switches ? words.readingSharp : words.reading);
      targets.node.hidden = !switches;
      targets.press(blurs ? "own" : "sharp");
      const wanted = `${image} ${minds.map((mind) => `${mind.name} ${mind.last}`).join()}`;
      if (wanted !== form) {
        build(minds, image);
        if (image) buildFilm(minds);
        else film.replaceChildren();
        form = wanted;
      }
      twins = minds;
      gateLine(minds[0]);
      if (!image) {
        vector.load(thought, frame);
        return;
      }
      for (const name of ["input", "target"]) {
        const {canvas, caption} = figures.get(name);
        paint(canvas, thought[name].data, thought.about);
        canvas.setAttribute("aria-label", words[name]);
        canvas.title = words.which(thought.about);
        caption.textContent = name === "input" && thought.about.part === "train" ? words.trained : words[name];
      }
      strips.forEach((strip, i) => {
        const mind = minds[i];
        for (const {step, canvas, button} of strip.frames) {
          paint(canvas, mind.decodedAt(step), thought.about);
          button.classList.toggle("skipped", mind.skipped(step));
          button.classList.toggle("stopped", step > mind.stop);
          button.title = mind.skipped(step) ? `${words.frame(mind.name, step)} (${words.skipped})` : words.frame(mind.name, step);
        }
      });
    }

    function step(t) {
      if (vector) {
        vector.step(t);
        return;
      }
      twins.forEach((mind, i) => {
        const {canvas, caption} = figures.get(mind.name);
        paint(canvas, mind.decodedAt(t), thought.about);
        const text = words.now(mind.name, mind.at(t));
        Lab.write(caption, text);
        if (canvas.getAttribute("aria-label") !== text) canvas.setAttribute("aria-label", text);
        // the last frame that is not later than the clock
        const {frames} = strips[i];
        let current = 0;
        frames.forEach((shown, index) => {
          if (shown.step <= t) current = index;
        });
        frames.forEach(({button}, index) => {
          if ((button.getAttribute("aria-current") === "step") !== (index === current)) {
            if (index === current) button.setAttribute("aria-current", "step");
            else button.removeAttribute("aria-current");
          }
        });
      });
    }

    return {node, load, step};
  };

  converge.keyStates = keyStates;
})();
