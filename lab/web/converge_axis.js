// The two probes between which the axis map is laid. Python makes that map when it is first asked for.
(() => {
  "use strict";
  const Lab = window.SatiLab;
  const {el, converge} = Lab;
  const words = converge.words.map;

  converge.axis = (api, changed) => {
    let ends = null; // what the person chose, or the thought suggests
    let asked = ""; // thought and probes of the last request
    const chooser = (label, index) => el("select", {
      "aria-label": label, title: label, change: (event) => {
        ends[index] = Number(event.target.value);
        // one probe is no axis: the other chooser gives way
        if (ends[0] === ends[1]) ends[1 - index] = (ends[index] + 1) % event.target.length;
        changed();
      },
    });
    const choosers = [chooser(words.from, 0), chooser(words.to, 1)];
    const node = el("span", {class: "map-ends", hidden: true}, choosers[0], el("span", {text: "→"}), choosers[1]);

    // from the probe of the first guess to another that is near at the end
    function suggest(thought) {
      const mind = thought.frames[thought.last].minds[0];
      const order = Array.from(mind.row("probe_cosine", mind.last), (value, k) => [value, k]).sort((a, b) => b[0] - a[0]);
      const first = Math.max(0, mind.winner);
      return [first, order.map(([, k]) => k).find((k) => k !== first) ?? first];
    }

    // whether the thought is known on the chosen axis, or another map is shown; if not, it is asked for
    function load(thought, wanted) {
      const count = thought.cloud(thought.last, "pca").probes.shape[0];
      node.hidden = !wanted || count < 2;
      if (!wanted || count < 2) return !wanted;
      if (!ends || Math.max(...ends) >= count) ends = suggest(thought);
      choosers.forEach((select, index) => {
        if (select.length !== count) {
          select.replaceChildren(...Array.from({length: count}, (_, k) => el("option", {value: k, text: words.choice(k)})));
        }
        select.value = ends[index];
      });
      if (thought.axis && thought.axis[0] === ends[0] && thought.axis[1] === ends[1]) return true;
      const key = `${thought.id} ${ends}`;
      if (asked !== key) {
        asked = key;
        api.trigger("axis", {from: ends[0], to: ends[1]});
      }
      return false;
    }

    return {node, load};
  };
})();
