// What a script adds to pages that are whole without one: tabs in step, the choice of light or dark,
// search, copying, the arrow keys.
"use strict";

const stored = {
  get(key) { try { return localStorage.getItem(key); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(key, value); } catch { /* it is not remembered, then */ } },
};

// Tabs: one choice for all of them, remembered (the page's head restores it, before anything is
// painted). A group without that language keeps its own.
function choose(language) {
  for (const input of document.querySelectorAll(`.tabs > input[value="${CSS.escape(language)}"]`)) input.checked = true;
}
document.addEventListener("change", ({ target }) => {
  if (!(target instanceof HTMLInputElement) || !target.matches(".tabs > input")) return;
  // What was clicked stays where it is, whatever grows or shrinks above it.
  const before = target.getBoundingClientRect().top;
  choose(target.value);
  scrollBy({ top: target.getBoundingClientRect().top - before, behavior: "instant" });
  stored.set("strata-language", target.value);
});

// Light and dark: what the machine says, until the reader says otherwise.
const dark = matchMedia("(prefers-color-scheme: dark)");
document.getElementById("theme")?.addEventListener("click", () => {
  const root = document.documentElement;
  const now = root.dataset.theme ?? (dark.matches ? "dark" : "light");
  root.dataset.theme = now === "dark" ? "light" : "dark";
  stored.set("strata-theme", root.dataset.theme);
});

// Copying: terminals give their commands, without the prompt.
for (const pre of document.querySelectorAll(".code pre, .exercise > pre")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    const command = pre.querySelector(".k");
    const terminal = pre.closest(".terminal") || pre.parentElement?.matches(".exercise");
    const text = terminal && command ? command.textContent : pre.textContent;
    try {
      await navigator.clipboard.writeText(text ?? "");
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not allowed";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  const box = document.createElement("div");
  box.className = "copyable";
  pre.replaceWith(box);
  box.append(pre, button);
}

// The outline closes when a heading of this page was chosen, and shows where we are.
const outline = document.getElementById("outline");
outline?.addEventListener("click", ({ target }) => {
  if (target instanceof Element && target.closest("a") && outline.matches(":popover-open")) outline.hidePopover();
});
const current = outline?.querySelector("[aria-current]");
if (outline && current) outline.scrollTop = current.offsetTop - outline.clientHeight / 3;

// Search comes with its scripts when it is first asked for.
const toggle = document.getElementById("mdbook-search-toggle");
let searching = false;
function load(file) {
  return new Promise((done, failed) => {
    const script = document.createElement("script");
    Object.assign(script, { src: path_to_root + file, onload: done, onerror: failed });
    document.head.append(script);
  });
}
async function startSearch(open) {
  if (searching) return;
  searching = true;
  await Promise.all(["mark.min.js", "theme/find.js"].map(load));
  await load("theme/search.js");
  if (open) toggle?.click();
}
toggle?.addEventListener("click", () => void startSearch(true), { once: true });
if (/[?&](search|highlight)=/.test(location.search)) void startSearch(false);

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const { target, key } = event;
  if (target instanceof HTMLElement && target.matches("input, textarea, select, [tabindex]")) return;
  if (!searching && (key === "/" || key === "s")) {
    event.preventDefault();
    void startSearch(true);
  }
  const way = { ArrowLeft: "prev", ArrowRight: "next" }[key];
  if (way) document.querySelector(`.turn a[rel="${way}"]`)?.click();
});
