// Copy buttons and print buttons: shown only where a script can make them work.
"use strict";

for (const button of document.querySelectorAll(".copies, .prints")) button.hidden = false;

document.addEventListener("click", async (event) => {
  const button = event.target.closest(".copies, .prints");
  if (!button) return;
  if (button.matches(".prints")) return window.print();
  const said = document.getElementById("said");
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    // A secret is not read out.
    said.textContent = button.dataset.said ?? `Copied: ${button.dataset.copy}`;
    button.querySelector("span").textContent = "Copied";
  } catch {
    said.textContent = "The browser did not allow copying. Select the text and copy it.";
  }
});
