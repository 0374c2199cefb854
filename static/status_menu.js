// The menu of a status: arrows move through it, and it has the focus while it is open.
"use strict";

document.addEventListener("toggle", (event) => {
  if (event.target.matches?.(".statuses") && event.newState === "open") event.target.querySelector("button").focus();
}, true);
document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.(".statuses");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.target.matches?.(".sets") && step) {
    event.preventDefault();
    document.getElementById(event.target.getAttribute("popovertarget")).showPopover();
  } else if (menu && step) {
    event.preventDefault();
    const all = [...menu.querySelectorAll("button")];
    all[(all.indexOf(event.target) + step + all.length) % all.length].focus();
  }
});
