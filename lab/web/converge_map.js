// The map: the cloud of other thoughts, the probes, and the paths. The cloud is drawn once for a zoom; the paths are SVG
// above it, and a step of the clock changes a few attributes in them.
(() => {
  "use strict";
  const Lab = window.SatiLab;
  const {el, svg, converge} = Lab;
  const words = converge.words.map;
  const PAD = 0.05; // of the span, around everything
  const NEAR_PAD = 0.35; // around one thought, so that its surroundings are seen
  const MOST_DOTS = 60; // of longer thoughts only every n-th state gets a dot
  const STAR = Array.from({length: 10}, (_, i) => {
    const [angle, radius] = [(Math.PI * i) / 5, i % 2 ? 3.6 : 8];
    return `${i ? "L" : "M"}${(radius * Math.sin(angle)).toFixed(2)} ${(-radius * Math.cos(angle)).toFixed(2)}`;
  }).join("") + "Z";

  // room for all points of a list of [length, (i) => x, (i) => y]
  function bounds(lists) {
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
  }
  const pairs = ({data, shape}) => [shape[0], (i) => data[2 * i], (i) => data[2 * i + 1]];
  const trail = (path) => [path.n, path.x, path.y];
  const at = (mark, x, y) => mark.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);

  converge.map = (clock, api, changed) => {
    let wanted = "pca"; // what the person asked for; what is shown may have to be PCA
    let shown = "pca";
    let thought = null;
    let frame = 0;
    let cloud = null;
    let twins = [];
    // by projection: "whole" and "near" follow what is drawn, "own" is where a person went
    const view = {pca: "whole", umap: "whole", axis: "whole"};
    const own = {};

    const plane = Lab.plane({
      view: place,
      moved() {
        view[shown] = "own";
        own[shown] = plane.seen();
        pressView();
      },
      home: () => look("whole"),
      hover: (index, event) =>
        Lab.tip(event, index < 0 ? null : [words.point(thought.className(cloud.labels.data[index]))]),
      click: (index) => api.trigger("pick", {point: index}),
      resized: () => thought && show(),
    });
    const labels = svg("g", {class: "map-labels"});
    const stars = svg("g", {class: "map-probes"});
    const trails = svg("g");
    plane.over.append(labels, stars, trails);
    const readout = el("div", {class: "map-readout"});
    const axes = el("span");
    const corner = el("span");
    const bar = el("div", {class: "map-bar"}, el("i"), el("span"));
    const honesty = el("p", {class: "map-honesty"});
    const projections = Lab.segments(words.projection, [["pca", ...words.pca], ["umap", ...words.umap], ["axis", ...words.axis]], (projection) => {
      wanted = projection;
      if (thought) load(thought, frame);
      changed();
    });
    const views = Lab.segments(words.view, [["whole", ...words.whole], ["near", ...words.near]], look);
    const axis = converge.axis(api, () => {
      view.axis = "whole";
      load(thought, frame);
      changed();
    });
    const box = el("div", {class: "map-box"},
      plane.node, readout, el("div", {class: "map-axes"}, axes, corner, bar), views.node, axis.node);
    const node = Lab.panel("cv-map", words, projections.node, box, honesty);

    // --- what is seen --------------------------------------------------------------------------------------------
    function look(what) {
      view[shown] = what;
      pressView();
      if (thought) show();
    }

    function pressView() {
      views.press(view[shown]);
      Lab.mark(box, "view", view[shown]);
    }

    // what is written over the map keeps its own room
    const edges = () => ({top: Math.max(readout.offsetHeight, views.node.offsetHeight), bottom: axes.offsetHeight});

    function show() {
      if (!plane.size().width) return; // in a closed tab: drawn when it opens
      const paths = thought.frames[frame].minds.map((mind) => trail(mind.path(shown)));
      if (view[shown] === "own") plane.look(own[shown]);
      else if (view[shown] === "near") plane.look(plane.fit(bounds(paths), NEAR_PAD, edges()));
      else plane.look(plane.fit(bounds([pairs(cloud.points), pairs(cloud.probes), ...paths]), PAD, edges()));
      plane.redraw();
    }

    // --- what stands still ---------------------------------------------------------------------------------------
    function drawCloud() {
      const hues = Array.from({length: 10}, (_, i) => Lab.colour(`class-${i}`));
      plane.cloud(cloud.points.data, Array.from(cloud.labels.data, (label) => hues[label % 10]));
    }

    // each class is named where most of it lies
    function drawLabels() {
      const {points, labels: classes} = cloud;
      const members = new Map();
      classes.data.forEach((label, i) => {
        if (!members.has(label)) members.set(label, []);
        members.get(label).push(i);
      });
      const middle = (values) => values.sort((a, b) => a - b)[values.length >> 1];
      labels.replaceChildren(...[...members].map(([label, rows]) => Object.assign(
        svg("text", {text: thought.className(label), style: `fill: var(--class-${label % 10})`}),
        {at: [middle(rows.map((i) => points.data[2 * i])), middle(rows.map((i) => points.data[2 * i + 1]))]})));
    }

    // the probe that won the first guess is open and named
    function drawStars() {
      const {data, shape} = cloud.probes;
      const first = new Set(thought.frames[frame].minds.map((mind) => mind.winner));
      stars.replaceChildren(...Array.from({length: shape[0]}, (_, k) => Object.assign(
        svg("g", {class: first.has(k) ? "first" : null}, svg("path", {
          d: STAR,
          pointermove: (event) => Lab.tip(event, [words.probe(k)]), pointerleave: (event) => Lab.tip(event, null),
        }), first.has(k) ? svg("text", {y: -14, text: words.guess(k)}) : null),
        {at: [data[2 * k], data[2 * k + 1]]})));
    }

    // --- what moves ----------------------------------------------------------------------------------------------
    const tell = (mind, i) => [
      `${converge.words.minds[mind.name]} ${Lab.state(i)}`,
      ...(mind.taken(i) ? [converge.words.clock.moved(mind.stepSize(i))] : []),
      words.away(mind.distance(i)),
    ];

    function twin(mind) {
      const [whole, wholeFalse, walked, walkedFalse] =
        ["whole", "whole false", "walked", "walked false"].map((name) => svg("path", {class: name}));
      const path = mind.path(shown);
      const every = Math.ceil(path.n / MOST_DOTS);
      const dots = Array.from({length: path.n}, (_, i) => i).filter((i) => i % every === 0 || i === path.n - 1)
        .map((i) => Object.assign(svg("circle", {
          class: "dot", r: 3.2, click: () => clock.move(i),
          pointermove: (event) => Lab.tip(event, tell(mind, i)), pointerleave: (event) => Lab.tip(event, null),
        }), {step: i}));
      const core = mind.name === "drunk"
        ? svg("rect", {class: "core", x: -7.5, y: -7.5, width: 15, height: 15, transform: "rotate(45)"})
        : svg("circle", {class: "core", r: 6.5});
      const now = svg("g", {class: "now"}, svg("circle", {class: "halo", r: 13}), core);
      // those of both minds may be the same
      const near = Array.from(mind.near(0), () => svg("circle", {class: "near", r: mind.name === "drunk" ? 7.5 : 5}));
      const group = svg("g", {class: `trail ${mind.name}`}, ...near, whole, wholeFalse, ...dots, walked, walkedFalse, now);
      const line = el("div", {class: mind.name}, el("b"), el("span"));
      const company = el("span", {class: mind.name});
      return {mind, path, near, company, isFalse: mind.falseMotion(shown), group, whole, wholeFalse, walked, walkedFalse, dots, now, line};
    }

    function drawTrails() {
      twins = thought.frames[frame].minds.map(twin);
      const known = twins.filter(({near}) => near.length);
      const company = known.length ? [el("div", {class: "map-company", text: words.company}, ...known.map((twin) => twin.company))] : [];
      readout.replaceChildren(...twins.map(({line}) => line), ...company);
      // the sober mind is drawn last, above the drunk one
      trails.replaceChildren(...[...twins].reverse().map(({group}) => group));
    }

    // everything above the cloud, in the pixels of the present zoom
    function place() {
      const {width, height} = plane.size();
      const {px, py} = plane;
      // names of stars keep out of the way of the path
      const middle = twins.reduce((sum, {path}) => sum + py(path.y(0)) + py(path.y(Math.min(2, path.n - 1))), 0) / (2 * twins.length);
      const spots = [...stars.children].map((star) => {
        const [x, y] = [px(star.at[0]), py(star.at[1])];
        at(star, x, y);
        const text = star.children[1];
        if (text) {
          text.style.textAnchor = x < 70 ? "start" : x > width - 70 ? "end" : "middle";
          text.setAttribute("y", y < 60 || (y > middle && y < height - 60) ? 25 : -14);
        }
        return [x, y];
      });
      // a class is named beside a star, not on it
      for (const label of labels.children) {
        const [x, y] = [px(label.at[0]), py(label.at[1])];
        const hit = spots.some(([sx, sy]) => Math.abs(sx - x) < 12 && Math.abs(sy - y) < 12);
        at(label, x - (hit ? 14 : 0), y - (hit ? 12 : 0));
      }
      for (const twin of twins) {
        const {path, isFalse} = twin;
        const place = (i) => [px(path.x(i)).toFixed(1), py(path.y(i)).toFixed(1)];
        twin.spots = Array.from({length: path.n}, (_, i) => place(i).join(" "));
        // one piece a step, kept apart by kind, so that the walked part is a join of the first t of them
        twin.pieces = [false, true].map((kind) => Array.from({length: path.n - 1}, (_, i) =>
          (isFalse(i) === kind ? `M${twin.spots[i]}L${twin.spots[i + 1]}` : "")));
        twin.whole.setAttribute("d", twin.pieces[0].join(""));
        twin.wholeFalse.setAttribute("d", twin.pieces[1].join(""));
        for (const dot of twin.dots) {
          const [x, y] = place(dot.step);
          dot.setAttribute("cx", x);
          dot.setAttribute("cy", y);
        }
      }
      scaleBar();
      step(clock.step);
    }

    // a flat map keeps the latent unit, so a length on it has a meaning; UMAP has none
    function scaleBar() {
      bar.hidden = shown === "umap";
      const {unit} = plane.seen();
      const most = unit * plane.size().width * 0.22;
      const decade = 10 ** Math.floor(Math.log10(most));
      const length = decade * ([5, 2, 1].find((n) => n * decade <= most) || 1);
      bar.firstChild.style.width = `${(length / unit).toFixed(1)}px`;
      Lab.write(bar.lastChild, words.bar(length));
    }

    function step(t) {
      for (const {mind, path, near, company, spots, pieces, walked, walkedFalse, now, line} of twins) {
        const i = Math.min(t, path.n - 1);
        if (spots) {
          walked.setAttribute("d", pieces[0].slice(0, i).join(""));
          walkedFalse.setAttribute("d", pieces[1].slice(0, i).join(""));
          now.setAttribute("transform", `translate(${spots[i]})`);
          const {data} = cloud.points;
          mind.near(t).forEach((point, k) => {
            near[k].setAttribute("cx", plane.px(data[2 * point]).toFixed(1));
            near[k].setAttribute("cy", plane.py(data[2 * point + 1]).toFixed(1));
          });
        }
        Lab.write(line.firstChild, `${converge.words.minds[mind.name]} ${Lab.state(i)}`);
        Lab.write(line.lastChild, words.away(mind.distance(t)));
        Lab.write(company, words.classes(classesOf(mind.near(t))));
      }
    }

    // [class, how many] of points of the cloud, the most frequent class first
    function classesOf(points) {
      const counts = new Map();
      points.forEach((point) => {
        const label = cloud.labels.data[point];
        counts.set(label, (counts.get(label) || 0) + 1);
      });
      return [...counts].sort((a, b) => b[1] - a[1]).map(([label, n]) => [thought.className(label), n]);
    }

    // another thought, another keyframe, or another projection
    function load(next, nextFrame) {
      if (thought && thought.about.run !== next.about.run) view.pca = view.umap = view.axis = "whole";
      thought = next;
      frame = nextFrame;
      const known = axis.load(thought, wanted === "axis");
      shown = known && thought.available(frame, wanted) ? wanted : "pca";
      const drawn = thought.cloud(frame, shown);
      if (!cloud || drawn.key !== cloud.key) {
        cloud = drawn;
        drawCloud();
        drawLabels();
      }
      drawStars();
      drawTrails();
      const umap = projections.buttons.get("umap");
      const possible = thought.available(thought.last, "umap");
      projections.press(shown);
      umap.disabled = !possible;
      umap.classList.toggle("working", thought.umap.state === "working");
      umap.title = possible ? words.umap[1] : thought.umap.text || words.waiting;
      const h = thought.honesty(shown);
      const earlier = frame !== thought.last;
      if (earlier) honesty.textContent = wanted !== shown && thought.available(thought.last, wanted) ? words.present : words.earlier;
      else honesty.textContent = h ? words.honesty(h) : words.noHonesty;
      corner.textContent = h ? words.corner(h) : "";
      axes.textContent = words.axes[shown](thought.explained(frame, shown), thought.axis);
      pressView();
      show();
    }

    Lab.onTheme(() => {
      if (!thought) return;
      drawCloud();
      show();
    });

    return {node, load, step, projection: () => shown};
  };
})();
