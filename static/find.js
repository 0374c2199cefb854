// The look-up by code: groups the code while someone types it, and says what is wrong with it. It asks the
// server nothing. The rules are those of orders/domain/code_hints.py, and a test compares the two.
"use strict";

const orderCode = (() => {
  const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const LENGTH = 12;
  const MAX_COUNTED = 40;
  const OFFERS = 2;
  const LOOKALIKES = { O: "0", I: "1", L: "1" };
  const CONFUSED = { 8: "B", B: "8", 5: "S", S: "5", 2: "Z", Z: "2", 6: "G", G: "6", 0: "Q", Q: "0", U: "V" };

  const timesAlpha = (value) => (value & 16 ? (value << 1) ^ 0b100101 : value << 1);
  const isValid = (code) => {
    const values = [...code].map((one) => ALPHABET.indexOf(one));
    if (values.length !== LENGTH || values.includes(-1)) return false;
    const last = values.pop();
    return values.reduce((total, value) => timesAlpha(total ^ value), 0) === last;
  };

  const plain = (text) => text
    .replace(/[\uFF01-\uFF5E]/g, (wide) => String.fromCharCode(wide.charCodeAt(0) - 0xFEE0))
    .replace(/\p{Cf}/gu, "").replace(/[\p{Pd}\u2212]/gu, "-").replace(/\p{Zs}/gu, " ");
  // Letters and digits alone, or null if the text has other characters than those of a code.
  const bare = (text) => {
    const code = plain(text).replace(/[ -]/g, "").trim();
    return /^[0-9A-Za-z]*$/.test(code) ? code.toUpperCase() : null;
  };
  const canonical = (code) => code.replace(/[OIL]/g, (one) => LOOKALIKES[one]);
  const grouped = (code) => code.match(/.{1,4}/g)?.join("-") ?? "";

  const similar = (code) => {
    const with_ = (place, ...others) => code.slice(0, place) + others.join("") + code.slice(place + others.length);
    const places = [...code].map((_, place) => place);
    const substituted = places.filter((place) => CONFUSED[code[place]])
      .map((place) => with_(place, CONFUSED[code[place]])).filter(isValid);
    const swapped = places.slice(1).filter((place) => code[place - 1] !== code[place])
      .map((place) => with_(place - 1, code[place], code[place - 1])).filter(isValid);
    return [...substituted, ...swapped.slice(0, Math.max(0, OFFERS - substituted.length))];
  };

  // A valid code in a pasted text: in a link, or in words; the last one, and rather one with hyphens.
  // What this does not find, the server may.
  const inText = (text) => {
    const link = /\/o\/([^/?#\s]{1,100})/.exec(text);
    const words = [...plain(text).matchAll(/(?<![A-Za-z0-9])[A-Za-z0-9]{4}([^A-Za-z0-9]?)[A-Za-z0-9]{4}\1[A-Za-z0-9]{4}(?![A-Za-z0-9])/g)]
      .reverse().filter(([found]) => !/^[^A-Za-z]*$/.test(found))
      .sort(([, one], [, other]) => (other === "-") - (one === "-")).map(([found]) => found.replace(/[^A-Za-z0-9]/g, ""));
    return [...(link ? [link[1]] : []), ...words].map((one) => canonical(bare(one) ?? "")).find(isValid) ?? null;
  };

  // How many characters a text has too many or too few, and which codes may have been meant.
  const hint = (text) => {
    const code = bare(text);
    if (code === null || !code || code.length > MAX_COUNTED) return null;
    if (code.length !== LENGTH) return { count: code.length, offers: [] };
    return isValid(canonical(code)) ? null : { count: LENGTH, offers: similar(canonical(code)), code: canonical(code) };
  };

  // The text in groups of four, with the caret behind as many characters of the code as before.
  const masked = (text, caret, isDeletedBackward = false) => {
    const code = bare(text);
    if (code === null || code.length > LENGTH + 4) {
      const found = inText(text);
      return found ? { text: grouped(found), caret: grouped(found).length } : { text, caret };
    }
    const pasted = code.length > LENGTH ? inText(text) : null;
    const shown = grouped(pasted ?? code);
    let at = pasted ? shown.length : 0;
    for (let left = pasted ? 0 : bare(text.slice(0, caret)).length; left > 0; at += 1) if (shown[at] !== "-") left -= 1;
    if (shown[at] === "-" && !isDeletedBackward) at += 1;
    return { text: shown, caret: at };
  };

  return { similar, inText, hint, masked, grouped, isValid };
})();

(() => {
  const field = document.getElementById("code");
  const message = document.getElementById("code-message");
  const offers = document.getElementById("code-offers");
  if (!field || !message || !offers) return;
  const sign = document.querySelector("#code-error template");

  // An offer with the characters marked that were typed differently.
  const compared = (offer, code) => {
    const shown = document.createElement("span");
    shown.append(...[...orderCode.grouped(offer)].map((one, place) => (
      one === orderCode.grouped(code)[place] ? one : Object.assign(document.createElement("mark"), { textContent: one }))));
    return shown;
  };

  const tell = (found) => {
    field.toggleAttribute("aria-invalid", Boolean(found));
    if (found) field.setAttribute("aria-invalid", "true");
    offers.hidden = !found?.offers.length;
    const { one, many, mistyped, question, questions } = field.dataset;
    const said = !found ? "" : found.count === 12 ? mistyped : found.count === 1 ? one : many.replace("#", found.count);
    // What a screen reader has said already is not said again.
    if ((message.querySelector("span")?.textContent.trim() ?? "") !== said) {
      message.replaceChildren();
      if (said) message.append(sign.content.cloneNode(true), Object.assign(document.createElement("span"), { textContent: said }));
    }
    if (!found?.offers.length) return;
    const links = found.offers.map((code) => Object.assign(document.createElement("a"), {
      className: "button code", href: field.dataset.address.replace("CODE", code),
    }));
    links.forEach((link, at) => link.append(compared(found.offers[at], found.code)));
    const asked = Object.assign(document.createElement("span"), { textContent: links.length > 1 ? questions : question });
    offers.replaceChildren(asked, ...links.flatMap((link) => [" ", link]));
  };

  // A hyphen is no character of the code: what is deleted is the one behind or before it.
  field.addEventListener("beforeinput", (event) => {
    const { selectionStart: at, selectionEnd: end, value } = field;
    if (at !== end) return;
    if (event.inputType === "deleteContentBackward" && value[at - 1] === "-") field.setSelectionRange(at - 1, at - 1);
    if (event.inputType === "deleteContentForward" && value[at] === "-") field.setSelectionRange(at + 1, at + 1);
  });

  const mask = (event) => {
    if (event.isComposing) return; // a field that changes while an input method composes gets letters twice
    const now = orderCode.masked(field.value, field.selectionStart, event.inputType === "deleteContentBackward");
    if (now.text !== field.value) field.value = now.text;
    if (field.selectionStart !== now.caret || field.selectionEnd !== now.caret) field.setSelectionRange(now.caret, now.caret);
    // Someone who is still typing is not told that characters are missing.
    const found = orderCode.hint(field.value);
    tell(found && found.count >= 12 ? found : null);
  };
  field.addEventListener("input", mask);
  field.addEventListener("compositionend", mask);

  field.addEventListener("change", () => tell(orderCode.hint(field.value)));

  field.form.addEventListener("submit", (event) => {
    const found = orderCode.hint(field.value);
    if (!found || found.count >= 12) return;
    event.preventDefault(); // no code has fewer characters, so that nothing need be asked
    tell(found);
    field.focus();
  });
})();
