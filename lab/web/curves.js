// The live loss curves: a seed draws them once, appends extend them. See lab/views/curves.py for what arrives.
(() => {
  "use strict";
  const Lab = window.SatiLab;
  const Plotly = window.LabPlotly;
  const OVERVIEW = 4; // traces of the overview, one a stage, before those of the terms
  const EVERY = 250; // ms between two redraws at the least
  const SHARE = 10; // and at least so many times what the last one took, so that looking costs training little
  const CONFIG = {displayModeBar: false, responsive: false, doubleClick: "reset+autosize", showTips: false};

  // Labels of a log axis from 10^low to 10^high: 1, 2 and 5 of each decade where there is room, else whole decades.
  const ladder = (low, high) => {
    const near = (power) => power >= low - 0.02 && power <= high + 0.02;
    const steps = [];
    for (let decade = Math.floor(low); decade <= Math.ceil(high); decade++) {
      for (const digit of [1, 2, 5]) {
        if (near(decade + Math.log10(digit))) steps.push({value: Number(`${digit}e${decade}`), whole: digit === 1});
      }
    }
    if (steps.length <= 1) return even(10 ** low, 10 ** high); // less than one step of the ladder
    if (steps.length <= 4) return steps.map((step) => step.value);
    const decades = steps.filter((step) => step.whole);
    if (decades.length < 2) return [steps[0].value, steps[steps.length >> 1].value];
    const every = Math.ceil(decades.length / 4);
    return decades.filter((_, i) => i % every === 0).map((step) => step.value);
  };

  // Two to four round numbers from low to high, evenly spaced.
  const even = (low, high) => {
    const rough = (high - low) / 3;
    if (!(rough > 0)) return [low];
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((digit) => digit * power).find((each) => each >= rough);
    const ticks = [];
    for (let i = Math.ceil(low / step); i * step <= high; i++) ticks.push(Number((i * step).toPrecision(6)));
    return ticks;
  };

  const extent = (series) => {
    let [low, high] = [Infinity, -Infinity];
    for (const values of series) {
      for (const y of values) {
        if (y > 0 && y < low) low = y;
        if (y > high) high = y;
      }
    }
    return high > 0 ? [Math.log10(low), Math.log10(high)] : null;
  };

  const last = (values) => {
    for (let i = values.length - 1; i >= 0; i--) if (values[i] !== null) return values[i];
    return null;
  };

  Lab.register("curves", {
    mount(root, api) {
      let plot = null; // Plotly's element
      let labels = []; // over each chart: its name, last value and unit
      let held = null; // the seed, with what was appended counted in
      let log = null; // the reader's choice, once made; until then the seed's
      let asked = -1; // the seq at which a full picture was last asked for
      let waiting = null; // appended points that are not drawn yet: trace -> {x, y}
      let timer = 0;
      let cost = 0; // ms of the last redraw

      const isLog = () => log ?? held.log;
      const axis = (letter, chart) => `${letter}axis${chart ? chart + 1 : ""}`;
      const scaled = () => Lab.rem() / 16;

      // --- the frame, once ---------------------------------------------------------------------------------
      const scale = Lab.segments("Scale of the loss", [
        ["log", "log", "Logarithmic loss axes"],
        ["linear", "linear", "Linear loss axes"],
      ], (value) => {
        log = value === "log";
        restyle();
      });
      const stages = Lab.segments("Stage whose terms are shown", [0, 1, 2, 3].map((stage) => [
        stage, String(stage), `Show the loss terms of stage ${stage}`,
      ]), (stage) => api.trigger("stage", {stage}));
      const unzoom = Lab.el("button", {
        class: "curves-unzoom", type: "button", text: "whole range", hidden: true,
        click: () => {
          const whole = {};
          for (let chart = 0; chart < held.heads.length; chart++) {
            for (const letter of "xy") whole[`${axis(letter, chart)}.autorange`] = true;
          }
          Plotly.relayout(plot, whole);
        },
      });

      const none = Lab.el("p", {class: "curves-none", hidden: true});

      const build = (words) => {
        plot = Lab.el("div", {class: "curves-plot"});
        const frame = Lab.el("div", {class: "curves-frame"}, plot, none);
        const tools = Lab.el("div", {class: "curves-tools"}, unzoom,
          Lab.el("span", {class: "curves-word", text: "stage"}), stages.node, scale.node);
        root.replaceChildren(Lab.panel("curves", words, tools, frame));
        Lab.onTheme(() => restyle());
        let width = 0;
        new ResizeObserver(() => {
          if (plot.clientWidth && plot.clientWidth !== width && plot.data) restyle();
          width = plot.clientWidth;
        }).observe(plot);
      };

      // --- what the figure looks like: written into a layout, drawn by whoever calls -----------------------
      const place = (layout, width) => {
        const wanted = width >= 640 * scaled() ? 4 : width >= 300 * scaled() ? 2 : 1;
        const grid = held.grids.find((each) => each.columns <= wanted) || held.grids[held.grids.length - 1];
        Object.assign(layout, {height: grid.height * scaled(), width});
        grid.boxes.forEach((box, chart) => {
          const [left, right] = [box.left, box.right].map(([share, px]) => share + (px * scaled()) / width);
          const x = layout[axis("x", chart)];
          x.domain = [left, right];
          x.showticklabels = grid.ticked[chart];
          x.title = {...x.title, text: !grid.ticked[chart] ? "" : chart ? "step of the stage" : "step of the run"};
          layout[axis("y", chart)].domain = [1 - box.bottom / grid.height, 1 - box.top / grid.height];
          const label = labels[chart].node;
          label.style.left = `${left * width - 44 * scaled()}px`;
          label.style.width = `${(right - left) * width + 44 * scaled()}px`;
          label.style.bottom = `${(grid.height - box.top + 6) * scaled()}px`;
        });
      };

      const dress = (layout, traces) => {
        const template = structuredClone(held.themes[Lab.dark() ? "dark" : "light"]);
        const base = template.layout;
        const fonts = [base.font, base.hoverlabel.font];
        for (const name of ["xaxis", "yaxis"]) fonts.push(base[name].tickfont, base[name].title.font);
        for (const font of fonts) font.size = 14 * scaled();
        layout.template = template;
        for (const trace of traces) trace.line = {...trace.line, color: Lab.colour(trace.meta.colour)};
      };

      const label = () => {
        if (labels.length !== held.heads.length) {
          labels.forEach((each) => each.node.remove());
          labels = held.heads.map((head) => {
            const value = Lab.el("span", {class: "curves-value"});
            const name = Lab.el("b", {text: head.title});
            const [unit, log] = [Lab.el("span"), Lab.el("i")];
            const node = Lab.el("div", {class: "curves-label"}, Lab.el("div", {}, name, value), Lab.el("div", {}, unit, log));
            plot.parentElement.append(node);
            return {node, name, value, unit, log};
          });
        }
        held.heads.forEach((head, chart) => {
          labels[chart].name.textContent = head.title;
          labels[chart].unit.textContent = head.unit;
          labels[chart].log.textContent = isLog() ? ", log" : "";
        });
      };

      const values = (traces) => {
        labels.slice(1).forEach((each, i) => {
          const y = last(traces[OVERVIEW + i].y);
          Lab.write(each.value, y === null ? "" : Lab.number(y));
        });
        const empty = traces.slice(OVERVIEW).every((trace) => !trace.y.length);
        none.hidden = !empty;
        if (empty) Lab.write(none, `Stage ${held.stage} has not been trained yet. Its curves appear here as it learns.`);
      };

      const scaleAxes = (layout, traces) => {
        const type = isLog() ? "log" : "linear";
        scale.press(isLog() ? "log" : "linear");
        held.heads.forEach((_, chart) => {
          const y = layout[axis("y", chart)];
          // a zoomed range is in the units of its scale: it does not survive a change of scale
          if (y.type !== type) Object.assign(y, {type, autorange: true, range: undefined});
          const shown = (chart ? [traces[OVERVIEW + chart - 1]] : traces.slice(0, OVERVIEW)).map((trace) => trace.y);
          const range = y.autorange === false ? y.range : extent(shown);
          const ticks = !range ? [] : isLog() ? ladder(...range) : null; // nothing drawn: nothing to label
          Object.assign(y, ticks ? {tickmode: "array", tickvals: ticks} : {tickmode: "auto", tickvals: undefined});
        });
      };

      // Where the run went into another stage: a line over the overview, with the stage's number.
      const bound = (layout) => {
        const shown = held.boundaries.slice(-30);
        layout.shapes = shown.map(([x]) => ({
          type: "line", xref: "x", yref: "y domain", x0: x, x1: x, y0: 0, y1: 1,
          line: {color: Lab.colour("quiet"), width: 1, dash: "dot"},
        }));
        layout.annotations = shown.map(([x, stage]) => ({
          xref: "x", yref: "y domain", x, y: 0, xanchor: "left", yanchor: "bottom", xshift: 2, showarrow: false,
          text: `<b>${stage}</b>`, font: {color: Lab.colour("quiet"), size: 14 * scaled()},
        }));
      };

      const compose = (layout, traces) => {
        label();
        place(layout, plot.clientWidth || 800);
        dress(layout, traces);
        scaleAxes(layout, traces);
        bound(layout);
        values(traces);
      };

      // Everything but the points: theme, width, scale. One redraw.
      const restyle = () => {
        if (!plot?.data) return;
        compose(plot.layout, plot.data);
        Plotly.react(plot, plot.data, plot.layout, CONFIG);
      };

      // --- what arrives ------------------------------------------------------------------------------------
      const seed = (value) => {
        const fresh = !plot;
        const same = held && held.figure.layout.uirevision === value.figure.layout.uirevision;
        held = {...value, boundaries: [...value.boundaries]};
        waiting = null;
        if (fresh) build(value.words);
        stages.press(value.stage);
        const traces = value.figure.data.map((trace) => ({...trace, x: [...trace.x], y: [...trace.y]}));
        const layout = structuredClone(value.figure.layout);
        // The same run and stage keep the reader's zoom, another starts whole. (Plotly's own uirevision forgets a zoom
        // that was followed by a redraw of ours.)
        delete layout.uirevision;
        held.heads.forEach((_, chart) => {
          for (const name of [axis("x", chart), axis("y", chart)]) {
            const now = same && plot.layout[name];
            if (now && now.autorange === false) {
              Object.assign(layout[name], {autorange: false, range: [...now.range], type: now.type});
            }
          }
        });
        compose(layout, traces);
        Plotly.react(plot, traces, layout, CONFIG).then(() => fresh && followZoom());
      };

      const followZoom = () => {
        plot.on("plotly_afterplot", () => {
          unzoom.hidden = !held.heads.some((_, chart) =>
            ["x", "y"].some((letter) => plot.layout[axis(letter, chart)]?.autorange === false));
        });
        // The terms share their steps: zooming one chart zooms the others. (Plotly's own `matches` would cost a
        // quarter of every redraw.) A zoomed log axis gets labels for what it now shows.
        plot.on("plotly_relayout", (change) => {
          const zoomed = Object.keys(change).map((key) => key.match(/^xaxis(\d+)\./)).find((match) => match);
          if (zoomed) {
            const {range, autorange} = plot.layout[`xaxis${zoomed[1]}`];
            for (let chart = 1; chart < held.heads.length; chart++) {
              Object.assign(plot.layout[axis("x", chart)], {range: range && [...range], autorange});
            }
          }
          if (Object.keys(change).some((key) => /axis\d*\./.test(key))) restyle();
        });
      };

      const append = (value) => {
        if (held && value.from + value.points <= held.points && value.seq <= held.seq) return; // seen before
        const fits = held && value.from === held.points && value.traces.every((id) => id < plot.data.length);
        if (!fits) {
          if (asked !== value.seq) api.trigger("resync", {seq: held ? held.seq : -1, points: held ? held.points : 0});
          asked = value.seq;
          return;
        }
        held.seq = value.seq;
        held.points += value.points;
        if (value.boundaries) held.boundaries.push(...value.boundaries);
        waiting ??= new Map();
        value.traces.forEach((id, i) => {
          if (!waiting.has(id)) waiting.set(id, {x: [], y: []});
          waiting.get(id).x.push(...value.x[value.at[i]]);
          waiting.get(id).y.push(...value.y[i]);
        });
        if (!timer) timer = setTimeout(draw, Math.max(EVERY, SHARE * cost));
      };

      const draw = () => {
        timer = 0;
        if (!waiting) return; // a seed came in between and held it all
        const began = performance.now();
        const ids = [...waiting.keys()];
        const added = {x: ids.map((id) => waiting.get(id).x), y: ids.map((id) => waiting.get(id).y)};
        const after = plot.data.map((trace, id) => (waiting.has(id) ? {y: trace.y.concat(waiting.get(id).y)} : trace));
        waiting = null;
        // extendTraces redraws from the layout, so what is written into it now appears in the same redraw
        scaleAxes(plot.layout, after);
        values(after);
        bound(plot.layout);
        if (ids.length) Plotly.extendTraces(plot, added, ids);
        else Plotly.redraw(plot);
        cost = performance.now() - began;
      };

      return {
        update(value) {
          if (!value) {
            if (!held) root.replaceChildren(Lab.el("p", {class: "lab-empty", text: "The loss curves are on their way."}));
          } else if (value.kind === "seed") seed(value);
          else if (value.kind === "append") append(value);
          else throw new Error(`curves cannot draw a "${value.kind}"`);
        },
      };
    },
  });
})();
