// The keys of the order form. The cart is used like a sheet: arrows move between cells, typing replaces,
// Enter goes on. What a key does to rows is in order_form.js.
"use strict";

const CELL = ".reference, .count input";
const FIELD = 'input:not([type="hidden"]), select, textarea';
const isCell = (field) => field.matches(CELL) && Boolean(field.closest("#lines"));
const isSelected = (field) => field.selectionStart === 0 && field.selectionEnd === field.value.length;

// The first attribute beside the cart that has no value yet.
function emptyDetail() {
  const fields = [...form().querySelectorAll("#order-details .fields:not(.own) :is(input, select, textarea)")];
  return fields.find((one) => !one.value && one.type !== "hidden" && one.getClientRects().length);
}

function enterInLine(field, line) {
  if (field.matches(".reference")) {
    // Below the last line there is nothing to count: the cart is done.
    const isDone = isBlank(line) && line.previousElementSibling && !line.nextElementSibling;
    return focus((isDone && emptyDetail()) || countOf(line));
  }
  focus(referenceOf(line.nextElementSibling ?? addLine(line)));
}

// Fields in folded parts are passed over.
function enterNext(field) {
  const fields = [...form().querySelectorAll(FIELD)].filter((one) => one.getClientRects().length);
  fields[fields.indexOf(field) + 1]?.focus();
}

// The cell to which an arrow leads, if the caret is where it would leave the text.
function cellBeside(field, line, key) {
  const own = field.matches(".reference") ? referenceOf : countOf;
  const other = key === "ArrowUp" ? line.previousElementSibling : key === "ArrowDown" ? line.nextElementSibling : null;
  if (other) return own(other);
  const leaves = isSelected(field) || field.selectionStart === field.selectionEnd;
  if (key === "ArrowLeft" && own === countOf && leaves && field.selectionStart === 0) return referenceOf(line);
  if (key === "ArrowRight" && own === referenceOf && leaves && field.selectionEnd === field.value.length) return countOf(line);
  return null;
}

// Copies the value of the same field of the line above, details and attributes included.
function copyDown(field, line) {
  const above = line.previousElementSibling;
  const end = (one) => one.name.replace(/^cart\.\d+/, "");
  const source = above && [...above.querySelectorAll("[name]")].find((one) => end(one) === end(field) && (one.type !== "checkbox" || one.value === field.value));
  if (!source) return;
  if (field.type === "checkbox") field.checked = source.checked;
  else setValue(field, source.value);
  field.select?.();
  total();
  changed();
}

// A mark is at a field, around one, or in the text below one.
const fieldOf = (mark) => (mark.matches(FIELD) ? mark
  : mark.querySelector(FIELD) ?? document.getElementById(mark.closest("[data-error-of]")?.dataset.errorOf));

// Goes to the next field that is wrong or doubtful, or to the one before, and round the end.
function goToProblem(step) {
  const marked = [...form().querySelectorAll('[aria-invalid="true"], [data-doubtful]')].map(fieldOf);
  const found = [...new Set(marked)].filter((one) => one && !one.closest("[hidden]"));
  if (!found.length) return say(tr("No problems."));
  const here = document.activeElement;
  const isAfter = (one) => here.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING;
  const at = found.includes(here) ? found.indexOf(here) + step
    : step > 0 ? found.findIndex(isAfter) : found.filter((one) => !isAfter(one)).length - 1;
  const next = at < 0 ? (step > 0 ? 0 : found.length - 1) : at % found.length;
  focus(reveal(found[next]));
  say(tr("Problem %(number)s of %(count)s.", { number: next + 1, count: found.length }));
}

const ROW_KEYS = {
  ArrowUp: (line) => moveLine(line, true),
  ArrowDown: (line) => moveLine(line, false),
  KeyD: duplicateLine,
  KeyM: openDetails,
  Delete: removeLine,
};
const IS_MAC = /^(Mac|iP)/.test(navigator.platform);

