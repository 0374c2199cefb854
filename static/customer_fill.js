// Once a customer is chosen, the server fills in what is usual for them. If someone types on meanwhile,
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

  document.addEventListener("change", (event) => {
    const field = event.target;
    const form = field.closest?.("#order-form");
    if (field.id !== "customerId" || !form?.querySelector("#fill")) return;
    if (field.value.trim() === chosen) return;
    chosen = field.value.trim();
    if (!chosen) return;
    asked = form;
    htmx.ajax("POST", form.getAttribute("action"), {
      source: "#fill", target: "#order-form", swap: "outerHTML", values: { do: "fill", auto: "1" },
    });
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
