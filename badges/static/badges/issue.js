/* The forms to issue and to enrol work without this file. It adds the presets of the event date, the
   list that closes around the chosen badge, and what a slow check shows. */
"use strict";

(() => {
  const MINUTE = 60_000;
  const SLOW = 400; // milliseconds until a check that is on its way shows itself

  const FIELDS = {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  };

  /* The value of an input for a time, in the zone of the page and not in that of the browser. */
  const localTime = (instant, timeZone) => {
    const parts = new Intl.DateTimeFormat("en", { ...FIELDS, timeZone }).formatToParts(instant);
    const { year, month, day, hour, minute } = Object.fromEntries(
      parts.map(({ type, value }) => [type, value]),
    );
    return `${year}-${month}-${day}T${hour}:${minute}`;
  };

  /* Without minutes the field is emptied: the server then takes the time of the click. */
  const eventDate = ({ minutesAgo, at }, zone) => {
    if (at) return at;
    if (!Number(minutesAgo)) return "";
    return localTime(Date.now() - Number(minutesAgo) * MINUTE, zone);
  };

  const fill = (event) => {
    const button = event.target.closest("[data-desk-fills]");
    const field = button && document.getElementById(button.dataset.deskFills);
    if (!field) return;
    field.value = eventDate(button.dataset, button.closest(".desk-presets").dataset.deskZone);
    field.dispatchEvent(new Event("change", { bubbles: true }));
  };

  /* Enter checks the form. Shift + Enter begins a new line of a list. */
  const checkByEnter = (event) => {
    const { altKey, ctrlKey, isComposing, key, metaKey, shiftKey, target } = event;
    if (key !== "Enter" || altKey || ctrlKey || isComposing || metaKey || shiftKey) return;
    if (!target.matches?.("textarea[name=customer_id]")) return;
    event.preventDefault();
    target.form.querySelector("[data-desk-check]").click();
  };

  /* With a mouse or a finger the list closes at once. The arrow keys choose as they move: for them it
     closes when the focus leaves it. */
  let byPointer = false;

  const close = (picker) => {
    if (picker?.querySelector(":checked")) picker.dataset.deskCollapsed = "";
  };

  const closeAfterChoice = (event) => {
    if (byPointer && event.target.name === "badge_id") close(event.target.closest(".desk-picker"));
  };

  const closeAfterFocus = (event) => {
    const picker = event.target.closest?.(".desk-picker");
    if (event.relatedTarget && picker && !picker.contains(event.relatedTarget)) close(picker);
  };

  const open = (event) => {
    const button = event.target.closest(".desk-picker-change");
    if (!button) return;
    event.preventDefault();
    const picker = button.closest(".desk-picker");
    delete picker.dataset.deskCollapsed;
    picker.querySelector("[type=search]").select();
    picker.querySelector("[type=search]").focus();
  };

  /* An old verdict is not shown for long beside a new number. */
  let waiting = 0;

  const wordsOf = ({ deskChecking, deskCheckingAll }) => {
    const numbers = document.getElementById("id_customer_id")?.value.match(/[^\s,;]+/g) ?? [];
    return numbers.length === 1 ? deskChecking.replace("{customer}", numbers[0]) : deskCheckingAll;
  };

  const showChecking = (panel) => {
    const line = document.createElement("p");
    const spinner = document.createElement("span");
    line.className = "desk-checking";
    spinner.className = "desk-spinner";
    line.append(spinner, wordsOf(panel.dataset));
    panel.replaceChildren(line);
    document.querySelector("#desk-bar-verdict span:last-child").textContent = wordsOf(panel.dataset);
  };

  const beginChecking = (event) => {
    const panel = event.detail.target;
    if (panel.id !== "desk-panel") return;
    panel.ariaBusy = "true";
    clearTimeout(waiting);
    waiting = setTimeout(showChecking, SLOW, panel);
  };

  const endChecking = (event) => {
    const panel = event.detail.target;
    if (panel.id !== "desk-panel") return;
    clearTimeout(waiting);
    panel.ariaBusy = "false";
  };

  const start = ({ target: part }) => {
    for (const presets of part.querySelectorAll(".desk-presets")) presets.hidden = false;
  };

  document.addEventListener("htmx:load", start);
  document.addEventListener("click", fill);
  document.addEventListener("click", open);
  document.addEventListener("keydown", checkByEnter);
  document.addEventListener("keydown", () => (byPointer = false), true);
  document.addEventListener("pointerdown", () => (byPointer = true), true);
  document.addEventListener("change", closeAfterChoice);
  document.addEventListener("focusout", closeAfterFocus);
  document.addEventListener("htmx:beforeRequest", beginChecking);
  document.addEventListener("htmx:afterRequest", endChecking);
})();
