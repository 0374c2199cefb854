// "Try it": sends the request of a form to this service and shows what it answers. The token is kept
// in this tab's session storage and goes nowhere but into the header of the request.
"use strict";

const TOKEN = "shortorder.token";
const tokens = document.querySelectorAll("[data-token]");

function keptToken() {
  try { return sessionStorage.getItem(TOKEN) ?? ""; } catch { return ""; }
}

function keepToken(text) {
  try { sessionStorage.setItem(TOKEN, text); } catch { /* it lasts as long as the page */ }
  for (const field of tokens) if (field.value !== text) field.value = text;
}

for (const part of document.querySelectorAll(".try")) part.hidden = false;
keepToken(keptToken());

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-token]")) keepToken(event.target.value);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest(".shows-secret");
  if (!button) return;
  const field = document.getElementById(button.getAttribute("aria-controls"));
  const isShown = field.type === "text";
  field.type = isShown ? "password" : "text";
  button.textContent = isShown ? "Show" : "Hide";
  button.setAttribute("aria-pressed", String(!isShown));
});

document.addEventListener("submit", async (event) => {
  const form = event.target.closest(".try form");
  if (!form) return;
  event.preventDefault();
  const button = form.querySelector("[type='submit']");
  if (button.getAttribute("aria-disabled") === "true") return; // one at a time, and the focus stays
  button.setAttribute("aria-disabled", "true");
  const result = form.parentElement.querySelector(".result");
  try {
    show(result, await send(form));
  } finally {
    button.removeAttribute("aria-disabled");
  }
});

/** Send what the form says; gives what came back, or why nothing did. */
async function send(form) {
  const headers = new Headers();
  const token = form.querySelector("[data-token]")?.value.trim();
  const body = form.querySelector("[data-body]")?.value;
  const started = performance.now();
  try {
    if (token) headers.set("Authorization", `Bearer ${token}`);
    if (body !== undefined) headers.set("Content-Type", "application/json");
    for (const field of fieldsOf(form, "header")) headers.set(field.dataset.name, field.value);
    const answer = await fetch(addressOf(form), {
      method: form.dataset.method, headers, body, credentials: "omit", cache: "no-store", redirect: "manual",
    });
    const bytes = await answer.arrayBuffer();
    return { answer, bytes, milliseconds: performance.now() - started };
  } catch (error) {
    return { error };
  }
}

function fieldsOf(form, place) {
  return [...form.querySelectorAll(`[data-place="${place}"]`)].filter((field) => field.value !== "");
}

function addressOf(form) {
  let path = form.dataset.path;
  for (const field of fieldsOf(form, "path")) {
    path = path.replace(`{${field.dataset.name}}`, encodeURIComponent(field.value));
  }
  const root = document.documentElement.dataset.root ?? "";
  const address = new URL(root + path, location.origin);
  for (const field of fieldsOf(form, "query")) address.searchParams.append(field.dataset.name, field.value);
  return address;
}

/** Draw the answer: status and time, faults in words, headers, body. */
function show(result, { answer, bytes, milliseconds, error }) {
  result.replaceChildren();
  if (error) {
    add(result, "p", "Nothing was sent, or no answer came. " + wordsOf(error), "error");
  } else {
    const word = answer.ok ? "done" : "refused";
    add(result, "h4", `${answer.status} ${answer.statusText}`.trim(), answer.ok ? "good" : "bad")
      .append(`: ${word}, in ${Math.round(milliseconds)} ms`);
    const kind = answer.headers.get("Content-Type") ?? "";
    const text = textOf(kind, bytes);
    if (kind.startsWith("application/problem+json")) addFaults(result, text);
    const heads = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    addBlock(result, "Headers", heads);
    addBlock(result, "Body", text);
  }
  result.hidden = false;
  result.focus();
}

function wordsOf(error) {
  if (error.message.includes("ByteString") || error.message.includes("ISO-8859-1")) {
    return "A token or header may hold letters of the plain alphabet, digits and signs only: was it copied whole?";
  }
  return `Is the service running, and are you online? (${error.message})`;
}

/** Give the body as people read it; JSON with its lines indented, files by their size. */
function textOf(kind, bytes) {
  if (bytes.byteLength === 0) return "(empty)";
  if (!/json|text|xml|javascript/.test(kind)) return `(${bytes.byteLength.toLocaleString("en")} bytes of ${kind || "an unnamed kind"})`;
  const text = new TextDecoder().decode(bytes);
  if (!kind.includes("json")) return text;
  try {
    // Numbers beyond what JavaScript counts exactly would be rounded: such a text stays as it came.
    return /[:[,]\s*-?\d{16,}/.test(text) ? text : JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function addFaults(result, text) {
  const problem = JSON.parse(text);
  add(result, "p", problem.detail ?? problem.title);
  const list = add(result, "ul", "", "faults");
  for (const fault of problem.errors ?? []) {
    const item = add(list, "li");
    add(item, "code", fault.path || "the whole body");
    item.append(` ${fault.message}`);
  }
  if (problem.status === 401) add(result, "p", "Is the token in its field the whole one, and not revoked?");
  if (problem.status === 403) {
    add(result, "p", `This page is on ${location.host}. A public token works from its own domains only.`);
  }
}

function addBlock(result, title, text) {
  add(result, "h5", title);
  add(result, "pre", text).tabIndex = 0;
}

function add(parent, name, text = "", className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  parent.append(made);
  return made;
}
