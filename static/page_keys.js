// Keys of the pages of an order: each presses the link that shows it.
"use strict";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat) return;
  if (event.target.closest?.("input, select, textarea")) return;
  const link = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === event.key.toLowerCase());
  if (!link) return;
  event.preventDefault();
  link.click();
});
