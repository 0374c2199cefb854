// The list of orders: its address, its menus, rows that are ticked.
"use strict";

const list = () => document.getElementById("orders");
const form = () => document.getElementById("changing");
const boxes = () => [...document.querySelectorAll('#changing [name="order"]')];
const enhanced = (event) => event.target.closest?.("#changing");
let asked = ""; // the menu that has sent the form: its button gets the focus when the rows are new

// What one sees stands in the address, so that Back, a reload and a link to a colleague keep it.
function keepAddress() {
  const here = list()?.dataset.here;
  if (here) history.replaceState(history.state, "", here);
}

function say(text) {
  const said = document.getElementById("said");
  if (said && text) said.textContent = text;
}

// Without empty fields the address stays short.
document.querySelector(".finder").addEventListener("formdata", (event) => {
  for (const [name, value] of [...event.formData]) {
    if (value === "") event.formData.delete(name);
  }
});

function showTicked() {
  const every = document.querySelector(".every");
  if (!every) return;
  const ticked = boxes().filter((box) => box.checked).length;
  every.hidden = false;
  every.checked = ticked > 0 && ticked === boxes().length;
  every.indeterminate = ticked > 0 && !every.checked;
  document.querySelector('#scope [value="ticked"]').textContent = ticked ? trn("%(num)s selected", "%(num)s selected", ticked) : tr("selected orders");
}

document.addEventListener("change", (event) => {
  const { target } = event;
  if (target.matches(".every")) {
    boxes().forEach((box) => { box.checked = target.checked; });
  }
  if (target.matches('.every, [name="order"]')) {
    document.getElementById("scope").value = "ticked";
    showTicked();
    say(document.querySelector('#scope [value="ticked"]').textContent);
  }
});

document.addEventListener("submit", (event) => {
  if (!enhanced(event)) return;
  const button = event.submitter;
  asked = button?.value?.startsWith("row.") ? `set-${button.value.split(".")[1]}` : "";
  event.target.setAttribute("aria-busy", "true");
});

const failed = () => {
  document.querySelectorAll("[aria-busy]").forEach((one) => one.removeAttribute("aria-busy"));
};

document.addEventListener("htmx:after:swap", () => {
  failed();
  keepAddress();
  showTicked();
  const report = document.getElementById("report");
  if (report) {
    // The report is read out by the focus; after one row's status the person stays in the row.
    const own = asked && document.querySelector(`[popovertarget="${asked}"]`);
    say(report.querySelector("h2, p")?.textContent.trim());
    (own || report).focus();
  } else {
    say(list()?.dataset.said);
  }
  asked = "";
});

document.addEventListener("htmx:after:request", (event) => {
  const status = event.detail.ctx?.response?.status;
  if (!status || status < 400 || status === 422) return;
  failed();
  tell(status === 401 ? tr("You've been signed out. Nothing was changed. Reload the page to sign in.") : tr("Something went wrong. Nothing was changed. Please try again."));
});
document.addEventListener("htmx:error", () => {
  failed();
  tell(tr("The server cannot be reached. Reload to see what was changed, then try again."));
});

function tell(text) {
  say(text);
  let notice = document.getElementById("trouble");
  if (!notice) {
    notice = document.createElement("div");
    notice.id = "trouble";
    notice.className = "notice bad";
    list().prepend(notice);
  }
  notice.textContent = text;
}

// Menus close by Escape, by a click elsewhere, and when another one opens.
function closeMenus(but) {
  document.querySelectorAll(".menu[open]").forEach((menu) => { if (menu !== but) menu.open = false; });
}
document.addEventListener("click", (event) => closeMenus(event.target.closest(".menu")));
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector(".menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

showTicked();
document.getElementById("report")?.focus();
