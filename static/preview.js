// Shows a colour in the preview while it is typed; the service makes the sheet of it.
"use strict";

const field = document.getElementById("accent");
const sheet = document.getElementById("look");
const stored = sheet.getAttribute("href");

field?.addEventListener("input", () => {
  const typed = field.value.trim().toLowerCase().replace(/^#/, "");
  const digits = typed.length === 3 ? typed.replace(/./g, "$&$&") : typed;
  if (!digits) sheet.href = stored.replace(/[0-9a-f]{6}(?=\/preview)/, "0b6b4b");
  else if (/^[0-9a-f]{6}$/.test(digits)) sheet.href = stored.replace(/[0-9a-f]{6}(?=\/preview)/, digits);
});
