// Once a customer is chosen, the server shows what it knows of them, and fills in what is usual. If someone types on meanwhile,
// nothing is lost: the answer is not shown then, and the button fills in later.
"use strict";

(() => {
  let asked = null; // the form that the server was asked about
  let chosen = document.getElementById("customerId")?.value.trim() ?? "";
  let focused = "";

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
    // A form that was rendered again has the panel in it.
    if (document.getElementById("order-form") === form) showPanel(form);
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

  document.addEventListener("input", (event) => {
    if (event.target.closest?.("#order-form")) asked = null;
  }, true);

  document.addEventListener("order:changed", () => { asked = null; });
  document.addEventListener("htmx:before:request", (event) => {
    if (event.detail.ctx?.sourceElement?.id === "order-form") asked = null; // it is placed
  });

  document.addEventListener("htmx:before:swap", (event) => {
    if (event.detail.ctx?.sourceElement?.id !== "fill" || !event.detail.ctx?.target?.matches?.("#order-form")) return;
    if (!asked) {
      offer(true);
      return event.preventDefault();
    }
    asked = null;
    focused = document.activeElement?.id ?? "";
  });

  document.addEventListener("htmx:after:swap", (event) => {
    if (event.detail.ctx?.target?.matches?.("#order-form")) offer(false);
    if (!focused) return;
    document.getElementById(focused)?.focus();
    focused = "";
  });
})();
