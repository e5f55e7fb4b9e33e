// The Converge instrument: one thought, one clock, and every view of it on that clock. Draws the payload that
// lab/views/thought.py builds; its other files are listed in component.py, in the order in which they are loaded.
//
// The root carries what the clock says, for tests and for style: data-step, data-steps, data-frame, data-frames,
// data-playing, data-projection, data-thought (the id), data-umap (its state), data-state (thought, empty, waiting, error).
(() => {
  "use strict";
  const Lab = window.SatiLab;
  const {el, converge} = Lab;
  const {words, icon, icons} = converge;
  const FIRST = "M2 2h2v12H2zM14 2v12L5 8z";
  const BACK = "M12 2v12L3 8z";
  const FORWARD = "M4 2v12l9-6z";
  const LAST = "M12 2h2v12h-2zM2 2v12l9-6z";

  // What each instrument showed last, by the id of its element: a tab may unmount it, and a UMAP patch alone is no thought.
  const kept = new Map();

  function transport(clock) {
    const button = (d, label, act, extra = "") => el("button", {
      type: "button", class: `lab-round ${extra}`, "aria-label": label, title: label, click: act,
      // a click leaves the focus where it was, so that the space bar goes on playing
      pointerdown: (event) => event.preventDefault(),
      mousedown: (event) => event.preventDefault(),
    }, icon(d));
    const play = button(icons.PLAY, words.clock.play, () => clock.toggle(), "play");
    const buttons = el("div", {class: "transport-buttons", role: "group", "aria-label": words.clock.transport},
      button(FIRST, words.clock.first, () => clock.move(0)),
      button(BACK, words.clock.back, () => clock.move(clock.step - 1)),
      play,
      button(FORWARD, words.clock.forward, () => clock.move(clock.step + 1)),
      button(LAST, words.clock.last, () => clock.move(clock.steps)));
    const speed = el("select", {
      class: "transport-speed", "aria-label": words.clock.speed, change: (event) => clock.setSpeed(Number(event.target.value)),
    }, ...Lab.SPEEDS.map((value) => el("option", {value, selected: value === 1, text: words.clock.times(value)})));
    const count = el("div", {class: "transport-count"}, el("b"), el("span"));
    const minds = el("div", {class: "transport-minds"});
    const node = el("div", {class: "transport"}, el("div", {class: "transport-row"}, buttons, speed), count, minds);
    let lines = [];

    function load(thought, frame) {
      lines = thought.frames[frame].minds.map((mind) => {
        // there from the beginning, so that nothing jumps when it shows
        const [head, ...rest] = mind.verdict.split(", ");
        const verdict = el("p", {class: "transport-verdict", title: mind.verdict || null, text: head});
        if (thought.frames[frame].minds.length === 1 && rest.length) verdict.textContent = mind.verdict;
        return {mind, says: el("span"), verdict};
      });
      minds.replaceChildren(...lines.flatMap(({mind, says, verdict}) =>
        [el("div", {class: mind.name}, el("b", {text: words.minds[mind.name]}), says), verdict]));
    }

    function report(mind, t) {
      return t === 0 ? words.clock.start
        : t > mind.stop || (t === mind.stop && mind.stop < clock.steps) ? words.clock.stopped(mind.stop)
        : mind.skipped(t) ? words.clock.skipped
        : mind.stepSize(t) > 0 ? words.clock.moved(mind.stepSize(t)) : words.clock.still;
    }

    function step(t) {
      Lab.write(count.firstChild, `${words.clock.stepWord} ${t}`);
      Lab.write(count.lastChild, words.clock.of(clock.steps));
      for (const {mind, says, verdict} of lines) {
        Lab.write(says, report(mind, t));
        verdict.style.visibility = t >= mind.stop ? "visible" : "hidden";
      }
    }

    function playing(what) {
      const on = what === "thought";
      play.setAttribute("aria-label", on ? words.clock.pause : words.clock.play);
      play.title = on ? words.clock.pause : words.clock.play;
      play.querySelector("path").setAttribute("d", on ? icons.PAUSE : icons.PLAY);
    }

    return {node, load, step, playing};
  }

  function mount(root, api) {
    const visible = () => root.isConnected && root.offsetParent !== null;
    const clock = new Lab.Clock(visible);
    const map = converge.map(clock, api, note);
    const sight = converge.sight(clock, api);
    const probes = converge.probes();
    const answer = converge.answer();
    const curve = converge.curve(clock);
    const controls = transport(clock);
    const training = converge.training(clock);
    const clockPanel = Lab.panel("cv-clock", words.clock, null, controls.node, curve.node);
    const message = el("p");
    const action = el("button", {type: "button", class: "lab-button", click: () => api.trigger("act", {action: action.textContent})});
    const veil = el("div", {class: "cv-veil", role: "status"}, el("div", {class: "cv-veil-card"}, message, action));
    const views = [map, sight, probes, answer, curve, controls];
    const key = root.closest("[id]")?.id || "converge";
    let thought = null;
    let asked = false; // whether this page has asked for a thought that it does not hold

    root.classList.add("converge");
    root.replaceChildren(map.node, sight.node, probes.node, answer.node, clockPanel, training.node, veil);

    function note() {
      Lab.mark(root, "step", clock.step);
      Lab.mark(root, "steps", clock.steps);
      Lab.mark(root, "frame", clock.frame);
      Lab.mark(root, "frames", clock.frames);
      Lab.mark(root, "playing", clock.playing);
      Lab.mark(root, "projection", map.projection());
    }

    function drawStep() {
      for (const view of views) view.step(clock.step);
      note();
    }

    function drawFrame() {
      for (const view of views) view.load(thought, clock.frame);
      training.frame(clock.frame);
      drawStep();
    }

    // Keyframes are heavier than steps: however fast the slider runs, one is drawn a screen refresh.
    let due = 0;
    function drawFrameSoon() {
      note();
      cancelAnimationFrame(due);
      due = requestAnimationFrame(drawFrame);
    }

    clock.on((_, what) => {
      if (!thought) return;
      if (what === "step") drawStep();
      else if (what === "frame") drawFrameSoon();
      else if (what === "playing") {
        controls.playing(clock.playing);
        training.playing(clock.playing);
        note();
      }
    });

    function cover(state, text, button) {
      Lab.mark(root, "state", state);
      veil.hidden = state === "thought";
      veil.setAttribute("role", state === "error" ? "alert" : "status");
      message.textContent = text || "";
      action.hidden = !button;
      action.textContent = button || "";
      root.classList.toggle("bare", thought === null);
    }

    function show(next, payload) {
      const fresh = thought === null || ["run", "part", "sample"].some((name) => thought.about[name] !== next.about[name]);
      const changed = thought !== next;
      // the same thought again, with its keyframes: what is known of its other maps still holds
      if (changed && thought?.id === next.id) for (const patch of thought.patches.values()) next.merge(patch);
      thought = next;
      kept.set(key, next);
      cover("thought");
      // the gallery marks what is thought about, and an input of the cloud is none of its own
      Lab.deliver("gallery", {chosen: next.about.part === "test" ? next.about.sample : null});
      Lab.mark(root, "thought", next.id);
      Lab.mark(root, "umap", next.umap.state);
      const was = clock.playing;
      clock.pause();
      clock.load(next.steps, next.frames.length);
      // a new input is watched from its beginning; a turned dial leaves the clock where it is
      const plays = payload.play ?? fresh;
      if (changed && plays) clock.step = Lab.still() ? next.steps : 0;
      training.load(next);
      drawFrame();
      if (changed && plays && !Lab.still() && visible()) clock.play();
      else if (was && clock.step < clock.steps) clock.play(was);
    }

    function patch(value) {
      const holder = thought && thought.id === value.id ? thought : kept.get(key);
      if (!holder || holder.id !== value.id) {
        // the page was reloaded meanwhile, or the patch is of a thought that has been replaced
        if (!thought && !asked) {
          asked = true;
          api.trigger("lost", {id: value.id});
          cover("empty", words.lost);
        }
        return;
      }
      holder.merge(value);
      if (holder === thought) {
        Lab.mark(root, "umap", holder.umap.state);
        map.load(thought, clock.frame);
        map.step(clock.step);
        note();
      } else {
        show(holder, {play: false});
      }
    }

    function update(value) {
      if (value === null || value.kind === "empty") cover("empty", value?.text || words.empty, value?.action);
      else if (value.kind === "waiting") cover("waiting", value.text || words.waiting);
      else if (value.kind === "error") cover("error", value.text);
      else if (value.kind === "umap" || value.kind === "axis") patch(value);
      else if (value.kind === "thought") show(new converge.Thought(value), value);
      else throw new Error(`a value of kind "${value.kind}" cannot be shown here`);
      if (value === null || (value.kind !== "umap" && value.kind !== "axis")) asked = false;
      if (veil.hidden === false) clock.pause();
      note();
    }

    // --- keys ----------------------------------------------------------------------------------------------------
    const acts = {
      " ": () => clock.toggle(),
      ArrowLeft: () => clock.move(clock.step - 1),
      ArrowRight: () => clock.move(clock.step + 1),
      Home: () => clock.move(0),
      End: () => clock.move(clock.steps),
    };

    // Whoever types, turns a dial or stands on a button means that, and not the clock.
    function busy(target, pressed) {
      if (!(target instanceof Element)) return false;
      if (target.matches("input[type='range']")) return pressed !== " ";
      if (target.closest("input, textarea, select, [contenteditable=''], [contenteditable='true'], [role='slider'], dialog")) {
        return true;
      }
      return pressed === " " && target.closest("button:not([role='tab']), a[href], summary") !== null;
    }

    function onKey(event) {
      if (!root.isConnected) {
        document.removeEventListener("keydown", onKey);
        return;
      }
      const act = acts[event.key];
      if (!act || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
      if (!visible() || !thought || !veil.hidden || busy(event.target, event.key)) return;
      event.preventDefault();
      act();
    }
    document.addEventListener("keydown", onKey);

    return {update, clock};
  }

  Lab.register("converge", {mount});
})();
