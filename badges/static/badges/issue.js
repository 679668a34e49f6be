/* Presets of the event date; without this file they stay hidden and the field is typed in. */
"use strict";

(() => {
  const MINUTE = 60_000;

  /* Without minutes the field is emptied: the server then takes the time of the click. */
  const eventDate = ({ minutesAgo, at }) => {
    if (at) return at;
    if (!Number(minutesAgo)) return "";
    return new Date(Date.now() - Number(minutesAgo) * MINUTE).toISOString().slice(0, 16);
  };

  const fill = (event) => {
    const button = event.target.closest("[data-desk-fills]");
    const field = button && document.getElementById(button.dataset.deskFills);
    if (!field) return;
    field.value = eventDate(button.dataset);
    field.dispatchEvent(new Event("change", { bubbles: true }));
  };

  const start = () => {
    for (const presets of document.querySelectorAll(".desk-presets")) presets.hidden = false;
  };

  document.addEventListener("DOMContentLoaded", start);
  document.addEventListener("click", fill);
})();
