// The field "Go to or do…" in the navigation: a list of pages, actions, orders, customers, and products below
// it while someone types. Ctrl+K (⌘K on a Mac) leads to it from anywhere, and Esc back to where one was.
"use strict";

(() => {
  const field = document.getElementById("palette");
  const form = field.form;
  const PAUSE = 60; // milliseconds after the last key
  const IS_MAC = /^(Mac|iP)/.test(navigator.platform);
  const list = document.createElement("div");
  let meant = null; // the text that the list answers
  let isEntered = false; // Enter was pressed before the answer was there
  let before = null; // what had the focus
  let timer = 0;
  let asked = null; // aborts the request that is on its way

  Object.assign(list, { id: "palette-list", className: "targets-list", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", field.placeholder);
  form.append(list);
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id,
    "aria-keyshortcuts": IS_MAC ? "Meta+K" : "Control+K",
  })) field.setAttribute(name, value);
  const hint = form.querySelector("kbd");
  hint.hidden = false;
  if (IS_MAC) hint.textContent = "⌘K";

  const options = () => [...list.querySelectorAll("[role=option]")];
  const active = () => options().find((one) => one.getAttribute("aria-selected") === "true");

  function mark(option) {
    for (const one of options()) one.setAttribute("aria-selected", String(one === option));
    if (option) field.setAttribute("aria-activedescendant", option.id);
    else field.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }

  function close() {
    clearTimeout(timer);
    asked?.abort();
    meant = null;
    isEntered = false;
    list.hidden = true;
    list.replaceChildren();
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  }

  async function ask() {
    clearTimeout(timer);
    asked?.abort();
    asked = new AbortController();
    const { signal } = asked;
    const text = field.value.trim();
    try {
      const answer = await fetch(`${form.action}?q=${encodeURIComponent(text)}`, { headers: { "HX-Request": "true" }, signal });
      if (!answer.ok) throw new Error(answer.statusText);
      const found = await answer.text();
      if (!signal.aborted) show(found, text);
    } catch {
      // The page has the same answer, and leads to the sign-in if that is what is missing.
      if (!signal.aborted && isEntered) form.submit();
    }
  }

  function show(found, text) {
    list.innerHTML = found;
    list.hidden = false;
    list.scrollTop = 0;
    meant = text;
    field.setAttribute("aria-expanded", "true");
    mark(options()[0]);
    if (isEntered) active()?.click();
  }

  function go() {
    document.querySelector(":popover-open")?.hidePopover();
    if (document.activeElement !== field) before = document.activeElement;
    field.focus();
    field.select();
  }

  function leave() {
    close();
    field.value = "";
    if (before?.isConnected && before !== document.body) before.focus();
    else field.blur();
  }

  const KEYS = {
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    Escape: leave,
    Enter() {
      if (meant === field.value.trim() && active()) return active().click();
      isEntered = true;
      ask();
    },
  };

  function step(by) {
    const all = options();
    const at = all.indexOf(active()) + by;
    if (all.length) mark(all[(at + all.length) % all.length]);
  }

  // Before all other keys of the page. A letter of another script is told by its place.
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229) return;
    const letter = /^[a-z]$/i.test(event.key) ? event.key.toLowerCase() === "k" : event.code === "KeyK";
    const isChord = IS_MAC ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
    if (letter && isChord && !event.altKey && !event.shiftKey && !document.querySelector("dialog:modal")) {
      event.preventDefault();
      event.stopImmediatePropagation();
      go();
    } else if (event.target === field && KEYS[event.key] && !event.altKey && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      event.stopImmediatePropagation();
      KEYS[event.key]();
    }
  }, true);

  field.addEventListener("focus", (event) => {
    if (event.relatedTarget) before = event.relatedTarget;
    ask();
  });
  field.addEventListener("input", () => {
    isEntered = false;
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  });
  field.addEventListener("blur", () => {
    if (document.activeElement !== field) close(); // not if the whole window loses the focus
  });
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the field keeps the focus
})();
