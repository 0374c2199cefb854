// The menu of a status: arrows open it and move through it, and it has the focus while it is open.
"use strict";

const choices = (menu) => [...menu.querySelectorAll("button")];

document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (menu.matches?.(".statuses") && event.newState === "open" && !menu.contains(document.activeElement)) choices(menu)[0].focus();
}, true);

document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const { target } = event;
  const menu = target.matches?.(".sets") ? document.getElementById(target.getAttribute("popovertarget")) : target.closest?.(".statuses");
  if (!step || !menu) return;
  event.preventDefault();
  if (!menu.matches(":popover-open")) menu.showPopover();
  const all = choices(menu);
  const at = all.indexOf(target);
  all[at < 0 ? (step > 0 ? 0 : all.length - 1) : (at + step + all.length) % all.length].focus();
});
