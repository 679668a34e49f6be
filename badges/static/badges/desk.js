/* The staff pages work without this file; it adds shortcuts and gentler waiting. */
"use strict";

(() => {
  /* The code of a set-up link. It leaves the address, which others may see in the history. */
  const takeFragment = () => {
    const field = document.querySelector("[data-desk-fragment]");
    if (!field || location.hash.length < 2) return;
    field.value = location.hash.slice(1);
    history.replaceState(null, "", location.pathname);
  };

  const focusFirst = () => {
    if (document.activeElement?.matches("input, textarea, select")) return;
    const named = document.getElementById(location.hash.slice(1));
    const first = document.querySelector(".desk [autofocus], #login-form [autofocus]") ?? named;
    first?.scrollIntoView?.({ block: "nearest" });
    first?.focus();
  };

  const issueByShortcut = (event) => {
    const form = event.target.closest?.("form[data-desk-form]");
    if (form && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.querySelector("[data-desk-submit]")?.click(); // a click, so that its name is sent too
    }
  };

  const stepIntoBadges = (event) => {
    if (event.target.matches?.(".desk-search input") && event.key === "ArrowDown") {
      event.preventDefault();
      document.querySelector("#desk-badges input:checked, #desk-badges input")?.focus();
    }
  };

  /* A second click would be answered with the same receipt; it need not be sent at all. */
  const sendOnce = (event) => {
    if (!event.target.matches("form[data-desk-form]")) return;
    if (event.target.dataset.deskSent) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
    event.target.dataset.deskSent = "1";
  };

  /* Not before the page that follows an accepted form. */
  const allowSending = (event) => {
    if (event.detail?.xhr?.getResponseHeader("HX-Redirect")) return;
    for (const form of document.querySelectorAll("form[data-desk-sent]")) {
      delete form.dataset.deskSent;
    }
  };

  const sayUnchecked = (event) => {
    const panel = event.detail.target;
    if (panel?.dataset?.deskFailed) panel.textContent = panel.dataset.deskFailed;
  };

  const copy = async (button) => {
    await navigator.clipboard.writeText(document.querySelector(button.dataset.deskCopy).textContent);
    button.querySelector("[role=status]").textContent = button.dataset.deskCopied;
  };

  /* An error is hidden while its field has another value than the refused one. It is not called
     valid: only the server knows. */
  const controlsOf = (field) => [...field.querySelectorAll("input, select, textarea")];
  const valueOf = (field) =>
    JSON.stringify(
      controlsOf(field).map((each) => (/radio|checkbox/.test(each.type) ? each.checked : each.value)),
    );
  const refused = new WeakMap();

  const rememberRefused = (part) => {
    for (const field of part.querySelectorAll(".desk-field--wrong")) {
      refused.set(field, valueOf(field));
    }
  };

  const clearError = (event) => {
    const field = event.target.closest?.(".desk-field--wrong, .desk-field--changed");
    const errors = field?.querySelector(".desk-errors");
    if (!errors || !refused.has(field)) return;
    const changed = valueOf(field) !== refused.get(field);
    field.classList.toggle("desk-field--wrong", !changed);
    field.classList.toggle("desk-field--changed", changed);
    errors.hidden = changed;
    for (const control of controlsOf(field)) control.setAttribute("aria-invalid", String(!changed));
    for (const line of document.querySelectorAll("[data-desk-problem]")) {
      if (line.dataset.deskProblem === errors.id) line.hidden = changed;
    }
    for (const summary of document.querySelectorAll(".desk-summary")) {
      summary.hidden = [...summary.querySelectorAll("li")].every((line) => line.hidden);
    }
  };

  /* Fields that are folded in again are left out of the form. */
  const emptyFolded = (event) => {
    if (event.target.open || !event.target.matches?.("[data-desk-optional]")) return;
    for (const control of controlsOf(event.target)) {
      if (control.type === "checkbox") control.checked = control.defaultChecked = false;
      else if (control.type !== "hidden") control.value = "";
      control.dispatchEvent(new Event("change", { bubbles: true }));
    }
  };

  /* Of the page, and of each part that htmx puts into it. */
  const start = ({ target: part }) => {
    takeFragment();
    rememberRefused(part);
    for (const button of part.querySelectorAll("[data-desk-print]")) {
      button.hidden = false;
      button.addEventListener("click", () => window.print());
    }
    for (const button of part.querySelectorAll("[data-desk-copy]")) {
      button.hidden = !navigator.clipboard;
      button.addEventListener("click", () => copy(button));
    }
  };

  document.addEventListener("htmx:load", start);
  /* The theme hides the page until then, and what is hidden cannot be focused. */
  document.addEventListener("alpine:initialized", () => requestAnimationFrame(focusFirst));
  document.addEventListener("keydown", issueByShortcut);
  document.addEventListener("keydown", stepIntoBadges);
  document.addEventListener("input", clearError);
  document.addEventListener("change", clearError);
  document.addEventListener("toggle", emptyFolded, true);
  document.addEventListener("submit", sendOnce, true);
  document.addEventListener("htmx:afterRequest", allowSending);
  document.addEventListener("htmx:responseError", sayUnchecked);
  document.addEventListener("htmx:sendError", sayUnchecked);
  window.addEventListener("pageshow", allowSending);
})();
