/* Index tables work without this file; it copies ids, counts selected rows, and shows the whole text of a cell that is
   cut off while the pointer is over it. */
"use strict";

(() => {
  const SHOWN_FOR = 1_500;

  const copy = async (button) => {
    await navigator.clipboard.writeText(button.dataset.indexCopy);
    const icon = button.querySelector(".desk-icon");
    const usual = icon.textContent;
    icon.textContent = "check";
    button.classList.add("index-copy--done");
    setTimeout(() => {
      icon.textContent = usual;
      button.classList.remove("index-copy--done");
    }, SHOWN_FOR);
  };

  const showWhole = (cell) => {
    const parts = [cell, ...cell.querySelectorAll("span, a")];
    if (parts.some((part) => part.scrollWidth > part.clientWidth)) cell.title = cell.innerText.trim();
    else cell.removeAttribute("title");
  };

  const boxesOf = (index) => [...index.querySelectorAll("[name=selected]")];

  const count = (index) => {
    const boxes = boxesOf(index);
    const number = boxes.filter((box) => box.checked).length;
    for (const place of index.querySelectorAll("[data-index-count]")) place.textContent = `: ${number}`;
    for (const place of index.querySelectorAll("[data-index-number]")) place.textContent = ` ${number}`;
    const all = index.querySelector("[data-index-all]");
    if (!all) return;
    all.checked = number > 0 && number === boxes.length;
    all.indeterminate = number > 0 && number < boxes.length;
  };

  const select = (event) => {
    const index = event.target.closest("[data-index]");
    if (!index) return;
    if (event.target.matches("[data-index-all]")) {
      for (const box of boxesOf(index)) box.checked = event.target.checked;
    }
    if (event.target.matches("[data-index-all], [name=selected]")) count(index);
  };

  const start = (root) => {
    for (const all of root.querySelectorAll("[data-index-all]")) all.hidden = false;
    // A page in the history of the browser keeps its ticks.
    for (const index of root.querySelectorAll("[data-index]")) count(index);
  };

  document.addEventListener("change", select);
  addEventListener("pageshow", () => start(document));
  document.addEventListener("htmx:afterSwap", (event) => start(event.target.parentElement));
  if (navigator.clipboard) document.documentElement.dataset.indexCopies = "";
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-index-copy]");
    if (button) copy(button);
  });
  document.addEventListener("mouseover", (event) => {
    const cell = event.target.closest(".index-table td");
    if (cell) showWhole(cell);
  });
})();
