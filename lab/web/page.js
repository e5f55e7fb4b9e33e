// What belongs to the page as a whole: the switches in the header and the keys. Loaded once, from the head.
(() => {
  "use strict";
  if (window.SatiPage) return;
  const Page = (window.SatiPage = {});
  const root = document.documentElement;
  const remembered = "satipatthana-projector";

  // Gradio marks darkness on the body; whoever draws watches that class.
  Page.theme = () => document.body.classList.toggle("dark");

  Page.projector = (on = !root.classList.contains("projector")) => {
    root.classList.toggle("projector", on);
    try {
      localStorage.setItem(remembered, on ? "1" : "");
    } catch {
      // a browser that keeps nothing forgets the switch at the next visit; nothing else is lost
    }
    // charts measure their boxes again
    requestAnimationFrame(() => window.dispatchEvent(new Event("resize")));
  };

  // On a small screen the dials are a drawer.
  Page.dials = () => root.classList.toggle("dials-open");

  Page.help = () => document.getElementById("lab-help")?.togglePopover();

  // In their order: behind those of the row come those that a small screen keeps in a menu.
  const tabs = () => [...document.querySelectorAll('#tabs > .tab-wrapper :is([role="tab"], .overflow-dropdown > button)')];
  Page.tabNamed = (name) => tabs().find((tab) => tab.textContent.trim() === name) ?? null;
  Page.tab = (name) => Page.tabNamed(name)?.click();

  // A tab and a panel in it, as "Train/curves"; without a panel the tab from its top. The panel may mount only now.
  Page.view = (place) => {
    const [tab, panel] = place.split("/");
    Page.tab(tab);
    const there = () => (document.getElementById(panel) ?? document.getElementById("tabs"))?.scrollIntoView({ block: "start" });
    requestAnimationFrame(() => requestAnimationFrame(there));
  };

  // Sober, drunk, both: the next choice of the radio on Converge.
  const nextMind = () => {
    const choices = [...document.querySelectorAll("#mind input[type=radio]")];
    if (!choices.length || !choices[0].offsetParent) return;
    const at = choices.findIndex((choice) => choice.checked);
    choices[(at + 1) % choices.length].click();
  };

  const busyWithText = (target) =>
    target.closest?.("input:not([type=range]):not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable=true], [role=listbox]");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || busyWithText(event.target)) return;
    if (/^[1-9]$/.test(event.key)) tabs()[Number(event.key) - 1]?.click();
    else if (event.key === "p") Page.projector();
    else if (event.key === "?") Page.help();
    else if (event.key === "d") nextMind();
    else if (event.key === "t") Page.tour();
    else return;
    event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    const act = event.target.closest?.("[data-page]");
    if (!act) return;
    const [name, argument] = act.dataset.page.split(":");
    Page[name](argument);
  });

  // A number left outside its field's range goes to the nearest inside as if that had been typed and entered: what the
  // field says is then what the page shows. Before Gradio, which moves a slider's number and tells nobody.
  const inside = (value, low, high) => {
    const raised = low === "" ? value : Math.max(value, Number(low));
    return high === "" ? raised : Math.min(raised, Number(high));
  };
  document.addEventListener(
    "blur",
    ({target: field}) => {
      if (!field.matches?.("input[type=number]") || field.value === "") return;
      const value = Number(field.value);
      const nearest = inside(value, field.min, field.max);
      if (nearest === value) return;
      field.value = nearest;
      field.dispatchEvent(new Event("input", {bubbles: true}));
      field.dispatchEvent(new KeyboardEvent("keypress", {key: "Enter", bubbles: true}));
    },
    true,
  );

  try {
    if (localStorage.getItem(remembered)) Page.projector(true);
  } catch {
    // as above
  }
})();
