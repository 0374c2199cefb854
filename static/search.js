// The search stands in the address, so that Back, a reload and a link to a colleague keep it.
"use strict";

document.addEventListener("htmx:after:swap", () => {
  const field = document.getElementById("q");
  const address = new URL(field.form.action);
  if (field.value.trim()) address.searchParams.set("q", field.value);
  for (const one of field.form.querySelectorAll("input[type=hidden]")) address.searchParams.set(one.name, one.value);
  history.replaceState(history.state, "", address);
});