// Whether Alt is held for a shortcut. With AltGr, and with Option on a Mac, people type letters such
// as ć, ż and ç, which stay theirs; on a Mac the shortcuts are Control with Option.
function isShortcut(event) {
  if (!event.altKey || event.metaKey) return false;
  if (event.ctrlKey) return IS_MAC;
  if (!event.code.startsWith("Key")) return true;
  if (event.getModifierState("AltGraph")) return false;
  const key = event.key.toLowerCase();
  // Letters of another script are typed without Alt; no Option makes one but Ω.
  return /^[a-z]$/.test(key) || (/^(?=\p{L})[^\p{Script=Latin}\p{Script=Common}]$/u.test(key) && event.key !== "Ω");
}

// By the letter on the key where it is one of ours, else by the place of the key.
function shortcutOf(event) {
  return /^[a-z]$/i.test(event.key) ? `Key${event.key.toUpperCase()}` : event.code;
}

// An input method sends Enter to confirm what it offers; Safari sends it after the composition.
const isComposing = (event) => event.isComposing || event.keyCode === 229;

// Picking a configuration is done with its line's first field.
document.addEventListener("suggestion:picked", (event) => {
  const line = event.target.closest("#lines > .line");
  line ? focus(countOf(line)) : enterNext(event.target);
});

document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (!field.closest("#order-form") || isComposing(event)) return;
  const line = field.closest("#lines > .line");
  const isPlain = !event.altKey && !event.ctrlKey && !event.metaKey;
  if (event.key === "F8" && isPlain) {
    event.preventDefault();
    goToProblem(event.shiftKey ? -1 : 1);
  } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    // Leaving the field first lets its own check see the last key.
    form().requestSubmit(form().querySelector('[value="place"], [value="save"]'));
  } else if (event.key === "Enter" && field.matches("input, select")) {
    event.preventDefault();
    line ? enterInLine(field, line) : enterNext(field);
  } else if (event.key === "Tab" && !event.shiftKey && field.matches(".count input") && !isCount(field)) {
    // A scanner that ends with Tab would go on typing at the next thing on the page.
    event.preventDefault();
    enterInLine(field, line);
  } else if (isShortcut(event) && shortcutOf(event) === "KeyC") {
    event.preventDefault();
    const blank = [...lines().children].find((one) => !referenceOf(one).value.trim());
    focus(referenceOf(blank ?? addLine()));
  } else if (isShortcut(event) && shortcutOf(event) === "KeyZ") {
    event.preventDefault();
    undo();
  } else if (isShortcut(event) && ["KeyR", "KeyU", "KeyJ"].includes(shortcutOf(event))) {
    const named = `[aria-keyshortcuts="Alt+${shortcutOf(event).at(-1)}"]`;
    const button = (line ?? form()).querySelector(named) ?? form().querySelector(named);
    if (!button) return;
    event.preventDefault();
    button.click();
  } else if (isShortcut(event) && line && ROW_KEYS[shortcutOf(event)]) {
    event.preventDefault();
    ROW_KEYS[shortcutOf(event)](line);
  } else if (line && !event.defaultPrevented) {
    pressInLine(event, field, line, isPlain && !event.shiftKey);
  }
});

// The keys of a sheet. `isPlain`: no other key is held.
function pressInLine(event, field, line, isPlain) {
  const isCopy = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && shortcutOf(event) === "KeyD";
  if (isCopy && field.matches(FIELD)) {
    event.preventDefault();
    copyDown(field, line);
  }
  if (!isPlain || !isCell(field)) return;
  if (event.key === "F2") {
    event.preventDefault();
    field.setSelectionRange(field.value.length, field.value.length);
  } else if (event.key === "Delete" && isSelected(field)) {
    event.preventDefault();
    clearCell(field, line);
  } else if (event.key.startsWith("Arrow")) {
    const beside = cellBeside(field, line, event.key);
    if (!beside) return;
    event.preventDefault();
    focus(beside);
  }
}

// On a Mac the keys have other names.
function nameKeys() {
  for (const key of IS_MAC ? document.querySelectorAll("kbd") : []) key.textContent = key.textContent.replace(/^Alt\b/, "⌃⌥");
}
nameKeys();
