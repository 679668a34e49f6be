/* Index tables work without this file; it copies ids, and shows the whole text of a cell that is
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
    if (cell.scrollWidth > cell.clientWidth) cell.title = cell.innerText.trim();
    else cell.removeAttribute("title");
  };

  if (navigator.clipboard) document.documentElement.classList.add("index-copies");
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-index-copy]");
    if (button) copy(button);
  });
  document.addEventListener("mouseover", (event) => {
    const cell = event.target.closest(".index-table td");
    if (cell) showWhole(cell);
  });
})();
