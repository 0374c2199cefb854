// The reference page: keeps the chosen language, and finds endpoints by a word.
"use strict";

const languages = document.querySelectorAll("input[name='language']");
const KEPT = "shortorder.language";

// A browser may forbid storage; the page works without.
function kept() {
  try { return localStorage.getItem(KEPT); } catch { return null; }
}

for (const choice of languages) {
  if (choice.value === kept()) choice.checked = true;
  choice.addEventListener("change", () => {
    try { localStorage.setItem(KEPT, choice.value); } catch { /* it lasts as long as the page */ }
  });
}

const filter = document.getElementById("filter");
const entries = [...document.querySelectorAll("[data-find]")];
filter.parentElement.hidden = false;

filter.addEventListener("input", () => {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const entry of entries) {
    const text = entry.dataset.find.toLowerCase();
    entry.hidden = !words.every((word) => text.includes(word));
    if (!entry.hidden) found += 1;
  }
  for (const list of document.querySelectorAll(".endpoints")) {
    const isEmpty = !list.querySelector("li:not([hidden])");
    list.hidden = isEmpty;
    list.previousElementSibling.hidden = isEmpty;
  }
  document.getElementById("filtered").textContent =
    words.length ? `${found} of ${entries.length} endpoints` : "";
});

// Enter leads to the first endpoint that was found.
filter.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  entries.find((entry) => !entry.hidden)?.querySelector("a").click();
});

// The contents mark the section that is being read, and keep its link in view.
const contents = document.querySelector(".contents");
const links = new Map();
for (const link of contents.querySelectorAll("a[href^='#']")) {
  links.set(document.getElementById(link.hash.slice(1)), link);
}
const watcher = new IntersectionObserver((seen) => {
  const reached = seen.filter((one) => one.isIntersecting).at(-1);
  if (!reached) return;
  contents.querySelector("[aria-current]")?.removeAttribute("aria-current");
  const link = links.get(reached.target);
  link.setAttribute("aria-current", "true");
  const { offsetTop, offsetHeight } = link;
  const isHidden = offsetTop < contents.scrollTop || offsetTop + offsetHeight > contents.scrollTop + contents.clientHeight;
  if (isHidden) contents.scrollTop = offsetTop - contents.clientHeight / 3;
}, { rootMargin: "-80px 0px -80% 0px" });
for (const section of links.keys()) watcher.observe(section);
