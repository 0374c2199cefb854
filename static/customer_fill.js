// Once a customer is chosen, the server shows what it knows of them, and fills in what is usual. If someone types on meanwhile,
// nothing is lost: the answer is not shown then, and the server is asked again at the next pause.
"use strict";

(() => {
  let asked = null; // the form that the server was asked about
  let chosen = document.getElementById("customerId")?.value.trim() ?? "";
  let focused = "";
  let caret = []; // where the selection in that field begins and ends
  const PAUSE = 500; // milliseconds after the last key, if an answer was not shown
  let again = 0; // the timer for that

  // The server is asked without it; it is only for an answer that was not shown.
  const offer = (isOffered) => {
    const button = document.getElementById("fill");
    if (button) button.hidden = !isOffered;
  };
  offer(false);

  async function fill(form) {
    asked = form;
    await htmx.ajax("POST", form.getAttribute("action"), {
      source: "#fill", target: "#order-form", swap: "outerHTML", values: { do: "fill", auto: "1" },
    });
    if (asked === form) { // there was nothing to fill in
      clearTimeout(again);
      again = 0;
      offer(false);
    }
    // A form that was rendered again has the panel in it.
    if (document.getElementById("order-form") === form) showPanel(form);
  }

  // An answer replaces the form. It must not while a list of options or an input method is open, a text is typed that
  // suggestions may be on their way for, or a pasted text is read: they would go into a form that is gone. Nor while the
  // order is sent: what is wrong with it would have no form to be shown in.
  let isComposing = false;
  document.addEventListener("compositionstart", () => { isComposing = true; });
  document.addEventListener("compositionend", () => { isComposing = false; });
  let looking = null; // the field in which a text is typed that nothing was picked for yet
  document.addEventListener("input", ({ target, isTrusted }) => {
    if (isTrusted) looking = target.matches?.("[data-suggests]") && target.value ? target : null;
  });
  document.addEventListener("change", ({ target }) => { if (target === looking) looking = null; });
  function isBusy() {
    const field = document.activeElement;
    const isSent = document.getElementById("order-form").classList.contains("htmx-request");
    return isSent || isComposing || (looking && looking === field) || field?.matches("select") || document.getElementById("suggestions") || document.getElementById("paste").value;
  }

  function fillLater() {
    clearTimeout(again);
    again = setTimeout(() => {
      const form = document.getElementById("order-form");
      if (!form || document.getElementById("fill")?.hidden !== false) return;
      isBusy() ? fillLater() : fill(form);
    }, PAUSE);
  }

  // What the form has in it stays; only the panel is rendered again, for the customer of the last choice.
  let last = 0;
  async function showPanel(form) {
    const number = (last += 1);
    const panel = () => document.getElementById("customer-panel");
    try {
      const answer = await fetch(panel().dataset.address, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { "HX-Request": "true" }, redirect: "error" });
      const text = await answer.text();
      if (!answer.ok || number !== last || !panel() || panel().contains(document.activeElement)) return;
      panel().outerHTML = text;
      nameKeys();
    } catch {
      // The next choice, or the next answer with the form, shows it.
    }
  }

  // Usual products: by click, by Alt with a digit from anywhere in the form, by the digit alone in the list.
  const IS_MAC = /^(Mac|iP)/.test(navigator.platform);

  function addUsual(button) {
    const { reference, count } = button.dataset;
    document.dispatchEvent(new CustomEvent("order:add-line", { detail: { reference, count } }));
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("#customer-panel button[data-reference]");
    if (!button) return;
    event.preventDefault();
    addUsual(button);
  });

  document.addEventListener("keydown", (event) => {
    const digit = /^(?:Digit|Numpad)([1-6])$/.exec(event.code)?.[1];
    if (!digit || event.metaKey || event.shiftKey || event.isComposing) return;
    // AltGr with a digit types a character on many keyboards.
    const isChord = event.altKey && event.ctrlKey === IS_MAC && !event.getModifierState("AltGraph") && event.target.closest?.("#order-form");
    const isInList = !event.altKey && !event.ctrlKey && event.target.closest?.("#customer-panel .usual-lines");
    const button = isChord || isInList ? document.querySelectorAll("#customer-panel button[data-reference]")[digit - 1] : null;
    if (!button) return;
    event.preventDefault();
    addUsual(button);
  });

  document.addEventListener("change", (event) => {
    const field = event.target;
    const form = field.closest?.("#order-form");
    if (field.id !== "customerId" || !form?.querySelector("#fill")) return;
    if (field.value.trim() === chosen) return;
    chosen = field.value.trim();
    if (!chosen) return void showPanel(form);
    fill(form);
  });

  function typed() {
    asked = null;
    if (again) fillLater();
  }
  document.addEventListener("input", (event) => {
    if (event.target.closest?.("#order-form")) typed();
  }, true);
  document.addEventListener("order:changed", typed);
  document.addEventListener("htmx:before:request", (event) => {
    if (event.detail.ctx?.sourceElement?.id !== "order-form") return;
    asked = null; // it is placed
    clearTimeout(again);
    again = 0;
  });

  document.addEventListener("htmx:before:swap", (event) => {
    if (event.detail.ctx?.sourceElement?.id !== "fill" || !event.detail.ctx?.target?.matches?.("#order-form")) return;
    if (!asked) {
      offer(true);
      fillLater();
      return event.preventDefault();
    }
    asked = null;
    again = 0;
    focused = document.activeElement?.id ?? "";
    const { selectionStart, selectionEnd } = document.activeElement ?? {};
    caret = [selectionStart, selectionEnd];
  });

  document.addEventListener("htmx:after:swap", (event) => {
    if (event.detail.ctx?.target?.matches?.("#order-form")) offer(false);
    if (!focused) return;
    const field = document.getElementById(focused);
    field?.focus();
    if (typeof caret[0] === "number") field?.setSelectionRange?.(...caret);
    focused = "";
  });
})();
