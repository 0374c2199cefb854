// The sentence that is read aloud, built by the server a moment after each change, with what is unusual
// for the customer. One request at a time: what changes meanwhile is asked about afterwards.
"use strict";

(() => {
  const PAUSE = 400; // milliseconds after the last change
  let timer = 0;
  let isAsking = false;
  let isStale = false;

  const form = () => document.getElementById("order-form");
  const box = () => document.getElementById("read-back");

  function later() {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  }

  async function ask() {
    if (isAsking) return void (isStale = true);
    const sentence = box()?.querySelector(".read-back"), asked = form();
    if (!sentence || !asked) return;
    isAsking = true;
    isStale = false;
    try {
      const sent = new FormData(asked);
      for (const name of ["paste", "do"]) sent.delete(name);
      // Someone who is signed out is told by the next check of a field.
      const answer = await fetch(sentence.dataset.address, { method: "POST", body: new URLSearchParams(sent), headers: { "HX-Request": "true" }, redirect: "error" });
      // A form that was rendered meanwhile has its own sentence.
      if (answer.ok && form() === asked) show(await answer.text());
    } catch {
      // The sentence stays as it is until the next change.
    } finally {
      isAsking = false;
      if (isStale) later();
    }
  }

  function show(html) {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    for (const part of [".read-back", ".read-back-warnings"]) {
      const shown = box()?.querySelector(part), now = holder.content.querySelector(part);
      // A screen reader announces the warnings only if they are others.
      if (shown && now && shown.innerHTML !== now.innerHTML) shown.innerHTML = now.innerHTML;
    }
    flagFields();
  }

  // Each field of an attribute that differs says so itself; the server renders the same notes.
  function flagFields() {
    const notes = new Map([...box().querySelectorAll("[data-field]")].map((one) => [one.dataset.field, one.dataset.note]));
    for (const old of form().querySelectorAll(".differs[id$='-differs']")) {
      const field = old.id.slice(0, -"-differs".length);
      if (notes.has(field)) continue;
      const hint = old.closest(".hint");
      old.remove();
      if (hint && !hint.textContent.trim()) hint.id ? (hint.hidden = true) : hint.remove();
    }
    for (const [id, note] of notes) flag(document.getElementById(id), note);
    for (const one of document.querySelectorAll("#customer-panel [data-of]")) {
      one.classList.toggle("differs", notes.has(one.dataset.of));
    }
  }

  function flag(field, note) {
    if (!field || field.closest("#lines")) return;
    let shown = document.getElementById(`${field.id}-differs`);
    if (!shown) {
      shown = document.createElement("span");
      shown.className = "differs";
      shown.id = `${field.id}-differs`;
      const hint = document.getElementById(`${field.id}-hint`);
      if (hint) {
        hint.hidden = false;
        hint.prepend(shown, " ");
      } else {
        const place = document.createElement("p");
        place.className = "hint";
        place.append(shown);
        document.getElementById(`${field.id}-error`)?.before(place);
        const described = (field.getAttribute("aria-describedby") ?? "").split(" ");
        if (!described.includes(shown.id)) field.setAttribute("aria-describedby", [shown.id, ...described].join(" ").trim());
      }
    }
    const mark = document.createElement("span");
    mark.ariaHidden = "true";
    mark.textContent = "▲";
    if (shown.textContent !== `▲ ${note}`) shown.replaceChildren(mark, ` ${note}`);
  }

  document.addEventListener("input", (event) => {
    if (!event.target.closest?.("#order-form") || event.target.id === "paste") return;
    // A value that someone has changed is not the one that was filled in.
    const source = document.querySelector(`#${CSS.escape(event.target.id)}-hint .source`);
    source?.remove();
    later();
  });
  document.addEventListener("change", (event) => {
    if (event.target.closest?.("#order-form") && event.target.id !== "paste") later();
  });
  document.addEventListener("order:changed", later);
  // A link in the sentence leads into its field.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("#read-back a[href^='#']");
    const field = link && document.getElementById(link.hash.slice(1));
    if (!field) return;
    event.preventDefault();
    field.focus();
    field.select?.();
  });
})();
