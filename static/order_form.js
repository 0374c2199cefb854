// The order form's rows. Keys are in entry_keys.js, the page around the rows in entry_page.js. The server knows what is right and what a configuration is;
// this script only does at once what must not wait for an answer: adding, moving and removing rows
// while somebody, or a barcode scanner, types on.
"use strict";

const form = () => document.getElementById("order-form");
const lines = () => document.getElementById("lines");
const referenceOf = (line) => line.querySelector(".reference");
const detailsOf = (line) => line.querySelector(".details > textarea");
const countOf = (line) => line.querySelector(".count input");
const say = (text) => { document.getElementById("said").textContent = text; };

// The browser would give the focus with its first frame, and a scanner may be faster than that.
reveal(document.querySelector("[autofocus]"))?.focus();

// Opens what a field is folded into, and returns the field.
function reveal(field) {
  for (let fold = field?.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  return field;
}

// Rows ---------------------------------------------------------------------------------------

function freeRow() {
  const rows = [...lines().children].map((line) => Number(line.dataset.row));
  return Math.max(-1, ...rows) + 1;
}

// Tells drafts.js of changes that are no typing.
function changed() {
  document.dispatchEvent(new Event("order:changed"));
}

function addLine(after, { reference = "", count = "1", details = "" } = {}) {
  const template = document.getElementById("line-template");
  const copy = document.createElement("template");
  copy.innerHTML = template.innerHTML.replaceAll(template.dataset.row, String(freeRow()));
  const line = copy.content.firstElementChild;
  referenceOf(line).value = reference;
  countOf(line).value = count;
  detailsOf(line).value = details;
  detailsOf(line).parentElement.hidden = !details;
  after ? after.after(line) : lines().append(line);
  htmx.process(line);
  renumber();
  if (reference) referenceOf(line).dispatchEvent(new Event("change", { bubbles: true }));
  return line;
}

const undoable = []; // removed lines with their places, and cleared fields; the last one at the end

function removeLine(line) {
  const neighbour = line.nextElementSibling ?? line.previousElementSibling ?? addLine(line);
  const at = [...lines().children].indexOf(line);
  if (!isBlank(line)) undoable.push({ line, at });
  line.remove();
  renumber();
  focus(referenceOf(neighbour));
  showUndo();
  say(tr("Line %(number)s removed. Press Alt+Z to restore it.", { number: at + 1 }));
}

function undo() {
  const last = undoable.pop();
  if (!last) return false;
  showUndo();
  const isCleared = last.at === undefined;
  if (!isCleared) lines().insertBefore(last.line, lines().children[last.at] ?? null);
  for (const [field, value] of last.values ?? []) setValue(field, value);
  focus(isCleared ? last.values[0][0] : referenceOf(last.line));
  renumber();
  say(tr("Line %(number)s restored.", { number: numberOf(last.line) }));
  return true;
}

const numberOf = (line) => [...lines().children].indexOf(line) + 1;

// Gives a field of a row another value, which the server checks and names as if it had been typed.
function setValue(field, value) {
  if (field.value === value) return;
  field.value = value;
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

// Clears a cell; one that is empty already clears its whole line.
function clearCell(field, line) {
  const cells = [referenceOf(line), countOf(line), detailsOf(line)];
  const fields = field.value ? [field] : cells;
  if (!field.value && isBlank(line)) return;
  undoable.push({ line, values: fields.map((one) => [one, one.value]) });
  for (const one of fields) setValue(one, one === countOf(line) && fields.length > 1 ? "1" : "");
  total();
  changed();
  showUndo();
  say(tr("Line %(number)s cleared. Press Alt+Z to restore it.", { number: numberOf(line) }));
}

function showUndo() {
  const shown = document.getElementById("removed");
  // What the server has drawn of an earlier removal is not the last one any more.
  for (const input of shown.querySelectorAll("input")) input.remove();
  shown.hidden = !undoable.length;
  if (!undoable.length) return;
  const { line, values, at } = undoable.at(-1);
  shown.querySelector("span").textContent = at === undefined
    ? tr("Line %(number)s cleared.", { number: numberOf(line) })
    : values ? tr("Line %(number)s merged.", { number: at + 1 })
    : tr("Line %(number)s removed.", { number: at + 1 });
}

// Adds the quantity of a line to the first one with the same product and details. Returns false if
// they are not the same any more, or a quantity is no number: the server says what is wrong then.
function mergeLine(line) {
  const first = line && lines().querySelector(`[data-row="${line.querySelector("[data-same]")?.dataset.same}"]`);
  const told = (one) => [referenceOf(one), detailsOf(one), ...attributesOf(one)].map((field) => field.type === "checkbox" ? field.checked : field.value).join("\n");
  const counts = [first, line].map((one) => one && countOf(one).value.trim());
  if (!first || told(first) !== told(line) || !counts.every((one) => /^\d{1,9}$/.test(one))) return false;
  undoable.push({ line, at: numberOf(line) - 1, values: [[countOf(first), countOf(first).value]] });
  setValue(countOf(first), String(Number(counts[0]) + Number(counts[1])));
  line.remove();
  renumber();
  focus(countOf(first));
  showUndo();
  say(tr("Merged into line %(number)s. Press Alt+Z to undo.", { number: numberOf(first) }));
  return true;
}

function openDetails(line) {
  const { parentElement: details } = detailsOf(line);
  details.hidden = false;
  focus(details.querySelector("input, select, textarea"));
}

function moveLine(line, isUp) {
  const other = isUp ? line.previousElementSibling : line.nextElementSibling;
  if (!other) return;
  const field = document.activeElement;
  isUp ? other.before(line) : other.after(line);
  renumber();
  if (line.contains(field)) field.focus();
  say(tr("Moved to line %(number)s.", { number: [...lines().children].indexOf(line) + 1 }));
}

// Fields for attributes of lines: what is beside the free metadata.
const attributesOf = (line) => [...line.querySelectorAll(".details .fields [name]")];

function copyAttributes(from, to) {
  const key = (field) => `${field.name.replace(/^cart\.\d+/, "")} ${field.type === "checkbox" ? field.value : ""}`;
  const values = new Map(attributesOf(from).map((field) => [key(field), field]));
  for (const field of attributesOf(to)) {
    const source = values.get(key(field));
    if (source) field.type === "checkbox" ? (field.checked = source.checked) : (field.value = source.value);
  }
  detailsOf(to).parentElement.hidden = detailsOf(from).parentElement.hidden;
}

function duplicateLine(line) {
  const values = { reference: referenceOf(line).value, count: countOf(line).value, details: detailsOf(line).value };
  const copy = addLine(line, values);
  copyAttributes(line, copy);
  focus(countOf(copy));
  say(tr("Line duplicated."));
}

// Labels count from one and follow the order on the screen; the fields' names never change. The
// number of the line is the only one in its labels, in whatever language.
function renumber() {
  [...lines().children].forEach((line, at) => {
    const number = String(at + 1);
    line.querySelector(".number").textContent = number;
    for (const named of line.querySelectorAll("[aria-label]")) {
      named.setAttribute("aria-label", named.getAttribute("aria-label").replace(/\d+/, number));
    }
  });
  total();
  changed();
}

function isBlank(line) {
  return !referenceOf(line).value.trim() && !detailsOf(line).value.trim() && ["", "1"].includes(countOf(line).value.trim());
}

// Only the first blank row says what can be typed into it; small screens have less room for it.
const isSmall = matchMedia("(max-width: 640px)");
function moveHint(blank = [...lines().children].find(isBlank)) {
  const { hint, shortHint } = lines().dataset;
  const had = lines().querySelector(".reference[placeholder]");
  if (had !== referenceOf(blank ?? lines())) had?.removeAttribute("placeholder");
  if (blank) referenceOf(blank).placeholder = isSmall.matches ? shortHint : hint;
}

function total() {
  const rows = [...lines().children], filled = rows.filter((line) => !isBlank(line));
  moveHint(filled.length < rows.length ? rows.find(isBlank) : null);
  const counts = filled.map((line) => countOf(line).value.trim()).filter((count) => /^\d+$/.test(count));
  const pieces = counts.reduce((sum, count) => sum + Number(count), 0);
  const language = document.documentElement.lang.replaceAll("_", "-");
  const bold = (value) => ({ count: `<b>${value.toLocaleString(language)}</b>` });
  const told = [
    trn("%(count)s line", "%(count)s lines", filled.length, bold(filled.length)),
    trn("%(count)s item", "%(count)s items", pieces, bold(pieces)),
  ];
  const text = told.join(", ");
  const shown = document.getElementById("totals");
  if (shown.innerHTML !== text) shown.innerHTML = text;
}

function focus(field) {
  field.focus();
  field.select?.();
}

// Buttons ------------------------------------------------------------------------------------

const BUTTONS = {
  add: () => focus(referenceOf(addLine())),
  up: (line) => moveLine(line, true),
  down: (line) => moveLine(line, false),
  duplicate: duplicateLine,
  remove: removeLine,
  details: openDetails,
  join: mergeLine,
  paste: () => pasteLines(document.getElementById("paste").value),
};

document.addEventListener("click", (event) => {
  const link = event.target.closest("#summary a");
  if (link) {
    event.preventDefault();
    return reveal(document.getElementById(link.hash.slice(1)))?.focus();
  }
  const button = event.target.closest('#order-form button[name="do"]');
  if (button?.value === "undo" && undo()) return event.preventDefault();
  const act = button && BUTTONS[button.value.split(":")[0]];
  if (!act) return;
  if (act(button.closest(".line")) !== false) event.preventDefault();
});

// Answers of the server ----------------------------------------------------------------------

// A check draws only the error; whether the field is marked follows from it.
function markErrors(root) {
  for (const slot of root.querySelectorAll("[data-error-of]")) {
    const isBad = slot.matches(".error") ? Boolean(slot.querySelector(":scope > :not(.warning)")) : Boolean(slot.querySelector(".error"));
    const field = document.getElementById(slot.dataset.errorOf);
    isBad ? field?.setAttribute("aria-invalid", "true") : field?.removeAttribute("aria-invalid");
  }
  hideSummary();
}

// Once everything in the list above the form is fixed, the list is gone.
function hideSummary() {
  const summary = document.getElementById("summary");
  const isFixed = (link) => {
    const slot = document.querySelector(`[data-error-of="${CSS.escape(link.hash.slice(1))}"]`);
    return slot && !slot.querySelector(".error") && !slot.matches(".error:has(> :not(.warning))");
  };
  if (summary) summary.hidden = [...summary.querySelectorAll("li")].every((one) => one.querySelector("a") && isFixed(one.querySelector("a")));
}

function trouble(text) {
  const box = document.getElementById("trouble");
  box.innerHTML = `<p>${text}</p>`;
  box.hidden = !text;
  if (text) box.scrollIntoView({ block: "nearest" });
}

document.addEventListener("htmx:before:request", (event) => {
  if (event.detail.ctx?.sourceElement === form()) trouble("");
});

document.addEventListener("htmx:after:swap", (event) => {
  if (!form()) return;
  nameKeys();
  markErrors(form());
  total();
  document.title = form().dataset.title;
  if (event.detail.ctx?.target?.id === "order-form") showAnswer();
});

// An answer that asks for something must be seen, however long the cart is.
function showAnswer() {
  const field = form().querySelector("[autofocus]");
  const notice = form().querySelector(".notice:not([hidden])");
  (reveal(field) ?? notice)?.focus();
  if (!field) notice?.scrollIntoView({ block: "center" });
}

document.addEventListener("htmx:response:error", (event) => {
  const status = event.detail.ctx.response.status;
  if (status === 422 || status === 409) return;
  const isSubmit = event.detail.ctx.sourceElement === form();
  if (status === 401) {
    const way = tr("Sign in in a new tab");
    const link = `<a href="${document.documentElement.dataset.root ?? ""}/sign-in" target="_blank">${way}</a>`;
    trouble(tr("You've been signed out. Your work is safe. %(link)s, then try again.", { link }));
  } else if (isSubmit) {
    trouble(tr("Nothing was saved. The server answered with %(status)s. Your input is still here. Please try again in a moment.", { status: Number(status) }));
  }
});

document.addEventListener("htmx:error", (event) => {
  if (event.detail.ctx?.sourceElement === form() && !event.detail.ctx.response) {
    trouble(tr("The server cannot be reached, so the order may or may not have been placed. Place it again: it will not be placed twice."));
  }
});

// Counting -----------------------------------------------------------------------------------

document.addEventListener("input", (event) => {
  if (!event.target.closest("#order-form")) return;
  if (event.target.closest("#lines")) total();
  const counter = document.querySelector(`[data-counts="${event.target.id}"]`);
  if (!counter) return;
  // The limit counts characters as people see codes: an emoji is one, not two.
  const length = [...event.target.value].length;
  counter.textContent = `${length}/${counter.dataset.limit}`;
  counter.classList.toggle("over", length > Number(counter.dataset.limit));
});
