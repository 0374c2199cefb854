// Copy buttons and print buttons: shown only where a script can make them work. Customers' pages
// come without texts.js; they bring what is said as attributes.
"use strict";

for (const button of document.querySelectorAll(".copies, .prints")) button.hidden = false;

document.addEventListener("click", async (event) => {
  const button = event.target.closest(".copies, .prints");
  if (!button) return;
  if (button.matches(".prints")) return window.print();
  const said = document.getElementById("said");
  // A short text stands in the button itself; a long one is that of another element.
  const text = button.dataset.copy ?? document.getElementById(button.dataset.copyFrom).textContent;
  try {
    await navigator.clipboard.writeText(text);
    // A secret is not read out.
    said.textContent = button.dataset.said ?? tr("Copied: %(text)s", { text });
    button.querySelector("span").textContent = button.dataset.done ?? tr("Copied");
  } catch {
    said.textContent = said.dataset.refused
      ?? tr("Your browser did not allow copying. Select the text and copy it.");
  }
});
