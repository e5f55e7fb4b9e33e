// The map. Plotly draws what stands still (cloud, probes) once and brings zoom, hover and clicks; an SVG above it draws the
// paths in the same pixels, and a step of the clock changes four attributes in it.
(() => {
  "use strict";
  const Lab = window.SatiLab;
  const {el, svg, converge} = Lab;
  const words = converge.words.map;
  const PAD = 0.05; // of the span, around everything
  const NEAR_PAD = 0.35; // around one thought, so that its surroundings are seen
  const MOST_DOTS = 60; // of longer thoughts only every n-th state gets a dot

  // Room for all points of a list of [length, (i) => x, (i) => y]
  const bounds = (lists) => {
    const box = {x0: Infinity, x1: -Infinity, y0: Infinity, y1: -Infinity};
    for (const [n, x, y] of lists) {
      for (let i = 0; i < n; i++) {
        box.x0 = Math.min(box.x0, x(i));
        box.x1 = Math.max(box.x1, x(i));
        box.y0 = Math.min(box.y0, y(i));
        box.y1 = Math.max(box.y1, y(i));
      }
    }
    return box;
  };
  const pairs = ({data, shape}) => [shape[0], (i) => data[2 * i], (i) => data[2 * i + 1]];
  const trail = (path) => [path.n, path.x, path.y];

  converge.map = (clock, api) => {
    const plot = el("div", {class: "map-plot"});
    const labels = svg("g", {class: "map-labels"});
    const guesses = svg("g", {class: "map-guesses"});
    const trails = svg("g");
    const over = svg("svg", {class: "map-over", "aria-hidden": "true"}, labels, guesses, trails);
    const box = el("div", {class: "map-box", role: "img"}, plot, over);
    const readout = el("div", {class: "map-readout"});
    const axes = el("div", {class: "map-axes"});
    const bar = el("div", {class: "map-bar"}, el("i"), el("span"));
    const honesty = el("p", {class: "map-honesty"});
    const corner = el("span", {class: "lab-corner"});
    const projections = Lab.segments(words.projection, [["pca", ...words.pca], ["umap", ...words.umap]], choose);
    const views = Lab.segments(words.view, [["whole", ...words.whole], ["near", ...words.near]], look);
    const tools = el("div", {class: "lab-tools"}, projections.node, views.node);
    box.append(readout, axes, bar);
    const node = Lab.panel("cv-map", words, tools, box, el("div", {class: "map-foot"}, honesty, corner));

    let wanted = "pca"; // what the person asked for; what is shown may have to be PCA
    let shown = "pca";
    let thought = null;
    let frame = 0;
    let drawn = null; // the cloud that Plotly holds
    let twins = [];
    let ready = false;
    // by projection: "whole" and "near" follow what is drawn, anything else is the range that a person chose
    const view = {pca: "whole", umap: "whole"};

    function choose(projection) {
      wanted = projection;
      if (thought) load(thought, frame);
    }

    function look(what) {
      view[shown] = what;
      if (!ready) return;
      const {x, y} = wantedRange();
      window.LabPlotly.relayout(plot, {"xaxis.range": x, "yaxis.range": y});
    }

    // --- ranges ------------------------------------------------------------------------------------------------
    function wholeBox() {
      const {minds} = thought.frames[frame];
      const cloud = thought.cloud(frame, shown);
      return bounds([pairs(cloud.points), pairs(cloud.probes), ...minds.map((mind) => trail(mind.path(shown)))]);
    }

    const nearBox = () => bounds(thought.frames[frame].minds.map((mind) => trail(mind.path(shown))));

    function wantedRange() {
      if (view[shown] === "whole") return square(wholeBox(), PAD);
      if (view[shown] === "near") return square(nearBox(), NEAR_PAD);
      const {x, y} = view[shown];
      return square({x0: x[0], x1: x[1], y0: y[0], y1: y[1]}, 0);
    }

    // the same scale on both axes: distances on the map may be compared in every direction
    function square(room, pad) {
      const {width, height} = size();
      const unit = Math.max((room.x1 - room.x0) / width, (room.y1 - room.y0) / height, 1e-6) * (1 + 2 * pad);
      const x = (room.x0 + room.x1) / 2;
      const y = (room.y0 + room.y1) / 2;
      return {x: [x - (unit * width) / 2, x + (unit * width) / 2], y: [y - (unit * height) / 2, y + (unit * height) / 2]};
    }

    const size = () => ({width: Math.max(plot.clientWidth, 1), height: Math.max(plot.clientHeight, 1)});
    const range = () => ({x: plot._fullLayout.xaxis.range, y: plot._fullLayout.yaxis.range});

    // --- what stands still -------------------------------------------------------------------------------------
    function traces(cloud) {
      const hues = Array.from({length: 10}, (_, i) => Lab.colour(`class-${i}`));
      const {points, probes, labels: classes} = cloud;
      const strided = (array, offset) => Array.from({length: array.shape[0]}, (_, i) => array.data[2 * i + offset]);
      const scale = Lab.rem() / 16;
      return [
        {
          type: "scatter", mode: "markers", x: strided(points, 0), y: strided(points, 1),
          text: Array.from(classes.data, (label) => words.point(thought.className(label))), hoverinfo: "text",
          marker: {size: 4.5 * scale, opacity: 0.42, color: Array.from(classes.data, (label) => hues[label % 10])},
        },
        {
          type: "scatter", mode: "markers", x: strided(probes, 0), y: strided(probes, 1),
          text: Array.from({length: probes.shape[0]}, (_, k) => words.probe(k)), hoverinfo: "text",
          marker: {
            symbol: "star", size: 13 * scale, color: Lab.colour("ink"), line: {width: 1.5, color: Lab.colour("panel")},
          },
        },
      ];
    }

    const pressView = () => views.press(typeof view[shown] === "string" ? view[shown] : "");

    function layout() {
      const {x, y} = wantedRange();
      const axis = {visible: false, fixedrange: false};
      const roomy = window.innerWidth > 700; // on a phone a drag over the map scrolls the page
      return Lab.plotly.layout({
        margin: {l: 0, r: 0, t: 0, b: 0},
        xaxis: {...axis, range: x},
        yaxis: {...axis, range: y, scaleanchor: "x"},
        hovermode: "closest",
        hoverdistance: 8,
        dragmode: roomy ? "pan" : false,
      });
    }

    function drawCloud() {
      const cloud = thought.cloud(frame, shown);
      const config = {...Lab.plotly.config, responsive: false, scrollZoom: window.innerWidth > 700};
      drawn = cloud.key;
      window.LabPlotly.react(plot, traces(cloud), layout(), config);
      if (!ready) listen();
      ready = true;
      classLabels(cloud);
    }

    function listen() {
      plot.on("plotly_relayouting", place);
      plot.on("plotly_relayout", () => {
        place();
        const now = range();
        const asked = wantedRange();
        const off = Math.abs(now.x[0] - asked.x[0]) + Math.abs(now.x[1] - asked.x[1]) + Math.abs(now.y[0] - asked.y[0]);
        if (off > 1e-3 * (asked.x[1] - asked.x[0])) view[shown] = {x: [...now.x], y: [...now.y]};
        pressView();
      });
      plot.on("plotly_doubleclick", () => look("whole"));
      plot.on("plotly_click", ({points: [point]}) => {
        const index = point.pointNumber;
        if (point.curveNumber === 1) api.trigger("pick", {probe: index});
        else api.trigger("pick", {index, label: thought.cloud(frame, shown).labels.data[index], projection: shown});
      });
    }

    // each class is named where most of it lies
    function classLabels({points, labels: classes}) {
      const members = new Map();
      classes.data.forEach((label, i) => members.set(label, [...(members.get(label) || []), i]));
      const middle = (values) => values.sort((a, b) => a - b)[values.length >> 1];
      labels.replaceChildren(...[...members].map(([label, rows]) => {
        const text = svg("text", {text: thought.className(label), style: `fill: var(--class-${label % 10})`});
        text.at = [middle(rows.map((i) => points.data[2 * i])), middle(rows.map((i) => points.data[2 * i + 1]))];
        return text;
      }));
    }

    // --- what moves --------------------------------------------------------------------------------------------
    function drawTrails() {
      const {minds} = thought.frames[frame];
      const {probes} = thought.cloud(frame, shown);
      // the sober mind is drawn last, above the drunk one
      twins = [...minds].reverse().map((mind) => {
        const shape = () => svg("path");
        const [whole, wholeFalse, walked, walkedFalse] = ["whole", "whole false", "walked", "walked false"].map((name) => {
          const path = shape();
          path.setAttribute("class", name);
          return path;
        });
        const path = mind.path(shown);
        const every = Math.ceil(path.n / MOST_DOTS);
        const dots = Array.from({length: path.n}, (_, i) => i).filter((i) => i % every === 0 || i === path.n - 1)
          .map((i) => Object.assign(svg("circle", {
            class: "dot", r: 3.2, click: () => clock.move(i),
            pointermove: (event) => Lab.tip(event, tell(mind, i)), pointerleave: (event) => Lab.tip(event, null),
          }), {step: i}));
        const now = svg("g", {class: "now"}, svg("circle", {class: "halo", r: 13}), mind.name === "drunk"
          ? svg("rect", {class: "core", x: -6.5, y: -6.5, width: 13, height: 13, transform: "rotate(45)"})
          : svg("circle", {class: "core", r: 7}));
        const group = svg("g", {class: `trail ${mind.name}`}, whole, wholeFalse, ...dots, walked, walkedFalse, now);
        return {mind, path, isFalse: mind.falseMotion(shown), group, whole, wholeFalse, walked, walkedFalse, dots, now};
      });
      trails.replaceChildren(...twins.map((twin) => twin.group));
      guesses.replaceChildren(...[...new Set(minds.map((mind) => mind.winner))].map((k) => {
        const ring = svg("g", {class: "guess"}, svg("circle", {r: 12}), svg("text", {x: 17, y: 5, text: words.guess(k)}));
        ring.at = [probes.data[2 * k], probes.data[2 * k + 1]];
        return ring;
      }));
      readout.replaceChildren(...minds.map((mind) => {
        const line = el("div", {class: mind.name}, el("b"), el("span"));
        twins.find((twin) => twin.mind === mind).line = line;
        return line;
      }));
    }

    const tell = (mind, i) => [
      `${converge.words.minds[mind.name]} ${Lab.state(i)}`,
      ...(mind.taken(i) ? [converge.words.clock.moved(mind.stepSize(i))] : []),
      words.away(mind.distance(i)),
    ];

    // everything above the plot in the pixels of the present zoom
    function place() {
      if (!thought || !ready) return;
      const {x, y} = range();
      const {width, height} = size();
      const px = (value) => ((value - x[0]) / (x[1] - x[0])) * width;
      const py = (value) => height - ((value - y[0]) / (y[1] - y[0])) * height;
      for (const mark of [...labels.children, ...guesses.children]) {
        mark.setAttribute("transform", `translate(${px(mark.at[0]).toFixed(1)} ${py(mark.at[1]).toFixed(1)})`);
      }
      for (const twin of twins) {
        const {path, isFalse} = twin;
        twin.spots = Array.from({length: path.n}, (_, i) => `${px(path.x(i)).toFixed(1)} ${py(path.y(i)).toFixed(1)}`);
        // one piece a step, kept apart by kind, so that the walked part is a join of the first t of them
        twin.pieces = [false, true].map((kind) => Array.from({length: path.n - 1}, (_, i) =>
          (isFalse(i) === kind ? `M${twin.spots[i]}L${twin.spots[i + 1]}` : "")));
        twin.whole.setAttribute("d", twin.pieces[0].join(""));
        twin.wholeFalse.setAttribute("d", twin.pieces[1].join(""));
        for (const dot of twin.dots) {
          const [cx, cy] = twin.spots[dot.step].split(" ");
          dot.setAttribute("cx", cx);
          dot.setAttribute("cy", cy);
        }
      }
      scaleBar((x[1] - x[0]) / width, width);
      step(clock.step);
    }

    // PCA keeps the latent unit, so a length on the map has a meaning; UMAP has none
    function scaleBar(unit, width) {
      bar.hidden = shown !== "pca";
      const most = unit * width * 0.22;
      const decade = 10 ** Math.floor(Math.log10(most));
      const length = decade * ([5, 2, 1].find((n) => n * decade <= most) || 1);
      bar.firstChild.style.width = `${(length / unit).toFixed(1)}px`;
      Lab.write(bar.lastChild, words.bar(length));
    }

    function step(t) {
      for (const {mind, path, spots, pieces, walked, walkedFalse, now, line} of twins) {
        if (!spots) continue;
        const at = Math.min(t, path.n - 1);
        walked.setAttribute("d", pieces[0].slice(0, at).join(""));
        walkedFalse.setAttribute("d", pieces[1].slice(0, at).join(""));
        now.setAttribute("transform", `translate(${spots[at]})`);
        Lab.write(line.firstChild, `${converge.words.minds[mind.name]} ${Lab.state(mind.at(t))}`);
        Lab.write(line.lastChild, words.away(mind.distance(t)));
      }
    }

    // another thought, another keyframe, or another projection
    function load(next, nextFrame) {
      if (thought && thought.about.run !== next.about.run) view.pca = view.umap = "whole";
      thought = next;
      frame = nextFrame;
      shown = thought.available(frame, wanted) ? wanted : "pca";
      const cloud = thought.cloud(frame, shown);
      projections.press(shown);
      const umap = projections.buttons.get("umap");
      const possible = thought.available(thought.last, "umap");
      umap.disabled = !possible;
      umap.classList.toggle("working", thought.umap.state === "working");
      umap.title = possible ? words.umap[1] : thought.umap.text || words.waiting;
      const h = thought.honesty(shown);
      const forced = wanted !== shown && possible;
      honesty.textContent = forced ? words.present : h ? words.honesty(shown, h) : words.noHonesty;
      corner.textContent = h ? words.corner(h) : "";
      const explained = thought.frames[frame].context.explained || [];
      axes.textContent = words.axes[shown](explained);
      pressView();
      drawTrails();
      if (plot.clientWidth === 0) return; // in a closed tab: drawn when it opens
      if (drawn !== cloud.key) drawCloud();
      else if (view[shown] === "near") look("near");
      place();
    }

    Lab.onTheme(() => {
      if (!ready || !thought || plot.clientWidth === 0) {
        drawn = null;
        return;
      }
      drawCloud();
      place();
    });

    new ResizeObserver(() => {
      const {width, height} = size();
      over.setAttribute("viewBox", `0 0 ${width} ${height}`);
      if (!thought || plot.clientWidth === 0) return;
      if (!ready || drawn === null) {
        drawCloud();
      } else {
        // after a change of size the same place stays in the middle
        const {x, y} = wantedRange();
        window.LabPlotly.relayout(plot, {width, height, "xaxis.range": x, "yaxis.range": y});
      }
      place();
    }).observe(plot);

    return {node, load, step, projection: () => shown};
  };
})();
