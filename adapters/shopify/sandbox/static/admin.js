// The admin's side: hands id tokens to the app it frames, and to nobody else, and keeps its own address in step.
"use strict";

(() => {
  const { home, app, sitting } = document.currentScript.dataset;

  addEventListener("message", async (event) => {
    if (event.origin !== app || event.source !== frames.app) return;
    const { ask, number, at } = event.data;
    if (ask === "token") {
      const answer = await fetch(`${home}/token?${new URLSearchParams({ sitting })}`);
      event.source.postMessage({ number, token: await answer.text() }, app);
    } else if (ask === "show") {
      history.replaceState(null, "", `${home}/apps/comeback${at}`);
    }
  });
})();
