// Keeps what is typed into the order form on the server, a moment after the typing stops, and warns
// before the page is left while something of it is not kept.
"use strict";

(() => {
  const PAUSE = 1200; // milliseconds after the last key
  const LONGEST = 10000; // while somebody types without a pause
  const AGAIN = 5000; // after a save that failed
  const KEEPALIVE = 60000; // bytes that a browser still sends when its page is gone

  let isTouched = false; // since the last save, or since the page was opened
  let isSaving = false;
  let isStopped = false; // another window has the draft now
  let isFailing = false; // the last save did not arrive
  let timer = 0;
  let since = 0;

  const form = () => document.getElementById("order-form");
  const address = () => form()?.dataset.draft;

  function show(text, isBad = false) {
    const state = document.getElementById("draft-state");
    if (!state) return;
    state.classList.toggle("not-kept", isBad);
    state.hidden = false;
    state.textContent = text;
  }

  function body() {
    const sent = new FormData(form());
    for (const name of ["paste", "do"]) sent.delete(name);
    return new URLSearchParams(sent);
  }

  function touch() {
    isTouched = true;
    if (!address() || isStopped) return;
    since ||= Date.now();
    clearTimeout(timer);
    timer = setTimeout(save, Math.max(0, Math.min(PAUSE, since + LONGEST - Date.now())));
  }

  async function save() {
    clearTimeout(timer);
    if (!address() || isStopped || !isTouched) return;
    if (isSaving) return void (timer = setTimeout(save, 100));
    isSaving = true;
    isTouched = false;
    since = 0;
    const sent = body();
    try {
      // Who is signed out is led to the sign-in page: that is no answer to a save.
      const answer = await fetch(address(), { method: "POST", body: sent, redirect: "manual", keepalive: sent.toString().length < KEEPALIVE });
      if (answer.ok) {
        isFailing = false;
        const version = await answer.text();
        const field = form()?.elements.draft_version;
        if (field) field.value = version;
        if (version !== "0") show(tr("Draft saved %(time)s", { time: answer.headers.get("X-Saved-At") }));
      } else if (answer.status === 409) {
        isStopped = true;
        show(await answer.text(), true);
      } else {
        failed();
      }
    } catch {
      failed();
    } finally {
      isSaving = false;
    }
  }

  function failed() {
    isTouched = true;
    isFailing = true;
    show(tr("Draft not saved yet. Trying again…"), true);
    timer = setTimeout(save, AGAIN);
  }

  document.addEventListener("input", (event) => {
    if (event.target.closest?.("#order-form") && event.target.id !== "paste") touch();
  });
  document.addEventListener("order:changed", touch);
  // A link that fills in another form: what is typed into this one is saved first, and named there.
  document.addEventListener("click", async (event) => {
    const link = event.target.closest?.("#order-form a[data-leaves]");
    if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const target = new URL(link.href), own = new URL(address(), location.href);
    target.searchParams.set("left", own.searchParams.get("form"));
    while (isSaving) await new Promise((go) => { setTimeout(go, 20); });
    await save();
    location.assign(target);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") save();
  });
  addEventListener("beforeunload", (event) => {
    if (!isTouched || !form()) return;
    // A draft that can still be sent needs no question.
    if (address() && !isStopped && !isFailing && body().toString().length < KEEPALIVE) return void save();
    event.preventDefault();
  });
  document.addEventListener("submit", () => {
    clearTimeout(timer);
    isTouched = false;
  });
  document.addEventListener("htmx:after:request", (event) => {
    const { sourceElement, response } = event.detail.ctx ?? {};
    if (sourceElement !== form() || response?.headers?.get("HX-Redirect")) return;
    isTouched = !(address() && response?.ok) ;
  });
})();
