// The admin's side: hands id tokens to the app it frames, and to nobody else, keeps its own address in step, shows the app's
// navigation as its own, and a bar to save or discard what is changed.
"use strict";

(() => {
  const { home, app, sitting } = document.currentScript.dataset;

  const nav = document.querySelector("nav");
  const bar = document.getElementById("bar");

  function button(text, told) {
    const made = document.createElement("button");
    made.textContent = text;
    made.addEventListener("click", () => frames.app.postMessage(told, app));
    return made;
  }
  bar.append(button("Discard", { bar: "discard" }), button("Save", { bar: "save" }));

  addEventListener("message", async (event) => {
    if (event.origin !== app || event.source !== frames.app) return;
    const { ask, number, at, items, shown } = event.data;
    if (ask === "token") {
      const answer = await fetch(`${home}/token?${new URLSearchParams({ sitting })}`);
      event.source.postMessage({ number, token: await answer.text() }, app);
    } else if (ask === "list") {
      nav.replaceChildren(...items.map((text, item) => button(text, { item })));
    } else if (ask === "bar") {
      bar.hidden = !shown;
    } else if (ask === "show") {
      history.replaceState(null, "", `${home}/apps/comeback${at}`);
    }
  });
})();
