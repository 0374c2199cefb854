// Adds and removes rows in the browser, so that a chosen picture is not lost by a new page.
"use strict";

const form = document.getElementById("product-form");

// Row numbers are shown from one; the number in the names of the fields never changes.
function label(list) {
  const texts = JSON.parse(list.dataset.labels);
  for (const [at, row] of [...list.children].entries()) {
    for (const [of, part] of [...row.querySelectorAll("input, button")].entries()) {
      part.setAttribute("aria-label", texts[of].replace("%s", at + 1));
      if (part.title) part.title = part.getAttribute("aria-label");
    }
  }
}

function add(kind) {
  const list = document.getElementById(`${kind}s`);
  const blank = document.getElementById(`${kind}-row`);
  const old = blank.content.firstElementChild.dataset.row;
  const number = Math.max(-1, ...[...list.children].map((row) => Number(row.dataset.row))) + 1;
  const row = document.createElement("template");
  row.innerHTML = blank.innerHTML.replaceAll(old, number).trim();
  list.append(row.content);
  label(list);
  list.lastElementChild.querySelector("input").focus();
}

function remove(kind, number) {
  const list = document.getElementById(`${kind}s`);
  const row = list.querySelector(`[data-row="${CSS.escape(number)}"]`);
  const next = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  label(list);
  (next?.querySelector("input") ?? document.getElementById(`add-${kind}`)).focus();
}

form.addEventListener("click", (event) => {
  const [verb, kind, number] = (event.target.closest("button[name=do]")?.value ?? "").split(":");
  if (!verb) return;
  event.preventDefault();
  if (verb === "add") add(kind);
  else remove(kind, number);
});
