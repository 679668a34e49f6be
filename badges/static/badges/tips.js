/* The hints of column headers, which the title attribute shows to the mouse alone: here they also
   open with the focus and by touch, and Escape closes them. */
"use strict";

(() => {
  const EDGE = 8;
  let number = 0;

  const makeTip = (head) => {
    const tip = document.createElement("p");
    tip.id = `desk-tip-${++number}`;
    tip.role = "tooltip";
    tip.className = "desk-tip";
    tip.textContent = head.title;
    tip.hidden = true;
    document.body.append(tip);
    head.removeAttribute("title");
    return tip;
  };

  const attach = (head) => {
    const tip = makeTip(head);
    const owner = head.querySelector("a, button") ?? head;
    if (owner === head) head.tabIndex = 0;
    owner.setAttribute("aria-describedby", tip.id);

    const show = () => {
      const box = head.getBoundingClientRect();
      tip.hidden = false;
      const right = document.documentElement.clientWidth - tip.offsetWidth - EDGE;
      tip.style.left = `${Math.max(EDGE, Math.min(box.left, right))}px`;
      tip.style.top = `${box.bottom}px`;
    };
    const hide = () => (tip.hidden = true);
    /* The pointer may move onto the hint, to read or to copy it. */
    const leave = (event) => ![tip, head].includes(event.relatedTarget) && hide();

    head.addEventListener("mouseenter", show);
    head.addEventListener("mouseleave", leave);
    tip.addEventListener("mouseleave", leave);
    head.addEventListener("focusin", show);
    head.addEventListener("focusout", hide);
    document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
    document.addEventListener("scroll", hide, { capture: true, passive: true });
  };

  const attachAll = (root) => root.querySelectorAll("th[title]").forEach(attach);

  document.addEventListener("DOMContentLoaded", () => attachAll(document));
  document.addEventListener("htmx:afterSwap", (event) => attachAll(event.target));
})();
