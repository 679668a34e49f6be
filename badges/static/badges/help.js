/* The list of the keyboard shortcuts ("?"), and the tour of the home page step by step. Without this
   file, the list is on the help page, and the tour shows all steps at once. */
"use strict";

(() => {
  const TYPING = "input, textarea, select, [contenteditable]";
  const shortcuts = () => document.getElementById("desk-shortcuts");

  const openByKey = (event) => {
    if (event.key !== "?" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.(TYPING) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    shortcuts()?.showModal();
  };

  const openByLink = (event) => {
    if (!event.target.closest?.("a[href$='/desk/help/#shortcuts']") || !shortcuts()) return;
    event.preventDefault();
    shortcuts().showModal();
  };

  const closeByBackdrop = (event) => {
    if (event.target === shortcuts()) shortcuts().close();
  };

  const point = (selector) => {
    for (const each of document.querySelectorAll(".desk-tour-here")) {
      each.classList.remove("desk-tour-here");
    }
    const targets = [...document.querySelectorAll(selector)];
    targets.find((each) => each.checkVisibility())?.classList.add("desk-tour-here");
  };

  const startTour = () => {
    const tour = document.querySelector("[data-desk-tour]");
    if (!tour) return;
    const steps = [...tour.querySelectorAll("li")];
    const status = tour.querySelector("[data-desk-tour-at]");
    const buttons = [...tour.querySelectorAll("[data-desk-tour-step]")];
    let at = 0;

    const show = () => {
      steps.forEach((each, index) => (each.hidden = index !== at));
      status.textContent = status.dataset.deskTourWords
        .replace("{step}", at + 1)
        .replace("{steps}", steps.length);
      for (const button of buttons) {
        button.hidden = false;
        button.disabled = !steps[at + Number(button.dataset.deskTourStep)];
      }
      point(steps[at].dataset.deskTourTarget);
    };

    for (const button of buttons) {
      button.addEventListener("click", () => {
        at += Number(button.dataset.deskTourStep);
        show();
        if (button.disabled) tour.querySelector("[type=submit]").focus();
      });
    }
    show();
  };

  document.addEventListener("keydown", openByKey);
  document.addEventListener("click", openByLink);
  document.addEventListener("click", closeByBackdrop);
  document.addEventListener("DOMContentLoaded", startTour);
})();
