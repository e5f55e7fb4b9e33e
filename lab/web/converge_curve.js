// The step-size curve. Its x axis is the scrubber: chart and slider share the same pixels, and dragging either moves the
// clock. Drawn as SVG, once a thought; a step of the clock moves one line and the marks on it.
(() => {
  "use strict";
  const Lab = window.SatiLab;
  const {el, svg, converge} = Lab;
  const words = converge.words.clock;
  const FLOOR = 1e-8; // sizes below it are rounding
  const THUMB = 20; // width of the slider's handle, as in lab.css

  converge.curve = (clock) => {
    const grid = svg("g", {class: "curve-grid"});
    const lines = svg("g");
    const cursor = svg("line", {class: "curve-now"});
    const marks = svg("g");
    const chart = svg("svg", {class: "curve-chart", "aria-hidden": "true"}, grid, cursor, lines, marks);
    const slider = el("input", {
      type: "range", class: "lab-range curve-slider", min: 0, max: 0, step: 1, value: 0, "aria-label": words.scrubber,
      input: (event) => clock.move(Number(event.target.value)),
    });
    const node = el("div", {class: "curve"}, chart, slider);
    let thought = null;
    let twins = [];
    let place = null; // {x(step), y(size), left, right, top, bottom, width}
    let dragging = false;

    function measure() {
      const rem = Lab.rem() / 16;
      const width = chart.clientWidth;
      const height = chart.clientHeight;
      const narrow = width < 520;
      const left = 54 * rem;
      const right = width - (narrow ? 14 : 112) * rem;
      const [low, high] = decades();
      const [top, bottom] = [8 * rem, height - 10 * rem];
      const steps = Math.max(1, clock.steps);
      return {
        width, height, left, right, top, bottom, low, high, narrow, rem,
        x: (step) => left + (step / steps) * (right - left),
        y: (size) => bottom - ((Math.log10(Math.max(size, FLOOR)) - low) / (high - low)) * (bottom - top),
      };
    }

    // whole powers of ten around everything that any keyframe of this thought has to show
    function decades() {
      let [low, high] = [Infinity, -Infinity];
      for (const {minds} of thought.frames) {
        for (const mind of minds) {
          for (let step = 0; step <= mind.last; step++) {
            for (const size of [mind.stepSize(step), mind.distance(step)]) {
              if (!(size > FLOOR)) continue;
              low = Math.min(low, size);
              high = Math.max(high, size);
            }
          }
        }
      }
      if (low > high) return [-2, 0];
      const [from, to] = [Math.floor(Math.log10(low) + 1e-6), Math.ceil(Math.log10(high) - 1e-6)];
      return from === to ? [from - 1, to] : [from, to];
    }

    function ticks(steps, room) {
      const step = [1, 2, 5, 10, 20, 25, 50, 100].find((n) => (steps / n) * 34 < room) || 100;
      const all = Array.from({length: Math.floor(steps / step) + 1}, (_, i) => i * step);
      return steps - all[all.length - 1] < step * 0.6 && all.length > 1 ? [...all.slice(0, -1), steps] : [...all, steps];
    }

    function drawGrid() {
      const {left, right, top, bottom, low, high, x, y} = place;
      const every = Math.ceil((high - low) / 4);
      const parts = [];
      for (let power = high; power >= low; power -= every) {
        const at = y(10 ** power);
        parts.push(svg("line", {x1: left, x2: right, y1: at, y2: at}));
        parts.push(svg("text", {x: left - 8, y: at + 5, class: "curve-y", text: Lab.number(10 ** power, 1)}));
      }
      const shown = [...new Set(ticks(clock.steps, right - left))];
      parts.push(...shown.map((step) => svg("line", {class: "curve-tick", x1: x(step), x2: x(step), y1: bottom, y2: bottom + 5})));
      parts.push(svg("line", {class: "curve-base", x1: left, x2: right, y1: bottom, y2: bottom}));
      grid.replaceChildren(...parts);
      ruler.replaceChildren(...shown.map((step) => el("span", {text: step, style: `left: ${x(step).toFixed(1)}px`})));
    }

    const ruler = el("div", {class: "curve-ruler", "aria-hidden": "true"});
    node.append(ruler);

    // a line through the steps that were taken; skipped ones leave no gap, they are marked on the baseline
    function trace(mind, value, from) {
      const {x, y} = place;
      let d = "";
      for (let step = from; step <= mind.last; step++) {
        const size = value(step);
        if (size > FLOOR) d += `${d ? "L" : "M"}${x(step).toFixed(1)} ${y(size).toFixed(1)}`;
      }
      return d;
    }

    function drawLines() {
      const {x, y, bottom, top, right, narrow, rem} = place;
      const named = [];
      const groups = [...twins].reverse().map((mind) => {
        const size = (step) => mind.stepSize(step);
        const parts = [
          svg("path", {class: "curve-left", d: trace(mind, (step) => mind.distance(step), 0)}),
          svg("path", {class: "curve-size", d: trace(mind, size, 1)}),
        ];
        for (let step = 1; step <= mind.last; step++) {
          if (mind.skipped(step)) parts.push(svg("circle", {class: "curve-skip", cx: x(step), cy: bottom, r: 4.5}));
          else if (size(step) > FLOOR && mind.last <= 60) parts.push(svg("circle", {class: "curve-dot", cx: x(step), cy: y(size(step)), r: 2.6}));
        }
        if (mind.stop < mind.last) {
          parts.push(svg("line", {class: "curve-stop", x1: x(mind.stop), x2: x(mind.stop), y1: top, y2: bottom}));
        }
        return svg("g", {class: mind.name}, ...parts);
      });
      // both kinds of line are named at the right end of the first mind's
      if (!narrow && twins.length) {
        const mind = twins[0];
        const lastOf = (value) => {
          for (let step = mind.last; step >= 0; step--) if (value(step) > FLOOR) return y(value(step));
          return bottom;
        };
        let [size, left] = [lastOf((step) => mind.stepSize(step)), lastOf((step) => mind.distance(step))];
        const gap = 17 * rem;
        if (Math.abs(size - left) < gap) {
          const middle = (size + left) / 2;
          [size, left] = size <= left ? [middle - gap / 2, middle + gap / 2] : [middle + gap / 2, middle - gap / 2];
        }
        const over = Math.max(size, left) - (bottom + 2);
        if (over > 0) [size, left] = [size - over, left - over];
        named.push(svg("text", {class: "curve-name", x: right + 10, y: size + 5, text: words.size}));
        named.push(svg("text", {class: "curve-name dotted", x: right + 10, y: left + 5, text: words.left}));
      }
      lines.replaceChildren(...groups, ...named);
      marks.replaceChildren(...[...twins].reverse().map((mind) => svg("circle", {class: `curve-mark ${mind.name}`, r: 5.5})));
    }

    function draw() {
      if (!thought || !chart.clientWidth) return;
      place = measure();
      chart.setAttribute("viewBox", `0 0 ${place.width} ${place.height}`);
      slider.max = clock.steps;
      slider.style.left = `${place.left - THUMB / 2}px`;
      slider.style.width = `${place.right - place.left + THUMB}px`;
      cursor.setAttribute("y1", place.top - 8);
      cursor.setAttribute("y2", place.height);
      drawGrid();
      drawLines();
      step(clock.step);
    }

    function load(next, frame) {
      thought = next;
      twins = thought.frames[frame].minds;
      draw();
    }

    function step(t) {
      slider.value = t;
      slider.setAttribute("aria-valuetext", words.step(t, clock.steps));
      if (!place) return;
      const x = place.x(t).toFixed(1);
      cursor.setAttribute("x1", x);
      cursor.setAttribute("x2", x);
      [...twins].reverse().forEach((mind, i) => {
        const size = mind.stepSize(t);
        const seen = size > FLOOR;
        const mark = marks.children[i];
        mark.style.visibility = seen ? "visible" : "hidden";
        if (seen) mark.setAttribute("transform", `translate(${x} ${place.y(size).toFixed(1)})`);
      });
    }

    const stepAt = (event) => {
      const box = chart.getBoundingClientRect();
      const share = (event.clientX - box.left - place.left) / (place.right - place.left);
      return Math.max(0, Math.min(clock.steps, Math.round(share * clock.steps)));
    };
    chart.addEventListener("pointerdown", (event) => {
      if (!place || event.button !== 0) return;
      dragging = true;
      chart.setPointerCapture(event.pointerId);
      clock.move(stepAt(event));
    });
    chart.addEventListener("pointermove", (event) => {
      if (!place) return;
      const at = stepAt(event);
      if (dragging) clock.move(at);
      Lab.tip(event, twins.map((mind) => words.at(
        mind.name, at, mind.skipped(at) ? words.skipped : Lab.number(mind.stepSize(at)), Lab.number(mind.distance(at)))));
    });
    for (const end of ["pointerup", "pointercancel"]) chart.addEventListener(end, () => (dragging = false));
    chart.addEventListener("pointerleave", (event) => Lab.tip(event, null));
    new ResizeObserver(draw).observe(chart);

    return {node, load, step};
  };
})();
