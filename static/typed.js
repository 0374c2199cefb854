// Back and Forward show what was typed into a form of the settings. No cache may store its page, so
// the browser does not keep the text: this tab's session storage does, which a sign-out clears.
"use strict";

const KEPT = `typed ${location.pathname}${location.search}`;
const NEVER = "button, [type=password], [type=file], [autocomplete=one-time-code], [name=csrf_token]";

function forms() {
  return [...document.querySelectorAll("main form[method=post]")];
}

function fieldsOf(form) {
  return [...form.elements].filter((field) => field.name && !field.matches(NEVER));
}

function isTick(field) {
  return field.type === "checkbox" || field.type === "radio";
}

function isTyped(field) {
  if (isTick(field)) return field.checked !== field.defaultChecked;
  if (field.options) return [...field.options].some((one) => one.selected !== one.defaultSelected);
  return field.value !== field.defaultValue;
}

function keep() {
  const kept = forms().map((form) => {
    const fields = fieldsOf(form);
    if (!fields.some(isTyped)) return [];
    // The hidden ones say which version was changed, and which form it was.
    return fields.filter((field) => field.type === "hidden" || isTyped(field)).map((field) => ({
      name: field.name, isHidden: field.type === "hidden",
      value: field.value, isChecked: isTick(field) ? field.checked : null,
    }));
  });
  if (kept.some((fields) => fields.length)) sessionStorage.setItem(KEPT, JSON.stringify(kept));
  else sessionStorage.removeItem(KEPT);
}

function find(form, { name, value, isChecked }) {
  const has = () => fieldsOf(form).find((field) => field.name === name && (isChecked === null || field.value === value));
  // A row that had been added; rows have growing numbers.
  const more = document.getElementById(`add-${name.split(".")[0]}`);
  for (let tries = 0; more && !has() && tries < 200; tries += 1) more.click();
  return has();
}

function restore(form, kept) {
  let isChanged = false;
  for (const one of kept.filter(({ isHidden }) => !isHidden)) {
    const field = find(form, one);
    const part = one.isChecked === null ? "value" : "checked";
    const before = one.isChecked ?? one.value;
    if (!field || field[part] === before) continue; // it has been saved
    field[part] = before;
    isChanged = true;
    field.closest("details")?.setAttribute("open", "");
    for (const name of ["input", "change"]) field.dispatchEvent(new Event(name, { bubbles: true }));
  }
  for (const one of isChanged ? kept.filter(({ isHidden }) => isHidden) : []) {
    const field = find(form, one);
    if (field) field.value = one.value;
  }
}

try {
  const [visit] = performance.getEntriesByType("navigation");
  const kept = visit?.type === "back_forward" && JSON.parse(sessionStorage.getItem(KEPT) ?? "[]");
  for (const [at, form] of kept ? forms().entries() : []) restore(form, kept[at] ?? []);
  addEventListener("pagehide", keep);
  // The page is left after the answer to a sign-out has cleared the storage.
  document.addEventListener("submit", ({ target }) => {
    if (target.action.endsWith("/sign-out")) removeEventListener("pagehide", keep);
  });
} catch { /* without storage it is as without this script */ }
