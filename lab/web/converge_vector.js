// Decoded states that are no images: two numbers are a point of the input plane, more are a profile.
(() => {
  "use strict";
  const Lab = window.SatiLab;
  const {el, converge} = Lab;
  const words = converge.words.sight;

  converge.vector = () => {
    const canvas = el("canvas", {role: "img"});
    const legend = el("p", {class: "vector-legend"},
      el("span", {class: "vector-input", text: `× ${words.input}`}), el("span", {text: `○ ${words.target}`}));
    const node = el("figure", {class: "sight-vector"}, canvas, legend);
    let thought = null;
    let minds = [];
    let cloud = null;
    let colours = {};
    let t = 0;

    const at = (mind, i) => mind.decodedAt(i);

    function scale(points, width, height) {
      const pad = 14;
      const low = [0, 1].map((axis) => Math.min(...points.map((p) => p[axis])));
      const high = [0, 1].map((axis) => Math.max(...points.map((p) => p[axis])));
      const unit = Math.min((width - 2 * pad) / (high[0] - low[0] || 1), (height - 2 * pad) / (high[1] - low[1] || 1));
      const middle = [0, 1].map((axis) => (low[axis] + high[axis]) / 2);
      return (p) => [width / 2 + (p[0] - middle[0]) * unit, height / 2 - (p[1] - middle[1]) * unit];
    }

    function mark(pen, [x, y], shape, colour, size) {
      pen.strokeStyle = pen.fillStyle = colour;
      pen.lineWidth = 2;
      pen.beginPath();
      if (shape === "cross") {
        for (const sign of [-1, 1]) {
          pen.moveTo(x - size, y - sign * size);
          pen.lineTo(x + size, y + sign * size);
        }
      } else if (shape === "drunk") {
        [[0, -1], [1, 0], [0, 1], [-1, 0]].forEach(([dx, dy]) => pen.lineTo(x + 1.2 * size * dx, y + 1.2 * size * dy));
        pen.closePath();
      } else {
        pen.arc(x, y, size, 0, 7);
      }
      if (shape === "sober" || shape === "drunk") pen.fill();
      else pen.stroke();
    }

    function line(pen, points, colour, alpha, width) {
      pen.globalAlpha = alpha;
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.beginPath();
      points.forEach(([x, y]) => pen.lineTo(x, y));
      pen.stroke();
      pen.globalAlpha = 1;
    }

    function plane(pen, width, height) {
      const trails = minds.map((mind) => Array.from({length: mind.last + 1}, (_, i) => at(mind, i)));
      const place = scale([...trails.flat(), ...cloud, thought.input.data, thought.target.data], width, height);
      cloud.forEach((point, i) => {
        pen.globalAlpha = 0.35;
        pen.fillStyle = colours.classes[cloud.labels[i] % 10];
        const [x, y] = place(point);
        pen.fillRect(x - 1.5, y - 1.5, 3, 3);
      });
      pen.globalAlpha = 1;
      mark(pen, place(thought.target.data), "ring", colours.ink, 8);
      mark(pen, place(thought.input.data), "cross", colours.ink, 6);
      [...minds].reverse().forEach((mind) => {
        const trail = Array.from({length: mind.last + 1}, (_, i) => place(at(mind, i)));
        line(pen, trail, colours[mind.name], 0.35, 1.5);
        line(pen, trail.slice(0, mind.at(t) + 1), colours[mind.name], 1, 2.5);
        mark(pen, trail[mind.at(t)], mind.name, colours[mind.name], 6);
      });
    }

    function profile(pen, width, height) {
      const rows = [thought.input.data, thought.target.data, ...minds.map((mind) => at(mind, t))];
      const every = [...rows, ...minds.flatMap((mind) => [at(mind, 0), at(mind, mind.last)])];
      const low = Math.min(...every.flatMap((row) => [...row]));
      const high = Math.max(...every.flatMap((row) => [...row]));
      const spot = (row) => Array.from(row, (value, i) => [
        14 + (i * (width - 28)) / Math.max(1, row.length - 1), height - 14 - ((value - low) / (high - low || 1)) * (height - 28),
      ]);
      spot(rows[0]).forEach((point) => mark(pen, point, "cross", colours.quiet, 3));
      spot(rows[1]).forEach((point) => mark(pen, point, "ring", colours.quiet, 4));
      minds.forEach((mind, i) => line(pen, spot(rows[2 + i]), colours[mind.name], 1, 2));
    }

    function draw() {
      const {clientWidth: width, clientHeight: height} = canvas;
      if (!thought || !width) return;
      const dense = window.devicePixelRatio || 1;
      if (canvas.width !== Math.round(width * dense)) canvas.width = Math.round(width * dense);
      if (canvas.height !== Math.round(height * dense)) canvas.height = Math.round(height * dense);
      const pen = canvas.getContext("2d");
      pen.setTransform(dense, 0, 0, dense, 0, 0);
      pen.clearRect(0, 0, width, height);
      if (thought.input.data.length === 2) plane(pen, width, height);
      else profile(pen, width, height);
    }

    function ink() {
      colours = Object.fromEntries(["ink", "quiet", "sober", "drunk"].map((name) => [name, Lab.colour(name)]));
      colours.classes = Array.from({length: 10}, (_, i) => Lab.colour(`class-${i}`));
      draw();
    }

    Lab.onTheme(ink);
    new ResizeObserver(draw).observe(canvas);

    function load(next, frame) {
      thought = next;
      minds = thought.frames[frame].minds;
      const {context} = thought.frames[frame];
      const inputs = Lab.unpack(context.inputs || null);
      const n = inputs && thought.input.data.length === 2 ? inputs.shape[0] : 0;
      cloud = Array.from({length: n}, (_, i) => [inputs.data[2 * i], inputs.data[2 * i + 1]]);
      cloud.labels = Lab.unpack(context.label).data;
      ink();
    }

    function step(next) {
      t = next;
      canvas.setAttribute("aria-label", minds.map((mind) =>
        `${words.now(mind.name, mind.at(t))}: ${Array.from(at(mind, t), (value) => Lab.number(value)).join(", ")}`).join("; "));
      draw();
    }

    return {node, load, step};
  };
})();
