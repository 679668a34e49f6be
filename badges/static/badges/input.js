/* What somebody has typed into a form is sent without leaving the page, kept until it is accepted,
   and not left by mistake. Without this file, forms are posted by the browser. */
"use strict";

(() => {
  const STORED = "desk-input ";
  const HOURS = 12;
  const FORMS = '#main form[method="post"][id]:not(#changelist-form)';
  const NEVER_STORED = "[type=password], [type=file], [autocomplete=one-time-code]";
  const TOKEN = "[name=csrfmiddlewaretoken]";

  const initial = new WeakMap(); // by form: what it contained at first
  const unsaved = new Set(); // the ids of forms that the server has sent back
  let isLeaving = false;
  let hasEnded = false; // whether the session has ended on this page

  const forms = () => [...document.querySelectorAll(FORMS)];
  const user = () => document.getElementById("session-bar")?.dataset.user;
  const addressOf = (form) => form.getAttribute("action") ?? location.pathname;
  const keyOf = (form) => `${STORED}${user()} ${addressOf(form)} ${location.search} ${form.id}`;

  const isSent = (field) => {
    if (!field.name || field.disabled || field.matches(`button, ${TOKEN}`)) return false;
    return !field.matches("[type=checkbox], [type=radio]") || field.checked;
  };

  const valuesOf = (field) =>
    field.matches("select")
      ? [...field.selectedOptions].map((option) => [field.name, option.value])
      : [[field.name, field.value]];

  const contentOf = (form, except = ":not(*)") =>
    [...form.elements]
      .filter((field) => isSent(field) && !field.matches(except))
      .flatMap(valuesOf);

  const isChanged = (form) =>
    unsaved.has(form.id) || JSON.stringify(contentOf(form)) !== initial.get(form);

  const read = (key) => {
    try {
      return JSON.parse(sessionStorage.getItem(key));
    } catch {
      return null;
    }
  };

  const write = (key, input) => {
    try {
      sessionStorage.setItem(key, JSON.stringify(input));
    } catch {
      sessionStorage.removeItem(key); // there is no room for it
    }
  };

  const forget = (form) => {
    unsaved.delete(form.id);
    sessionStorage.removeItem(keyOf(form));
  };

  const keep = (form) => {
    if (!isChanged(form)) return sessionStorage.removeItem(keyOf(form));
    write(keyOf(form), { at: Date.now(), hasEnded, fields: contentOf(form, NEVER_STORED) });
  };

  const keys = () => Object.keys(sessionStorage).filter((key) => key.startsWith(STORED));

  /* A choice may be missing in a list that is loaded as somebody types: it is asked for as chosen. */
  const choose = (form, name, value) => {
    const list = form.querySelector(`[data-desk-choices="${name}"]`);
    if (!list || [...list.querySelectorAll("input")].some((each) => each.value === value)) return;
    const chosen = document.createElement("input");
    Object.assign(chosen, { type: "hidden", name, value });
    list.append(chosen);
  };

  const put = (field, values) => {
    if (field.matches("[type=checkbox], [type=radio]")) field.checked = values.includes(field.value);
    else if (field.matches("select"))
      for (const option of field.options) option.selected = values.includes(option.value);
    else if (values.length) field.value = values.shift();
  };

  const restore = (form, fields) => {
    const values = new Map(); // by name
    for (const [name, value] of fields) {
      choose(form, name, value);
      values.set(name, [...(values.get(name) ?? []), value]);
    }
    for (const field of form.elements)
      if (field.name && !field.matches(`button, ${TOKEN}, ${NEVER_STORED}`))
        put(field, values.get(field.name) ?? []);
    for (const field of form.querySelectorAll("input:not([type=hidden]), select, textarea"))
      for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, { bubbles: true }));
    window.desk.say("restored");
  };

  /* Input is put back after a log-in in this tab, and when the page is loaded again. What was left
     otherwise was left on purpose. */
  const restoreAll = () => {
    const [arrival] = performance.getEntriesByType("navigation");
    const isAgain = ["reload", "back_forward"].includes(arrival?.type);
    const open = new Map(forms().map((form) => [keyOf(form), form]));
    for (const key of keys()) {
      const input = read(key);
      const isOld = !input || Date.now() - input.at > HOURS * 3_600_000;
      const isMine = key.startsWith(`${STORED}${user()} `);
      if (isOld || !isMine || !(input.hasEnded || isAgain)) sessionStorage.removeItem(key);
      else if (open.has(key)) restore(open.get(key), input.fields);
    }
  };

  /* Let htmx post the forms of the desk: a page that cannot be reached does not replace this one. */
  const post = (form) => {
    if (!form.matches("[data-desk-form]") || form.hasAttribute("hx-post")) return;
    const attributes = {
      "hx-post": form.getAttribute("action") ?? location.pathname + location.search,
      "hx-target": "#content",
      "hx-select": "#content",
      "hx-swap": "outerHTML",
      "hx-sync": "this:drop",
      "hx-disinherit": "*",
    };
    for (const [name, value] of Object.entries(attributes)) form.setAttribute(name, value);
    htmx.process(form);
  };

  const begin = () => {
    for (const form of forms()) {
      if (!initial.has(form)) initial.set(form, JSON.stringify(contentOf(form)));
      post(form);
    }
  };

  /* The page that answers a form has the title and messages, and perhaps styles, of its own. */
  const takeOver = (page) => {
    for (const asset of page.head.querySelectorAll("link[rel=stylesheet], script[src]")) {
      const name = asset.matches("link") ? "href" : "src";
      const address = asset.getAttribute(name);
      if (document.head.querySelector(`[${name}="${CSS.escape(address)}"]`)) continue;
      const copy = document.createElement(asset.localName);
      for (const { name: key, value } of asset.attributes) copy.setAttribute(key, value);
      document.head.append(copy);
    }
    const around = (root) => [
      root.querySelector("#main h1"),
      root.querySelector("#content")?.parentElement.previousElementSibling,
    ];
    const theirs = around(page);
    around(document).forEach((own, index) => theirs[index] && own?.replaceWith(theirs[index]));
  };

  const isForm = (event) => event.detail.elt.matches?.("form[data-desk-form]");

  const answered = (event) => {
    const form = event.detail.elt;
    if (!isForm(event) || !event.detail.xhr.getResponseHeader("HX-Redirect")) return;
    isLeaving = true;
    forget(form);
  };

  const shownAgain = (event) => {
    if (!isForm(event) || event.detail.target.id !== "content" || !event.detail.shouldSwap) return;
    takeOver(new DOMParser().parseFromString(event.detail.serverResponse, "text/html"));
    unsaved.clear();
    unsaved.add(event.detail.elt.id);
    window.desk.hide();
  };

  const titleOf = (text) =>
    new DOMParser().parseFromString(text, "text/html").title.split("|")[0].trim();

  const refused = (event) => {
    const { status, responseText } = event.detail.xhr;
    if (!isForm(event)) return;
    keep(event.detail.elt);
    const isStale = event.detail.xhr.getResponseHeader("HX-Trigger") !== null;
    if (status !== 401 && !isStale) window.desk.say("failed", { reason: titleOf(responseText) });
  };

  const notSent = (event) => {
    if (!isForm(event)) return;
    keep(event.detail.elt);
    window.desk.say("offline");
  };

  /* The browser itself posts the forms of the admin: first, see whether the server is there. */
  const checkFirst = async (event) => {
    const form = event.target;
    if (!form.matches(FORMS) || form.matches("[data-desk-form], [hx-post]")) return;
    if (form.dataset.deskChecked) {
      isLeaving = true;
      return;
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    keep(form);
    if (!(await window.desk.ask())) return;
    form.dataset.deskChecked = "1";
    form.requestSubmit(event.submitter);
    delete form.dataset.deskChecked;
  };

  const leaveOnPurpose = (event) => {
    const link = event.target.closest?.("a[href]");
    const form = link?.closest(FORMS);
    if (form && link.matches(".desk-buttons a, .desk-actions a") && link.target !== "_blank") {
      isLeaving = true;
      forget(form);
    }
    if (event.target.closest?.("[data-bar-discard], [data-bar-reload]")) {
      event.preventDefault();
      isLeaving = true;
      forms().forEach(forget);
      location.reload();
    }
    if (event.target.closest?.("[data-bar-here]")) isLeaving = true;
  };

  const typed = (event) => {
    const form = event.target.form;
    if (form?.matches(FORMS)) keep(form);
  };

  const forgetAll = (event) => {
    if (event.target.action?.endsWith?.("/logout/")) {
      isLeaving = true;
      for (const key of keys()) sessionStorage.removeItem(key);
    }
  };

  const start = () => {
    if (document.getElementById("login-form")) {
      for (const key of keys()) write(key, { ...read(key), hasEnded: true });
    } else if (user()) {
      begin();
      restoreAll();
    }
  };

  document.addEventListener("DOMContentLoaded", start);
  document.addEventListener("htmx:load", begin);
  document.addEventListener("input", typed);
  document.addEventListener("change", typed);
  document.addEventListener("click", leaveOnPurpose);
  document.addEventListener("submit", forgetAll, true);
  document.addEventListener("submit", checkFirst, true);
  document.addEventListener("desk:ended", () => {
    hasEnded = true;
    forms().forEach(keep);
  });
  document.addEventListener("htmx:beforeOnLoad", answered);
  document.addEventListener("htmx:beforeSwap", shownAgain);
  document.addEventListener("htmx:responseError", refused);
  document.addEventListener("htmx:sendError", notSent);
  window.addEventListener("pageshow", () => (isLeaving = false));
  window.addEventListener("beforeunload", (event) => {
    if (!isLeaving && forms().some(isChanged)) event.preventDefault();
  });
})();
