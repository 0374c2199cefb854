// Pasting: an e-mail, a table or a list, into the cart or anywhere on the page. The server reads the
// text; this script sends it, shows what came back, and leads to what needs a look.
"use strict";

(() => {
  const MANY_LINES = /\S[^\S\r\n]*[\r\n]+\s*\S/;
  const fromPaste = new Set(); // numbers of rows, which never change
  const rows = () => [...document.querySelectorAll("#lines > .line")];
  const inRow = (line) => line.querySelector(".reference");

  // What a person should look at: a line read by name, or a field with an error.
  function firstProblem(line) {
    const invalid = line.querySelector('[aria-invalid="true"]');
    return invalid ?? (line.querySelector("[data-doubtful]") ? inRow(line) : null);
  }

  function nextProblem(after) {
    const all = rows();
    const later = all.slice(all.indexOf(after) + 1);
    for (const line of later) {
      const field = firstProblem(line);
      if (field) return field;
    }
    return null;
  }

  function firstBlank() {
    const blank = rows().find((line) => !inRow(line).value.trim());
    return inRow(blank ?? addLine());
  }

  // Someone has looked at the line, or changed it: it is theirs now.
  function settle(line) {
    const doubts = line?.querySelectorAll('[data-doubtful], [name$=".matched"]') ?? [];
    for (const doubt of doubts) doubt.remove();
    if (doubts.length) changed();
  }

  // Reading -----------------------------------------------------------------------------------

  document.addEventListener("paste", (event) => {
    const field = event.target, text = event.clipboardData.getData("text/plain").trimEnd();
    if (!document.getElementById("order-form") || !text.trim() || event.defaultPrevented) return;
    if (field.matches?.(".count input") && /[\r\n]/.test(text) && !text.includes("\t")) {
      event.preventDefault();
      return pasteCounts(field.closest(".line"), text.split(/\r\n|\r|\n/));
    }
    if (!isForCart(field, text)) return;
    event.preventDefault();
    pasteLines(text);
  });

  function isForCart(field, text) {
    if (!field.matches?.("input, textarea, select, [contenteditable]")) return true;
    if (field.id === "customerId") return MANY_LINES.test(text);
    if (!field.matches(".reference")) return false;
    // A line with a count in it is read by the server, unless it goes into a text that is there.
    const isWhole = field.selectionEnd - field.selectionStart === field.value.length;
    const isLine = isWhole && /\d/.test(text) && /[\s;,|:(]/.test(text.trim());
    return isLine || /[\r\n\t]/.test(text.trim());
  }

  // Fills a column of counts downwards; each is checked at its own field.
  function pasteCounts(line, counts) {
    for (const count of counts) {
      line ??= addLine();
      countOf(line).value = count.trim();
      countOf(line).dispatchEvent(new Event("change", { bubbles: true }));
      line = line.nextElementSibling;
    }
    total();
    changed();
    say(trn("One quantity pasted.", "%(num)s quantities pasted.", counts.length));
  }

  window.pasteLines = async (text) => {
    const field = document.getElementById("paste");
    if (!text.trim()) return field.focus();
    field.value = text;
    changed(); // no other answer may replace the form that this one goes into
    field.closest("details").open = true;
    const before = new Set(rows());
    const kept = document.querySelector('[name="pasted"]').value;
    document.getElementById("paste-error").replaceChildren();
    await htmx.ajax("POST", `${document.documentElement.dataset.root ?? ""}/orders/new/paste?first=${freeRow()}`, {
      source: "#paste", target: "#lines", swap: "beforeend",
    });
    const added = rows().filter((line) => !before.has(line));
    const isRead = added.length || document.querySelector('[name="pasted"]').value !== kept;
    if (!isRead) return field.focus();
    field.value = "";
    field.closest("details").open = false;
    if (added.length) for (const line of rows().filter(isBlank)) line.remove();
    if (!rows().length) addLine();
    for (const line of added) fromPaste.add(line.dataset.row);
    renumber();
    markErrors(lines());
    focus(nextProblem(null) ?? firstBlank());
    takeFinds(); // last: a line that is added counts as typing, which an answer does not replace
    tell(added);
  };

  function tell(added) {
    const bad = added.filter(firstProblem).length;
    const good = added.length - bad;
    const told = [];
    if (good || !bad) told.push(trn("One line is certain.", "%(num)s lines are certain.", good));
    if (bad) told.push(trn("One line needs a look.", "%(num)s lines need a look.", bad));
    const text = added.length ? told.join(" ") : tr("No lines for the cart were found in the text.");
    say(text);
    const tally = document.querySelector("#pasted .tally");
    if (tally) tally.textContent = text;
  }

  // The server has marked what may be filled in; what someone has typed meanwhile stays.
  // All values are there before the first change is told: for the customer's the server answers with
  // the form as it was sent.
  function takeFinds() {
    const taken = [];
    for (const find of document.querySelectorAll("#pasted [data-take]")) {
      const field = document.getElementById("order-form").elements[find.dataset.take];
      if (!field || field.value !== find.dataset.before) continue;
      field.value = find.dataset.value;
      taken.push(field);
    }
    for (const field of taken) field.dispatchEvent(new Event("change", { bubbles: true }));
  }

  // Looking -----------------------------------------------------------------------------------

  document.addEventListener("keydown", (event) => {
    const field = event.target, line = field.closest?.("#lines > .line");
    if (!line || event.isComposing || event.keyCode === 229) return;
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.defaultPrevented) return;
    if (!field.matches(".reference, .count input")) return;
    const isOpen = field.getAttribute("aria-expanded") === "true";
    const closest = line.querySelector("[data-closest]");
    if (event.key === "Enter" && closest && field.matches(".reference") && !isOpen) {
      stop(event);
      field.value = closest.dataset.closest;
      settle(line);
      field.dispatchEvent(new Event("change", { bubbles: true }));
      field.removeAttribute("aria-invalid");
      closest.parentElement.remove();
      goOn(line);
    } else if (event.key === "Enter" && line.querySelector("[data-doubtful]") && !isOpen) {
      stop(event);
      settle(line);
      goOn(line);
    } else if (event.key === "Tab" && line.querySelector("[data-doubtful]") && field.matches(".reference")) {
      stop(event);
      goOn(line);
    } else if (event.key === "Tab" && line.querySelector(".candidates button") && !closest) {
      return; // the browser leads to the products that may be meant
    } else if (event.key === "Tab" && fromPaste.has(line.dataset.row) && isComplete(field, line)) {
      const next = nextProblem(line);
      if (!next) return;
      stop(event);
      focus(next);
    }
  }, true);

  // Tab leads on from a line once nothing of it is left to type.
  function isComplete(field, line) {
    const count = countOf(line);
    if (!/^\s*[0-9]+\s*$/.test(count.value)) return false;
    return field === count || count.getAttribute("aria-invalid") !== "true";
  }

  function stop(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  function goOn(line) {
    focus(nextProblem(line) ?? firstBlank());
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.('#lines button[value^="confirm:"]');
    if (!button) return;
    event.preventDefault();
    const line = button.closest(".line");
    settle(line);
    goOn(line);
  });

  document.addEventListener("input", (event) => {
    if (event.isTrusted && event.target.matches?.("#lines .reference, #lines .count input")) {
      settle(event.target.closest(".line"));
    }
  });
})();
