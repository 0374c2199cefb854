// The share button: where the browser can hand the link on to other programs, instead of copying.
"use strict";

for (const button of document.querySelectorAll(".shares")) {
  if (!navigator.share) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.share({ title: button.dataset.title, url: button.dataset.address });
    } catch (error) {
      // Whoever closes the browser's sheet has not failed; otherwise the link can still be copied.
      if (error.name !== "AbortError") document.querySelector(".copies")?.click();
    }
  });
}
