// The first look at Comeback in a shop's admin, while a joining code is out. The forms are sent by fetch, because App Bridge adds
// the proof of who asks to nothing else.
"use strict";

(() => {
  const wrong = document.getElementById("wrong");

  document.addEventListener("submit", async (event) => {
    event.preventDefault();
    const buttons = document.querySelectorAll("button");
    const url = new URL(event.target.action);
    url.search = new URLSearchParams(new FormData(event.target));
    url.searchParams.set("embedded", "1");
    url.searchParams.set("shop", new URLSearchParams(location.search).get("shop"));
    wrong.hidden = true;
    buttons.forEach((one) => { one.disabled = true; });
    try {
      const answer = await fetch(url);
      if (answer.ok) {
        location.replace(answer.url);
        return;
      }
      const said = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[role=alert]");
      wrong.textContent = said ? said.textContent : String(answer.status);
      wrong.hidden = false;
    } catch {
      wrong.textContent = wrong.dataset.unreached;
      wrong.hidden = false;
    } finally {
      buttons.forEach((one) => { one.disabled = false; });
    }
  });
})();
