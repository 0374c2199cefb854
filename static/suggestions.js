// Suggestions while typing, for every field with `data-suggests`: a combo box after the ARIA pattern.
// The server knows what may be meant; this script shows its list, moves through it and picks.
"use strict";

(() => {
  const PAUSE = 90; // milliseconds after a key; a barcode scanner types on faster than that
  let box = null; // the list on the page, while it is open
  let field = null; // the field that it belongs to
  let meant = ""; // the text that the list answers
  let timer = 0;
  let asked = null; // aborts the request that is on its way

  const options = () => (box ? [...box.querySelectorAll("[role=option]:not([aria-disabled])")] : []);
  const active = () => options().find((one) => one.getAttribute("aria-selected") === "true");

  function prepare(input) {
    if (input.getAttribute("role") === "combobox") return;
    input.removeAttribute("list");
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"]]) {
      input.setAttribute(name, value);
    }
  }

  function close() {
    clearTimeout(timer);
    asked?.abort();
    asked = null;
    hide();
  }

  function hide() {
    box?.remove();
    field?.setAttribute("aria-expanded", "false");
    for (const name of ["aria-activedescendant", "aria-controls"]) field?.removeAttribute(name);
    box = field = null;
  }

  function mark(option) {
    for (const one of options()) one.setAttribute("aria-selected", String(one === option));
    if (!option) return;
    field.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  async function ask(input) {
    const text = input.value.trim();
    asked?.abort();
    asked = new AbortController();
    const signal = asked.signal;
    let drawn;
    try {
      const answer = await fetch(`${input.dataset.suggests}?q=${encodeURIComponent(text)}`, { headers: { "HX-Request": "true" }, signal });
      if (!answer.ok) return;
      drawn = await answer.text(); // given up half-way, it throws as the request does
    } catch {
      return;
    }
    if (signal.aborted || input.value.trim() !== text) return;
    if (document.activeElement !== input) return pickOnlyOne(input, drawn);
    show(input, drawn, text);
  }

  function show(input, drawn, text) {
    if (field !== input) close();
    if (!drawn.trim()) return close();
    if (!box) {
      box = document.createElement("div");
      box.id = "suggestions";
      box.className = "suggestions";
      box.setAttribute("role", "listbox");
      box.setAttribute("aria-label", tr("Suggestions"));
      input.after(box);
      field = input;
    }
    box.innerHTML = drawn;
    meant = text;
    field.setAttribute("aria-expanded", "true");
    field.setAttribute("aria-controls", box.id);
    mark(text ? options()[0] : null); // none of them, if nothing was found
    // Most of it would lie below a small screen, where nobody sees what the keys pick.
    box.scrollIntoView({ block: "nearest" });
  }

  // Somebody has typed a part and moved on before the answer came: what can only mean one is that.
  function pickOnlyOne(input, drawn) {
    if (!input.matches(".reference") || !input.value.trim()) return;
    const holder = document.createElement("template");
    holder.innerHTML = drawn;
    const found = holder.content.querySelectorAll("[role=option]:not([aria-disabled])");
    if (found.length === 1) put(input, found[0].dataset.value);
  }

  function put(input, value) {
    input.value = value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    clearTimeout(timer);
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function pick(option) {
    const input = field;
    put(input, option.dataset.value);
    close();
    input.dispatchEvent(new CustomEvent("suggestion:picked", { bubbles: true }));
  }

  document.addEventListener("input", (event) => {
    if (!event.isTrusted || !event.target.matches?.("[data-suggests]")) return;
    const input = event.target;
    prepare(input);
    clearTimeout(timer);
    if (!input.value.trim()) return close();
    timer = setTimeout(() => ask(input), PAUSE);
  });

  document.addEventListener("keydown", (event) => {
    const input = event.target;
    if (!input.matches?.("[data-suggests]") || event.altKey || event.ctrlKey || event.metaKey || event.isComposing || event.keyCode === 229) return;
    const isOpen = box && field === input;
    if (event.key === "F4") {
      event.preventDefault();
      if (isOpen) return close();
      prepare(input);
      ask(input);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      // In the cart, arrows move between lines; only below the last one there is nothing else.
      const line = input.matches(".reference") && input.closest(".line");
      if (!isOpen && line && (event.key === "ArrowUp" || line.nextElementSibling)) return;
      event.preventDefault();
      if (!isOpen) {
        prepare(input);
        return void ask(input);
      }
      const all = options();
      const step = event.key === "ArrowDown" ? 1 : -1;
      const at = all.indexOf(active());
      mark(all[(at + step + all.length + (at < 0 && step < 0 ? 1 : 0)) % all.length]);
    } else if (event.key === "Escape" && isOpen) {
      event.preventDefault();
      close();
    } else if (event.key === "Enter" && isOpen && active() && meant === input.value.trim()) {
      event.preventDefault();
      event.stopImmediatePropagation();
      pick(active());
    } else if (event.key === "Tab" && isOpen && active() && meant && meant === input.value.trim() && input.matches(".reference")) {
      put(input, active().dataset.value); // and the browser moves on
      close();
    }
  }, true);

  document.addEventListener("focusout", (event) => {
    if (!box || event.target !== field) return;
    // An answer to what was typed last is still to come, and may mean only one.
    if (meant === field.value.trim()) close();
    else hide();
  });
  document.addEventListener("focusin", (event) => {
    if (event.target.matches?.("[data-suggests]")) prepare(event.target);
  });
  if (document.activeElement?.matches("[data-suggests]")) prepare(document.activeElement);
  // The focus stays in the field while somebody presses the mouse on an option.
  document.addEventListener("mousedown", (event) => {
    if (event.target.closest?.("#suggestions")) event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const option = event.target.closest?.("#suggestions [role=option]:not([aria-disabled])");
    if (option) pick(option);
  });
  // The whole form is drawn anew; the answer of a check elsewhere must not disturb who types.
  document.addEventListener("htmx:before:swap", (event) => {
    if (field && event.detail.ctx?.target?.contains?.(field)) close();
  });
})();
