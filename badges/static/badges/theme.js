/* What the theme gives to the mouse alone, for the keyboard and for those who listen. */
"use strict";

/* The policy allows no style element of htmx, and nothing of ours asks it to evaluate strings. */
htmx.config.includeIndicatorStyles = false;
htmx.config.allowEval = false;

(() => {
  const ICON = ".material-symbols-outlined";
  const CLICKED = ":is(a:not([href]), div, h2, span)[x-on\\:click]:not(#changelist-filter-close)";
  let byKey = false;

  const named = () => document.querySelector("[data-theme-names]")?.dataset ?? {};

  /* The name of what a click opens or shuts, and the part of the page that shows with it. */
  const opened = (button) => /^\w*/.exec(button.getAttribute("x-on:click"))[0];
  const panelOf = (button) =>
    document.querySelector(
      `[x-show="${opened(button)}"], [x-bind\\:class*="${opened(button)}"]:has(nav)`,
    );

  const wordsOf = (element) => {
    const copy = element?.cloneNode(true);
    for (const icon of copy?.querySelectorAll(ICON) ?? []) icon.remove();
    return element?.matches(ICON) ? "" : (copy?.textContent.replace("*", "").trim() ?? "");
  };

  /* What is a picture alone gets a name; what has words as well is read without the picture. */
  const nameIcons = () => {
    for (const icon of document.querySelectorAll(ICON)) {
      const owner = icon.closest("a, button, summary, [role=button]") ?? icon.parentElement;
      if (owner !== icon && wordsOf(owner)) icon.ariaHidden = "true";
    }
    for (const link of document.querySelectorAll("#nav-sidebar a")) {
      if (!wordsOf(link)) link.ariaLabel = named().home;
    }
    const search = document.getElementById("searchbar-submit");
    if (search) search.ariaLabel = named().search;
  };

  const nameHeads = () => {
    for (const heading of document.querySelectorAll("#changelist-filter h3")) heading.ariaLevel = "2";
    for (const head of document.querySelectorAll("thead th")) {
      if (head.textContent.trim()) continue;
      const name = document.createElement("span");
      name.className = "desk-hidden";
      name.textContent = named().remove;
      head.append(name);
    }
  };

  const headingOf = (element) =>
    element.closest("fieldset, #changelist-filter div:has(> h3)")?.querySelector("h2, h3") ??
    document.querySelector("h1");

  /* What other scripts of the theme make later, and leave without a name. */
  const nameWidgets = () => {
    for (const box of document.querySelectorAll(".simplebar-content-wrapper[role=region]")) {
      const place = box.closest("nav") ? "sidebarMobileOpen" : "filterOpen";
      const known = box.closest("nav, #changelist-filter") && named()[place];
      box.ariaLabel = known || wordsOf(headingOf(box));
    }
    for (const select of document.querySelectorAll("select.select2-hidden-accessible")) {
      const shown = select.nextElementSibling?.querySelector(".select2-selection__rendered");
      if (shown) shown.ariaLabel = wordsOf(select.labels[0] ?? headingOf(select));
    }
    for (const hint of document.querySelectorAll(".help-tooltip[aria-label]")) hint.role = "img";
  };

  /* Say whether it is open; the focus goes along with those who pressed a key. */
  const follow = (button, panel) => {
    const open = String(panel.checkVisibility());
    if (button.ariaExpanded === open) return;
    button.ariaExpanded = open;
    if (!byKey || panel.contains(button) || !button.checkVisibility()) return;
    byKey = false;
    const inside = [...panel.querySelectorAll("a, button, input, select, [tabindex='0']")];
    const first = open === "true" && inside.find((each) => each.checkVisibility());
    (first || button).focus();
  };

  const makeButtons = () => {
    for (const button of document.querySelectorAll(CLICKED)) {
      button.role = "button";
      button.tabIndex = 0;
      if (!wordsOf(button)) button.ariaLabel = named()[opened(button)] ?? "";
      const panel = panelOf(button);
      if (!panel) continue;
      button.ariaExpanded = "false";
      const watch = { attributes: true, attributeFilter: ["class", "style"] };
      new MutationObserver(() => follow(button, panel)).observe(panel, watch);
    }
  };

  const pressByKey = (event) => {
    if (!event.target.matches?.(CLICKED) || !["Enter", " "].includes(event.key)) return;
    event.preventDefault();
    byKey = panelOf(event.target) !== null;
    event.target.click();
  };

  const leaveByKey = (event) => {
    const panel = event.key === "Escape" && event.target.closest?.("[x-show^=open], [x-show^=filter]");
    if (!panel) return;
    byKey = true;
    document.body.click();
  };

  const start = () => {
    makeButtons();
    nameIcons();
    nameHeads();
    const watch = { childList: true, subtree: true };
    new MutationObserver(nameWidgets).observe(document.body, watch);
  };

  document.addEventListener("DOMContentLoaded", start);
  document.addEventListener("keydown", pressByKey);
  document.addEventListener("keydown", leaveByKey);
})();
