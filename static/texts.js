// Texts of the scripts in the language of the page: `tr("Undo")`, `trn("%(num)s line", "%(num)s lines", 3)`.
// Another language than English comes as `window.shortorderTexts`, by a script before this one.
"use strict";

window.tr = (text, values = {}) => fill(window.shortorderTexts?.messages[text]?.[0] ?? text, values);

window.trn = (one, many, number, values = {}) => {
  const texts = window.shortorderTexts;
  const form = texts?.forms[number < 200 ? number : 100 + (number % 100)];
  return fill(texts?.messages[one]?.[form] ?? (number === 1 ? one : many), { num: number, ...values });
};

function fill(text, values) {
  return text.replace(/%\((\w+)\)s/g, (place, name) => (name in values ? String(values[name]) : place));
}
