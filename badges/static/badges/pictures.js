/* The form of a badge works without this file; it shows a chosen picture at once, unsent. */
"use strict";

(() => {
  const chosen = new Map(); // by file field: the <img> of its file
  const before = new WeakMap(); // by picture: what was there without the file

  const isTaken = (file, field) =>
    field.accept.split(",").includes(file.type) && file.size <= Number(field.dataset.pictureBytes);

  const put = (picture, image) => {
    if (!before.has(picture)) before.set(picture, [...picture.childNodes]);
    picture.replaceChildren(...(image ? [image.cloneNode()] : before.get(picture)));
  };

  /* The card shows the first state that has a picture; of those that were sent the page knows. */
  const showInPreview = () => {
    const picture = document.querySelector("#desk-panel .desk-picture");
    if (!picture) return;
    const slots = [...document.querySelectorAll(".desk-slot")];
    const first = slots.find((slot) => !slot.querySelector("[name$=remove]")?.checked && has(slot));
    put(picture, first && chosen.get(first.querySelector("[type=file]")));
  };

  const has = (slot) =>
    chosen.has(slot.querySelector("[type=file]")) ||
    ["kept", "url"].some((part) => slot.querySelector(`[name$=${part}]`).value);

  const show = (field, image) => {
    if (image) chosen.set(field, image);
    else chosen.delete(field);
    put(field.closest(".desk-slot").querySelector(".desk-picture"), image);
    showInPreview();
  };

  /* What is no picture, whatever its name says, is not shown; the server says why. */
  const read = (field) => {
    const file = field.files[0];
    show(field, null);
    if (!file || !isTaken(file, field)) return;
    const image = new Image();
    const reader = new FileReader();
    image.alt = "";
    image.addEventListener("load", () => {
      if (field.files[0] === file) show(field, image);
    });
    reader.addEventListener("load", () => {
      image.src = reader.result;
    });
    reader.readAsDataURL(file);
  };

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-picture-bytes]")) read(event.target);
    else if (event.target.closest(".desk-slot")) showInPreview();
  });
  document.addEventListener("htmx:afterSwap", showInPreview);

  /* The theme would write the name of the file into the next text field, which describes the picture:
     it leaves out fields with this mark. */
  for (const field of document.querySelectorAll("[data-picture-bytes]")) {
    field.hasChangeListener = true;
  }

  /* Files chosen before this file had run, or kept by the browser when the page is loaded again. */
  for (const field of document.querySelectorAll("[data-picture-bytes]"))
    if (field.files.length) read(field);
})();
