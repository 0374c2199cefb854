// The page around the rows of the order form: the bar, folded parts, menus, and buttons of rows.
"use strict";

// Row buttons are shown on the active row and are out of the tab order: keys do the same. Without
// this script they can be reached by Tab.
document.documentElement.classList.add("scripted");

function quietButtons() {
  const template = document.getElementById("line-template")?.content;
  for (const root of [lines(), template]) {
    for (const button of root?.querySelectorAll(".line > .acts button") ?? []) button.tabIndex = -1;
  }
}

// What has the focus is scrolled to above the bar, whose height depends on its texts.
const bars = new ResizeObserver(() => {
  const bar = form()?.querySelector(".submit");
  if (!bar) return;
  // A phone's navigation is below it.
  const height = bar.offsetHeight + (parseFloat(getComputedStyle(bar).bottom) || 0);
  document.documentElement.style.setProperty("--submit-height", `${height}px`);
});

// Browsers show the line with the caret; the rest of a text must not stay behind the bar either.
document.addEventListener("focusin", ({ target }) => {
  if (target.matches("#order-form textarea")) target.scrollIntoView({ block: "nearest" });
});

// Nor may what is said of the line with the focus.
function showAnswer(place) {
  const line = document.activeElement?.closest("#lines > .line");
  if (place instanceof Node && line?.contains(place)) line.scrollIntoView({ block: "nearest" });
}

// A phone shows the customer and the cart; everything else is folded up until it is needed.
function foldDetails(isOpen = false) {
  const fold = document.getElementById("order-details");
  if (!fold) return;
  fold.open = isOpen || !isSmall.matches || Boolean(fold.querySelector('[aria-invalid="true"], [autofocus]'));
}
isSmall.addEventListener("change", () => {
  if (!isSmall.matches) foldDetails(); // a wide screen has no way to open it
  moveHint();
});

let openRows = []; // rows whose details are shown, likewise
let opened = []; // IDs of what is open while the server's form replaces the one on the page

function prepare() {
  quietButtons();
  moveHint();
  foldDetails(opened.includes("order-details"));
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  for (const row of openRows) lines().querySelector(`[data-row="${row}"] > .details`)?.removeAttribute("hidden");
  opened = openRows = [];
  for (const button of form().querySelectorAll("[data-keeps]")) button.hidden = false;
  bars.disconnect();
  bars.observe(form().querySelector(".submit"));
}
prepare();

document.addEventListener("htmx:before:swap", (event) => {
  if (event.detail.ctx?.target?.id !== "order-form") return;
  opened = [...form().querySelectorAll("details[open][id]:not(#as-template)")].map((one) => one.id);
  openRows = [...lines().querySelectorAll(".details:not([hidden])")].map((one) => one.parentElement.dataset.row);
});
document.addEventListener("htmx:after:swap", (event) => {
  const { target } = event.detail.ctx ?? {};
  showAnswer(target);
  if (form() && target?.id === "order-form") prepare();
  else if (target?.id === "lines") quietButtons();
});

// A product that another part of the page offers: into the first blank line.
document.addEventListener("order:add-line", ({ detail }) => {
  const { reference, count = 1 } = detail;
  const line = [...lines().children].find(isBlank) ?? addLine();
  setValue(countOf(line), String(count));
  setValue(referenceOf(line), reference);
  total();
  changed();
  focus(countOf(line));
  say(trn("One line added.", "%(num)s lines added.", 1));
});

// What someone unfolds must not stay behind the bar; what is open in a new form does not scroll the page.
let unfolding = null;
document.addEventListener("click", ({ target }) => {
  unfolding = target.closest("#order-form summary")?.parentElement ?? null;
});
document.addEventListener("toggle", ({ target }) => {
  if (target.open && target === unfolding) target.scrollIntoView({ block: "nearest" });
}, true);

// One press for all conflicts of the table: the first or the second value of each.
document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-keeps]");
  if (!button) return;
  for (const row of button.closest("table").tBodies[0].rows) row.querySelectorAll("input[type=radio]")[button.dataset.keeps].checked = true;
  changed();
  document.querySelector('.submit [value="save"]').focus();
});

// Menus close as menus do.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(".menu[open]")) menu.open = menu.contains(event.target);
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest?.(".menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
