// First steps: a round of seven stops over the tabs. Each says what is to be seen and waits until something is done there.
//
// It is offered once to a browser that does not know it ("?tour=0" in the address: not at all; "?tour=1": it begins), can
// be left at any stop, and goes on there from the help or by the key t. It stands beside what Gradio draws, never in it:
// it only looks, five times a second and only while it is open, so no update of the page can disturb it.
(() => {
  "use strict";
  const Page = window.SatiPage;
  if (!Page || Page.tour) return;
  const KEY = "satipatthana-tour"; // {"state": "offered" | "running" | "left" | "done", "at": number of the stop from 0}
  const LOOK_MS = 200;
  const SMALL = matchMedia("(max-width: 640px)");

  const words = {
    title: "First steps",
    offer: "New here? Seven short stops show what this page is for.",
    start: "Show me",
    decline: "Not now",
    later: "Later, the ? at the top has it.",
    count: (at, all) => `stop ${at} of ${all}`,
    leave: "Leave (Esc); ? or t goes on here",
    back: "Back",
    skip: "Skip",
    next: "Next",
    finish: "Finish",
    return: (tab) => `To ${tab}`,
  };

  // --- the stops -------------------------------------------------------------------------------------------------
  // tab: where it is (opened by itself unless that is what is to be done); at: what to point to, the first that is seen;
  // ready(now): from when on something counts as done; done(now, then): whether it is; then: what was seen when ready.
  const MORE = "#tabs .overflow-menu > button"; // behind it are the tabs that a small screen has no room for
  const opening = (tab, shows, text) => ({
    tab, opens: true, at: [MORE], done: (now) => now.tab === tab && find(shows) !== null, ...text,
  });

  const last = {
    Failures: opening("Failures", "#tab-Failures", {
      title: "How does it fail?",
      look: "Such a network can go wrong in many ways, and each of them leaves a trace.",
      act: "Open the tab Failures.",
      after: "A card is one failure. It opens to the broken and the mended network side by side.",
    }),
    Train: {
      ...opening("Train", "#network .lab-instrument > *", {
        title: "How did it learn?",
        look: "In four stages: learn to see, to settle, to judge one's own thought, to answer.",
        act: "Open the tab Train and click the card of another stage.",
        after: "What learns in that stage is dark, what is frozen is grey. “New run” begins a network of your own.",
      }),
      inside: ".stage-row",
      ready: (now) => now.tab === "Train" && now.network !== "",
      done: (now, then) => now.network !== then.network,
    },
  };

  const stops = () => [
    {
      tab: "Converge",
      at: ["#converge .transport-buttons"],
      title: "What is a thought?",
      look: "The network was given an input, with noise, and thinks about it step by step. “What does it see now?” draws its state; the line on the map is its way to rest.",
      act: "Press play, or the space bar.",
      after: "Once it has learned to settle, its steps shrink until the state rests. The arrow keys take one step.",
      ready: (now) => now.thought !== "" && now.playing === "",
      done: (now, then) => now.step !== then.step,
    },
    {
      tab: "Converge",
      at: ["#gallery"],
      title: "Do all thoughts end in one place?",
      look: "These inputs are new to it; the framed one is thought about. Dots on the map are where others came to rest, coloured by class.",
      act: "Pick another input.",
      after: "Another input, another way. Once it has learned, thoughts of one class end near each other.",
      ready: (now) => now.thought !== "",
      done: (now, then) => now.thought !== then.thought && now.input !== then.input,
    },
    {
      tab: "Converge",
      at: ["#mind", ".lab-switches [data-page=dials]"],
      title: "What if the mind is disturbed?",
      look: "A drunk mind skips steps and is pushed about by noise.",
      act: SMALL.matches ? "Open Dials and set Mind to “both”." : "Set Mind to “both”.",
      after: "Two minds, one input: blue is sober, orange is drunk. A good judge trusts the drunk one less.",
      done: (now) => now.mind === "both" && now.minds === 2,
    },
    opening("Probes", "#probes .lab-instrument > *", {
      title: "What does it compare with?",
      look: "A thought begins with a first guess (Vitakka): the input is compared with a few learned directions, the probes.",
      act: "Open the tab Probes.",
      after: "A row is a probe: what it looks like, how often it answers, how like the others it is. All should share the work.",
    }),
    opening("Decoders", "#decoders .lab-instrument > *", {
      title: "How can a thought be seen?",
      look: "A decoder draws any state as an input would look.",
      act: "Open the tab Decoders.",
      after: "A row is one input on its way to rest, with what is wrong in each drawing, and the answer.",
    }),
    opening("Trust", "#trust-table .lab-instrument > *", {
      title: "Does it know when to doubt?",
      look: "A judge (Vipassana, judging one's own thought) reads the record of a thought and says how far to believe it.",
      act: "Open the tab Trust.",
      after: "A row is a kind of input, from clean ones to nonsense, with the trust it was given. Click one for its samples.",
    }),
    last[Page.tabNamed("Failures") ? "Failures" : "Train"],
  ];

  // --- what is on the page -----------------------------------------------------------------------------------------
  const find = (selector) => document.querySelector(selector);
  const panel = () => [...document.querySelectorAll("[role=tabpanel][id^=tab-]")].find((node) => node.style.display !== "none");
  const seen = () => {
    const clock = find("#converge [data-step]")?.dataset ?? {};
    return {
      tab: panel()?.id.slice("tab-".length) ?? "",
      step: clock.step ?? "",
      playing: clock.playing ?? "",
      thought: clock.thought ?? "",
      input: find("#gallery [aria-pressed=true]")?.title ?? "",
      mind: find("#mind input:checked")?.value ?? "",
      minds: document.querySelectorAll("#converge .transport-minds > :is(.sober, .drunk)").length,
      network: find("#network h3")?.textContent.trim() ?? "",
    };
  };
  const showing = (node) => (node?.checkVisibility?.({visibilityProperty: true}) && node.getBoundingClientRect().width > 0 ? node : null);
  const target = (stop, now) => {
    if (stop.opens && now.tab === stop.tab) return stop.inside && then ? showing(find(stop.inside)) : null;
    return (stop.opens && showing(Page.tabNamed(stop.tab))) || (stop.at.map(find).find(showing) ?? null);
  };

  // --- what is remembered ------------------------------------------------------------------------------------------
  let memory = null; // of a browser that keeps nothing
  const recall = () => {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY) ?? "null");
      return kept !== null && typeof kept === "object" ? kept : memory;
    } catch {
      return memory;
    }
  };
  const remember = (state, at) => {
    memory = {state, at};
    try {
      localStorage.setItem(KEY, JSON.stringify(memory));
    } catch {
      // it is offered again at the next visit; nothing else is lost
    }
  };

  // --- the card ----------------------------------------------------------------------------------------------------
  const el = (name, attributes = {}, ...children) => {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (typeof value === "function") node.addEventListener(key, value);
      else if (key === "text") node.textContent = value;
      else node.setAttribute(key, value);
    }
    node.append(...children);
    return node;
  };
  const write = (node, text) => {
    if (node.textContent !== text) node.textContent = text;
    node.hidden = text === "";
  };
  const press = (act, extra = {}) => el("button", {
    type: "button", click: act,
    // a click leaves the focus where it was, so that the space bar goes on playing
    pointerdown: (event) => event.preventDefault(),
    mousedown: (event) => event.preventDefault(),
    ...extra,
  });

  const count = el("span", {class: "tour-count"});
  const title = el("h4");
  const look = el("p");
  const act = el("p", {class: "tour-act"});
  const after = el("p", {class: "tour-after"});
  const said = el("div", {role: "status", "aria-live": "polite"}, title, look, act, after);
  const away = press(() => leave(), {class: "lab-round tour-leave", title: words.leave, "aria-label": words.leave, text: "×"});
  const back = press(() => (state === "offer" ? leave() : enter(at - 1)), {class: "tour-back"});
  const home = press(() => Page.tab(all[at].tab), {class: "tour-home"});
  const next = press((event) => {
    if (state === "offer") enter(0);
    else if (at + 1 < all.length) enter(at + 1);
    else leave("done");
    if (event.detail === 0 && card.isConnected) card.focus({preventScroll: true}); // by the keyboard: space plays again
  }, {class: "tour-next"});
  const card = el("section", {id: "lab-tour", class: "lab-tour", role: "region", "aria-label": words.title, tabindex: "-1"},
    el("header", {}, el("b", {text: words.title}), count, away), said, el("footer", {}, back, home, next));
  const ring = el("div", {class: "tour-ring", "aria-hidden": "true"});

  let state = ""; // "", "offer" or "stop"
  let all = [];
  let at = 0;
  let then = null; // what was seen when the stop was ready
  let done = false;
  let shown = null; // what was scrolled to
  let timer = null;

  function open() {
    if (!card.isConnected) document.body.prepend(card); // first for the keyboard; on a small screen it stands there too
    document.documentElement.classList.add("touring");
    card.dataset.state = state;
  }

  function close() {
    clearInterval(timer);
    timer = null;
    state = "";
    const held = card.contains(document.activeElement);
    card.remove();
    ring.remove();
    document.documentElement.classList.remove("touring");
    if (held) find(".lab-switches [data-page=help]")?.focus({preventScroll: true});
  }

  function offer() {
    state = "offer";
    remember("offered", 0);
    write(count, "");
    write(title, "");
    write(look, words.offer);
    write(act, "");
    write(after, "");
    write(home, "");
    write(back, words.decline);
    back.title = words.later;
    write(next, words.start);
    next.classList.add("lab-button");
    open();
  }

  // `still`: the tab that is open is left so, as when the page was only loaded anew
  function enter(number, still = false) {
    all = stops();
    at = Math.max(0, Math.min(all.length - 1, Number(number) || 0));
    state = "stop";
    [then, done, shown] = [null, false, null];
    remember("running", at);
    const stop = all[at];
    if (!still && !stop.opens && seen().tab !== stop.tab) Page.tab(stop.tab);
    write(count, words.count(at + 1, all.length));
    card.style.setProperty("--gone", (at + 1) / all.length);
    write(title, stop.title);
    write(look, stop.look);
    write(act, stop.act);
    write(after, "");
    write(back, at > 0 ? words.back : "");
    back.title = "";
    card.dataset.stop = at + 1;
    open();
    check();
    timer ??= setInterval(check, LOOK_MS);
  }

  function leave(how = "left") {
    if (state === "stop") remember(how, how === "done" ? 0 : at);
    else if (state === "offer") remember("left", 0);
    close();
  }

  function check() {
    if (document.hidden || state !== "stop") return;
    const [stop, now] = [all[at], seen()];
    if (then === null && (stop.ready?.(now) ?? true)) then = now;
    if (!done && then !== null && stop.done(now, then)) done = true;
    if (card.dataset.done !== String(done)) card.dataset.done = done;
    write(look, done ? "" : stop.look);
    write(act, done ? "" : stop.act);
    write(after, done ? stop.after : "");
    write(next, at + 1 === all.length ? words.finish : done ? words.next : words.skip);
    next.classList.toggle("lab-button", done);
    write(home, !stop.opens && now.tab !== "" && now.tab !== stop.tab ? words.return(stop.tab) : "");
    point(done ? null : target(stop, now));
  }

  function point(node) {
    if (node === null) return ring.remove();
    if (shown !== node) {
      shown = node;
      const box = node.getBoundingClientRect();
      const top = SMALL.matches ? card.offsetHeight : 0;
      const wanted = box.height > innerHeight / 2 ? top + 24 : (innerHeight - box.height) / 2;
      if (box.top < top || box.bottom > innerHeight) scrollBy(0, box.top - wanted);
    }
    const box = node.getBoundingClientRect();
    const place = [box.left + scrollX, box.top + scrollY, box.width, box.height].map(Math.round).join(" ");
    if (ring.isConnected && ring.dataset.place === place) return;
    ring.dataset.place = place;
    const [left, top, width, height] = place.split(" ");
    Object.assign(ring.style, {left: `${left - 6}px`, top: `${top - 6}px`, width: `${Number(width) + 12}px`, height: `${Number(height) + 12}px`});
    if (!ring.isConnected) document.body.append(ring);
  }

  addEventListener("scroll", () => state === "stop" && requestAnimationFrame(check), {passive: true});
  addEventListener("resize", () => state === "stop" && requestAnimationFrame(check));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || state === "" || event.defaultPrevented || find(":popover-open")) return;
    leave();
  });

  // From the help, or by a key: goes on where it was left, or begins.
  Page.tour = () => {
    const help = document.getElementById("lab-help");
    if (help?.matches(":popover-open")) help.hidePopover();
    const kept = recall();
    if (state !== "stop") enter(kept?.state === "left" || kept?.state === "running" ? kept.at : 0);
    card.focus({preventScroll: true});
  };

  // --- when the page opens -----------------------------------------------------------------------------------------
  const begin = () => {
    const asked = new URLSearchParams(location.search).get("tour");
    const kept = recall();
    if (kept?.state === "running") enter(kept.at, true);
    else if (asked === "1") enter(0);
    else if (kept === null && asked !== "0") offer();
  };
  // Gradio builds the page after this script has run
  const waiting = new MutationObserver(() => {
    if (!find('#tabs [role="tab"]')) return;
    waiting.disconnect();
    begin();
  });
  waiting.observe(document.documentElement, {childList: true, subtree: true});
})();
