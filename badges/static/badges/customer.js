/* Keyboard shortcuts of the page of a customer: numbers open its lists, arrows step through them. */
"use strict";

(() => {
  const tabs = () => [...document.querySelectorAll("[data-desk-tabs] a")];
  const badges = () =>
    [...document.querySelectorAll("[data-desk-acts]")].map((acts) => acts.querySelector("a, button"));

  const isTyping = (event) =>
    event.ctrlKey ||
    event.metaKey ||
    event.altKey ||
    event.target.closest?.("input, textarea, select, [contenteditable], [role=dialog]");

  const step = (list, from, by) => {
    const next = list[from + by];
    next?.scrollIntoView({ block: "nearest" });
    next?.focus();
    return Boolean(next);
  };

  const stepThroughTabs = (by) => {
    const at = tabs().indexOf(document.activeElement);
    return at >= 0 && step(tabs(), at, by);
  };

  /* From the tabs to the first badge and back, and from badge to badge. */
  const stepThroughBadges = (by) => {
    const active = document.activeElement;
    const all = badges();
    const at = all.findIndex((first) => first.closest("[data-desk-acts]").contains(active));
    if (at >= 0) {
      if (at + by >= 0) return step(all, at, by);
      return step(tabs(), tabs().findIndex((tab) => tab.ariaCurrent === "page"), 0);
    }
    return by > 0 && tabs().includes(active) && step(all, 0, 0);
  };

  const moves = {
    ArrowLeft: () => stepThroughTabs(-1),
    ArrowRight: () => stepThroughTabs(1),
    ArrowUp: () => stepThroughBadges(-1),
    ArrowDown: () => stepThroughBadges(1),
  };

  document.addEventListener("keydown", (event) => {
    if (isTyping(event)) return;
    if (/^[1-9]$/.test(event.key)) tabs()[Number(event.key) - 1]?.click();
    else if (moves[event.key]?.()) event.preventDefault();
  });

  document.addEventListener("DOMContentLoaded", () => {
    for (const help of document.querySelectorAll("[data-desk-keys]")) help.hidden = false;
  });
})();
