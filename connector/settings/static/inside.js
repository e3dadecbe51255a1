// The pages inside a platform's admin. No cookie says there who asks: the admin's script adds a proof to every fetch, and to
// nothing else. So every step of the way is a fetch, and the page that it brings takes the place of the one that is there.
"use strict";

(() => {
  const { keeps, here, items, event: steers } = document.currentScript.dataset;
  const framed = keeps.split(" ").map((name) => [name, new URLSearchParams(location.search).get(name)]);

  // The address of a page, with what says where it is framed: reloaded, it finds its way to a new proof.
  function lasting(address) {
    const url = new URL(address, location.href);
    for (const [name, word] of framed) {
      if (word && !url.searchParams.getAll(name).includes(word)) url.searchParams.append(name, word);
    }
    return url.href;
  }

  function show(text) {
    const page = new DOMParser().parseFromString(text, "text/html");
    document.documentElement.lang = page.documentElement.lang;
    document.title = page.title;
    document.body.replaceChildren(...page.body.childNodes);
    listed();
    htmx.process(document.body);
    if (!focused()) document.getElementById("main").focus({ preventScroll: true });
  }

  // What the admin shows as its own navigation: opened anew from there, each finds its way to a new proof.
  function listed() {
    for (const item of document.querySelectorAll(items)) item.setAttribute("href", lasting(item.getAttribute("href")));
  }

  function focused() {
    const first = document.querySelector("[data-first]");
    if (first) first.focus();
    return Boolean(first);
  }

  async function save(answer) {
    const name = /filename="?([^";]+)/.exec(answer.headers.get("Content-Disposition"));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = name ? name[1] : "";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  let steps = 0;
  async function go(address, how, back) {
    // The newest step wins, as in any window: a page that comes late does not take the place of what was asked for since.
    const step = (steps += 1);
    document.body.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(address, how);
      if (step !== steps) return undefined;
      if ((answer.headers.get("Content-Disposition") || "").startsWith("attachment")) return await save(answer);
      const text = await answer.text();
      if (step !== steps) return undefined;
      show(text);
      if (back) return undefined;
      history.pushState(null, "", lasting(answer.url));
      const place = new URL(address, location.href).hash.slice(1);
      const there = place && document.getElementById(place);
      if (there) there.scrollIntoView();
      else if (!document.querySelector("[data-first]")) scrollTo(0, 0);
    } finally {
      if (step === steps) document.body.removeAttribute("aria-busy");
    }
    return undefined;
  }

  const ours = (url) => url.origin === location.origin;
  // Whatever is no page of the merchant's (connecting a shop) belongs into the whole window.
  const room = (url) => url.pathname === "/" || url.pathname.startsWith("/settings");

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const url = new URL(link.href);
    if (link.target || !ours(url) || link.getAttribute("href").startsWith("#")) return;
    event.preventDefault();
    if (room(url)) go(url.href);
    else open(url.href, "_top");
  });

  document.addEventListener(steers, (event) => {
    const address = event.target.getAttribute("href");
    if (!address) return;
    event.preventDefault();
    go(new URL(address, location.href).href);
  });

  // Discarded in the admin's bar: what is kept comes back, with rows that were added or removed since.
  document.addEventListener("reset", (event) => {
    if (event.target.matches("[data-save-bar]")) go(location.href, undefined, true);
  });

  document.addEventListener("submit", (event) => {
    const { target: form, submitter: by } = event;
    if (event.defaultPrevented) return;
    const said = (name) => (by && by.getAttribute(`form${name}`)) || form.getAttribute(name) || "";
    const url = new URL(said("action") || location.pathname, location.href);
    if (!ours(url)) return;
    event.preventDefault();
    const fields = new URLSearchParams(new FormData(form, by));
    if (said("method").toLowerCase() === "post") {
      go(url.href, { method: "POST", body: fields });
    } else {
      url.search = fields;
      go(url.href);
    }
  });

  document.addEventListener("htmx:after:swap", focused);
  addEventListener("popstate", () => go(location.href, undefined, true));
  history.replaceState(null, "", lasting(here));
  listed();
})();
