// A stand-in for App Bridge: gets a new id token from the admin for every fetch of the app, tries once more where the app says
// that a token was no good, goes on from a bounce, tells the admin where the app is and of its navigation, and has it show a
// bar while a form with data-save-bar is changed. The first script of every page.
"use strict";

(() => {
  const admin = new URL(document.currentScript.src).origin;
  const waiting = new Map();
  const plain = window.fetch.bind(window);
  let last = 0;

  addEventListener("message", (event) => {
    if (event.origin !== admin || event.source !== parent) return;
    const { number, token: given, item, bar } = event.data;
    const taken = waiting.get(number);
    waiting.delete(number);
    if (taken) taken(given);
    if (item !== undefined) step(document.querySelectorAll("s-app-nav s-link")[item]);
    if (bar) {
      const form = document.querySelector("form[data-save-bar]");
      if (bar === "save") form.requestSubmit();
      else form.reset();
    }
  });

  // A page of one document is told and stays; any other is loaded anew.
  function step(link) {
    const told = new CustomEvent("shopify:navigate", { bubbles: true, cancelable: true });
    if (link.dispatchEvent(told)) location.assign(link.getAttribute("href"));
  }

  function tell(what) {
    parent.postMessage(what, admin);
  }

  let listed = "";
  function list() {
    const items = [...document.querySelectorAll("s-app-nav s-link")].map((one) => one.textContent);
    const known = items.join("|");
    if (known !== listed) tell({ ask: "list", items });
    listed = known;
  }
  addEventListener("DOMContentLoaded", () => {
    list();
    new MutationObserver(list).observe(document.documentElement, { childList: true, subtree: true });
  });

  for (const [name, bar] of [["input", true], ["change", true], ["submit", false], ["reset", false]]) {
    document.addEventListener(name, (event) => {
      if (event.target.closest("form[data-save-bar]")) tell({ ask: "bar", shown: bar });
    });
  }

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
