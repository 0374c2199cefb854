// A note that was sent and did not arrive, because the session had ended, stands in the field again.
"use strict";

// What opens below the screen would not be seen: the first field of it gets the focus.
document.addEventListener("toggle", ({ target }) => {
  if (target.matches("details.cancel") && target.open) target.querySelector("input:not([type=hidden]), textarea")?.focus();
}, true);

const form = document.querySelector(".new-note");
if (form) {
  const field = form.querySelector("textarea");
  const key = `note of ${location.pathname}`;
  const sent = sessionStorage.getItem(key);
  sessionStorage.removeItem(key);
  // The page of a note that has arrived leads to it.
  if (sent && !field.value && !location.hash.startsWith("#note-")) field.value = sent;
  form.addEventListener("submit", () => sessionStorage.setItem(key, field.value));
}
