/* The request log works without this file; it looks for new requests while somebody can see it. */
"use strict";

(() => {
  const EVERY = 5_000;

  const isOn = (button) => button.getAttribute("aria-pressed") === "true";

  const look = (button) => {
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

  document.addEventListener("DOMContentLoaded", start);
})();
