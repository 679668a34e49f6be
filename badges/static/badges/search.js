/* The search box of the header: its shortcuts, and its suggestions as a combobox with a list box
   (WAI-ARIA Authoring Practices). Without this file, the form is sent with Enter. */
"use strict";

(() => {
  const BOX = "[data-desk-find]";
  const TYPING = "input, textarea, select, [contenteditable]";

  const theBox = () => document.querySelector(BOX);
  const list = () => document.getElementById("desk-suggested");
  const options = () => [...list().querySelectorAll("[role=option]")];
  const chosen = () => list().querySelector("[aria-selected=true]");
  const isOpen = () => !list().hidden;

  /* The focus stays in the box; the option is only marked, and named for screen readers. */
  const choose = (option) => {
    for (const each of options()) each.ariaSelected = String(each === option);
    if (option) {
      theBox().setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      theBox().removeAttribute("aria-activedescendant");
    }
  };

  const open = () => {
    list().hidden = false;
    theBox().ariaExpanded = String(options().length > 0);
    document.getElementById("desk-suggested-said").textContent =
      list().querySelector("[data-desk-said]")?.textContent ?? "";
  };

  const close = () => {
    choose(null);
    list().hidden = true;
    theBox().ariaExpanded = "false";
    document.getElementById("desk-suggested-said").textContent = "";
  };

  const suggest = () => window.htmx.trigger(theBox(), "desk-suggest");

  const step = (by) => {
    if (!isOpen()) return suggest();
    const all = [null, ...options()];
    const next = (all.indexOf(chosen()) + by + all.length) % all.length;
    choose(all[next]);
  };

  const leave = (event) => {
    if (isOpen()) {
      event.preventDefault();
      close();
    } else if (theBox().value) {
      theBox().value = "";
    } else {
      theBox().blur();
    }
  };

  const pressKey = (event) => {
    if (!event.target.matches?.(BOX) || event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      step(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter" && isOpen() && chosen()) {
      event.preventDefault();
      chosen().click();
    } else if (event.key === "Escape") {
      leave(event);
    }
  };

  /* On a phone there is a link to the page with the box instead. */
  const reach = () => {
    const box = theBox();
    if (!box?.checkVisibility()) return document.querySelector(".desk-finder-link")?.click();
    box.focus();
    box.select();
    suggest();
  };

  /* Before the theme, whose "/" leads to the search of one list. */
  const reachByShortcut = (event) => {
    const control = event.ctrlKey || event.metaKey;
    const isCommand = control && !event.altKey && !event.shiftKey && event.key === "k";
    const isSlash = event.key === "/" && !control && !event.altKey;
    if (!isCommand && (!isSlash || event.target.closest?.(TYPING))) return;
    if (!theBox() || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    event.stopPropagation();
    reach();
  };

  const show = (event) => {
    if (event.target !== list()) return;
    if (document.activeElement === theBox()) open();
  };

  const hideOnFailure = (event) => {
    if (event.target.matches?.(BOX)) close();
  };

  document.addEventListener("keydown", reachByShortcut, { capture: true });
  document.addEventListener("keydown", pressKey);
  document.addEventListener("input", (event) => event.target.matches?.(BOX) && choose(null));
  document.addEventListener("click", (event) => event.target.matches?.(BOX) && !isOpen() && suggest());
  document.addEventListener("focusout", (event) => event.target.matches?.(BOX) && close());
  /* A press on an option would take the focus out of the box, and so close the list too early. */
  document.addEventListener("mousedown", (event) => {
    if (event.target.closest?.("#desk-suggested")) event.preventDefault();
  });
  document.addEventListener("htmx:afterSwap", show);
  document.addEventListener("htmx:responseError", hideOnFailure);
  document.addEventListener("htmx:sendError", hideOnFailure);
  window.addEventListener("pageshow", () => theBox() && close());
})();
