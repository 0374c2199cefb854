// The list by keyboard. The marked row is the one that has the focus: Tab and screen readers agree.
"use strict";

const keys = document.getElementById("keys");
const search = document.getElementById("q");
const rows = () => [...document.querySelectorAll(".list tbody tr")];
const FIELDS = "input:not([type='checkbox']), select, textarea, [contenteditable]";

function mark(row) {
  const place = row?.querySelector("a.code") ?? row?.querySelector("[name='order']");
  place?.focus();
  row?.scrollIntoView({ block: "nearest" });
}

function marked() {
  return document.activeElement.closest(".list tbody tr");
}

function move(step) {
  const all = rows();
  const at = all.indexOf(marked());
  mark(all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1)]);
}

const acts = {
  j: () => move(1),
  k: () => move(-1),
  o: () => marked()?.querySelector("a.code")?.click(),
  x: () => marked()?.querySelector("[name='order']")?.click(),
  s: () => document.getElementById("set")?.focus(),
  n: () => document.querySelector(".head a.primary")?.click(),
  "/": () => { search.focus(); search.select(); },
  "?": () => keys.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.keyCode === 229) return;
  if (event.target === search && event.key === "ArrowDown") {
    event.preventDefault();
    mark(rows()[0]);
    return;
  }
  if (event.target.closest(FIELDS) || document.querySelector("dialog[open], :popover-open")) return;
  if (event.key === "Enter" && event.target.matches("[name='order']")) {
    event.preventDefault();
    acts.o();
    return;
  }
  const act = acts[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

for (const button of document.querySelectorAll(".shows-keys")) {
  button.hidden = false;
  button.addEventListener("click", () => keys.showModal());
}
