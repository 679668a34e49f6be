/* A toast stays without this file. It goes after some seconds, but not while somebody is using it. */
"use strict";

(() => {
  const begin = (toast) => {
    const status = toast.querySelector("[role=status]");
    const close = toast.querySelector("[data-desk-dismiss]");
    const words = status.textContent;
    let timer = 0;

    const end = () => {
      const hadFocus = toast.contains(document.activeElement);
      toast.remove();
      if (hadFocus) document.querySelector(".desk [autofocus], .desk-buttons a")?.focus();
    };

    const hold = () => clearTimeout(timer);

    const wait = () => {
      hold();
      timer = setTimeout(end, Number(toast.dataset.deskToast) * 1_000);
    };

    toast.addEventListener("pointerenter", hold);
    toast.addEventListener("pointerleave", wait);
    toast.addEventListener("focusin", hold);
    toast.addEventListener("focusout", wait);
    toast.addEventListener("submit", hold);
    toast.addEventListener("keydown", (event) => event.key === "Escape" && end());
    close.addEventListener("click", end);
    close.hidden = false;
    /* Screen readers read out what changes in a page, not what it begins with. */
    status.textContent = "";
    setTimeout(() => (status.textContent = words), 500);
    wait();
  };

  const start = () => {
    for (const toast of document.querySelectorAll("[data-desk-toast]")) begin(toast);
  };

  document.addEventListener("DOMContentLoaded", start);
})();
