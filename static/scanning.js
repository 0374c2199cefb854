// Barcode scanners in the order form's cart. They type one code after the other, each with Enter or
// Tab: every second one into a count.
"use strict";

const MAX_COUNT = 1000000;
const SCANNED = 30; // milliseconds from key to key; nobody types a number of four digits as fast
const typing = new WeakMap(); // count fields: their text before anything was typed, and the keys

function beginTyping(field) {
  typing.set(field, { before: field.value, first: 0, last: 0, keys: 0 });
}

document.addEventListener("focusin", ({ target }) => {
  if (target.matches?.(".count input")) beginTyping(target);
});

document.addEventListener("beforeinput", ({ target }) => {
  if (!typing.has(target)) return;
  const isReplaced = target.value && target.selectionEnd - target.selectionStart === target.value.length;
  if (isReplaced) beginTyping(target);
});

document.addEventListener("input", ({ target }) => {
  const typed = typing.get(target);
  if (!typed) return;
  typed.last = performance.now();
  typed.first ||= typed.last;
  typed.keys += 1;
});

function isCount(field) {
  const text = field.value.trim(), typed = typing.get(field);
  const isScanned = typed?.keys > 3 && (typed.last - typed.first) / (typed.keys - 1) < SCANNED;
  return !text || (/^\d{1,7}$/.test(text) && Number(text) <= MAX_COUNT && !isScanned);
}

document.addEventListener("change", ({ target }) => {
  const line = target.closest?.("#lines > .line");
  if (line && target === countOf(line) && !isCount(target)) moveReference(line, target.value.trim());
});

// A known SKU in a count is the next line; any other text stays, and the server says what is wrong.
async function moveReference(line, text) {
  const count = countOf(line), { before } = typing.get(count) ?? { before: "1" };
  const known = await references(line, text);
  if (!known.includes(text.toLowerCase()) || count.value.trim() !== text || !line.isConnected) return;
  count.value = before;
  typing.delete(count);
  count.dispatchEvent(new Event("change", { bubbles: true }));
  const next = line.nextElementSibling;
  if (!next || !isBlank(next)) {
    addLine(line, { reference: text });
  } else {
    referenceOf(next).value = text;
    referenceOf(next).dispatchEvent(new Event("change", { bubbles: true }));
    // A person who is in this line already goes on to its count.
    if (document.activeElement === referenceOf(next)) focus(countOf(next));
    total();
    changed();
  }
  say(trn("One line added.", "%(num)s lines added.", 1));
}

async function references(line, text) {
  try {
    const answer = await fetch(`${referenceOf(line).dataset.suggests}?q=${encodeURIComponent(text)}`, { headers: { "HX-Request": "true" } });
    if (!answer.ok) return [];
    const drawn = document.createElement("template");
    drawn.innerHTML = await answer.text();
    return [...drawn.content.querySelectorAll("[role=option]")].map((one) => one.dataset.value.toLowerCase());
  } catch {
    return [];
  }
}
