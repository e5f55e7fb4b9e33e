// Gradio's part towards the instruments of a staged page: hands over values, tells Python what was triggered, and puts
// where they belong the values that Python answers with: {id of an instrument or of a text: its value}.
(() => {
  "use strict";
  const given = JSON.parse(document.getElementById("given").textContent);
  const put = new Map(given.texts.map((id) => [id, (text) => (document.querySelector(`#${id} input`).value = text)]));

  // one after the other, so that answers come in the order of the questions
  let last = Promise.resolve();
  const ask = (where, what) => {
    last = last.then(async () => {
      const answer = await fetch(where, {method: "POST", body: JSON.stringify(what)});
      for (const [id, value] of Object.entries(await answer.json())) put.get(id)(value);
    });
  };

  for (const {id, script, value} of given.instruments) {
    const props = {value};
    const watchers = [];
    const watch = (names, act) => [names].flat().includes("value") && watchers.push(act);
    const trigger = (event, data = {}) => ask("/triggered", [id, event, data]);
    put.set(id, (next) => {
      if (JSON.stringify(next) === JSON.stringify(props.value)) return; // Gradio tells of changes only
      props.value = next;
      watchers.forEach((act) => act());
    });
    const element = document.querySelector(`#${id} > .html-container > div`);
    Function("element", "trigger", "props", "watch", script)(element, trigger, props, watch);
  }

  // what is entered into a text
  document.addEventListener("keypress", ({key, target}) => {
    if (key === "Enter" && target.matches("label > input")) ask("/entered", target.value);
  });
})();
