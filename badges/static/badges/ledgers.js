/* The ledgers work without this file; it looks for new requests while somebody can see them, and
   begins the download of an export that was just asked for. */
"use strict";

(() => {
  const EVERY = 5_000;

  const isOn = (button) => button.getAttribute("aria-pressed") === "true";

  const look = (button) => {
    // A new list would forget which rows are selected.
    if (document.querySelector("#ledger-rows [name=selected]:checked")) return;
    if (isOn(button) && !document.hidden) htmx.trigger("#ledger-rows", "ledger:look");
  };

  const start = () => {
    const live = document.querySelector("[data-ledger-switch]");
    if (!live) return;
    const button = live.querySelector("button");
    live.hidden = false;
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(!isOn(button)));
      look(button);
    });
    document.addEventListener("visibilitychange", () => look(button));
    setInterval(() => look(button), EVERY);
  };

  const download = () => {
    const form = document.querySelector("[data-export]");
    // Somebody who comes back to the page is not sent the file again.
    const [arrival] = performance.getEntriesByType("navigation");
    if (form && arrival.type === "navigate") form.requestSubmit();
  };

  document.addEventListener("DOMContentLoaded", start);
  addEventListener("load", download);
})();
