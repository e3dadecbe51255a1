// A stand-in for App Bridge: gets a new id token from the admin for every fetch of the app, tries once more where the app says
// that a token was no good, goes on from a bounce, and tells the admin where the app is. The first script of every page.
"use strict";

(() => {
  const admin = new URL(document.currentScript.src).origin;
  const waiting = new Map();
  const plain = window.fetch.bind(window);
  let last = 0;

  addEventListener("message", (event) => {
    if (event.origin !== admin || event.source !== parent) return;
    const taken = waiting.get(event.data.number);
    waiting.delete(event.data.number);
    if (taken) taken(event.data.token);
  });

  function token() {
    return new Promise((taken) => {
      last += 1;
      waiting.set(last, taken);
      parent.postMessage({ ask: "token", number: last }, admin);
    });
  }

  async function send(request) {
    request.headers.set("Authorization", `Bearer ${await token()}`);
    return plain(request);
  }

  window.fetch = async (what, how) => {
    const request = new Request(what, how);
    if (new URL(request.url).origin !== location.origin) return plain(request);
    const again = request.clone();
    const answer = await send(request);
    const retry = answer.status === 401 && answer.headers.get("X-Shopify-Retry-Invalid-Session-Request");
    return retry ? send(again) : answer;
  };

  for (const name of ["pushState", "replaceState"]) {
    const plainly = history[name].bind(history);
    history[name] = (...words) => {
      plainly(...words);
      parent.postMessage({ ask: "show", at: location.pathname + location.search }, admin);
    };
  }

  const reload = new URLSearchParams(location.search).get("shopify-reload");
  if (reload && location.pathname.endsWith("/bounce")) {
    token().then((fresh) => {
      const url = new URL(reload, location.origin);
      url.searchParams.set("id_token", fresh);
      location.replace(url);
    });
  }
})();
