// The search box: opened by `/`, `s` or its button, moved in by arrows and Enter, left by Escape. What was
// asked for stands in the address (`?search=`), and is marked on the page that was chosen (`?highlight=`).
"use strict";

(() => {
  const RESULTS = 20;
  const at = (id) => document.getElementById(`mdbook-${id}`);
  const [wrapper, form, box, outer] = ["search-wrapper", "searchbar-outer", "searchbar", "searchresults-outer"].map(at);
  const [header, list, toggle, content] = ["searchresults-header", "searchresults", "search-toggle", "content"].map(at);
  const { fold, stem, forms, pieces, read, find, teaser } = window.searchText;
  // SVG's text elements are not drawn inside of a <mark>.
  const marker = new Mark(content), exclude = ["text", "text *", "svg title", "svg desc", "annotation"];
  let index, loading, current = "", asked = "";

  const focused = () => box === document.activeElement;
  const chosen = () => list.querySelector("li.focus");

  /** The text comes when the box is opened for the first time. */
  function load() {
    loading ??= new Promise((done, failed) => {
      form.classList.add("searching");
      const script = document.createElement("script");
      Object.assign(script, { src: `${path_to_root}searchindex.js`, onload: done, onerror: failed });
      document.head.append(script);
    }).then(() => {
      index = read(window.searchPages);
      form.classList.remove("searching");
      search();
    }, () => {
      // It may come at the next opening.
      loading = undefined;
      form.classList.remove("searching");
      header.textContent = "The search could not be loaded.";
      outer.classList.remove("hidden");
    });
  }

  function show(yes) {
    wrapper.classList.toggle("hidden", !yes);
    toggle.setAttribute("aria-expanded", String(yes));
    if (yes) load();
    else chosen()?.classList.remove("focus");
  }

  function open() {
    show(true);
    scrollTo(0, 0);
    box.select();
  }

  /** Gives the keys back to the page. */
  function leave() {
    box.blur();
  }

  /** The address of this page with other parameters; the heading is no longer where we are. */
  function address(parameters, hash) {
    const url = new URL(location.href);
    for (const name of ["search", "highlight"]) url.searchParams.delete(name);
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
    if (hash !== undefined) url.hash = hash;
    return url.href;
  }

  function remember(how, url) {
    // A page that was opened from a folder may not change its address.
    try { history[`${how}State`]({}, document.title, url); } catch { /* it is not remembered, then */ }
  }

  function result({ section }, terms, query) {
    const item = document.createElement("li"), link = document.createElement("a"), text = document.createElement("span");
    const id = `mdbook-teaser_${list.children.length + 1}`;
    const hash = section.id ? `#${encodeURIComponent(section.id)}` : "";
    link.href = `${path_to_root}${section.link}?highlight=${encodeURIComponent(query)}${hash}`;
    link.setAttribute("aria-details", id);
    link.textContent = section.trail;
    Object.assign(text, { className: "teaser", id });
    text.setAttribute("aria-label", "Search Result Teaser");
    for (const { word, asked } of teaser(section, terms)) {
      if (text.hasChildNodes()) text.append(" ");
      if (!asked) text.append(word);
      else text.appendChild(document.createElement("em")).textContent = word;
    }
    item.append(link, text);
    return item;
  }

  /** Searches for what stands in the box, unless it did so before. */
  function search() {
    const query = box.value.trim();
    if (!query) {
      list.replaceChildren();
      outer.classList.add("hidden");
      current = "";
    }
    if (!query || query === current || !index) return;
    current = query;
    const { hits, terms } = find(index, query);
    const count = hits.length;
    header.textContent =
      !count ? `No search results for '${query}'.`
      : count === 1 ? `1 search result for '${query}':`
      : count <= RESULTS ? `${count} search results for '${query}':`
      : `${RESULTS} of ${count} search results for '${query}':`;
    list.replaceChildren();
    for (const hit of hits.slice(0, RESULTS)) list.append(result(hit, terms, query));
    outer.classList.remove("hidden");
  }

  /** The box says something else. */
  function changed() {
    const query = box.value.trim();
    box.classList.toggle("active", query !== "");
    search();
    if (query === asked) return;
    asked = query;
    // The first word is a step to go back from, the others are the same step.
    const first = !new URL(location.href).searchParams.has("search");
    remember(query && first ? "push" : "replace", address(query ? { search: query } : {}, ""));
    marker.unmark();
  }

  /** Letters that stand for each other when words are typed. */
  const ALIKE = [["'", "['‘’‚‛′]"], ['"', '["“”„‟]'], ["-", "[-\u2010-\u2015\u2212]"]];

  /** Marks a word on this page, best where it begins; answers how often. */
  function markForm(word) {
    let count = 0;
    const options = { exclude, each: () => count++ };
    let pattern = word.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
    for (const [typed, any] of ALIKE) pattern = pattern.replaceAll(typed, any);
    if (/^[\p{L}\p{N}]/u.test(word)) pattern = `(?<![\\p{L}\\p{N}])${pattern}`;
    marker.markRegExp(new RegExp(pattern, "giu"), options);
    // Inside of words, with other accents, and where a word is in two colours.
    if (!count) marker.mark(word, { ...options, separateWordSearch: false, acrossElements: true });
    return count;
  }

  /** Marks words, or the forms of them that there are. */
  function mark(words) {
    for (const word of words) {
      [...forms(word), stem(fold(word))].some(markForm) || pieces(word).forEach(markForm);
    }
    return [...content.querySelectorAll("mark")];
  }

  /** Opens the tab, or what is folded, that hides all marks of the section that was chosen. */
  function reveal(marks) {
    const heading = document.querySelector(":target");
    const behind = (mark, what) => what.contains(mark) || what.compareDocumentPosition(mark) & Node.DOCUMENT_POSITION_FOLLOWING;
    const next = heading && [...content.querySelectorAll(":is(h1, h2, h3)[id]")].find((other) => other !== heading && behind(other, heading));
    const inside = marks.filter((mark) => (!heading || behind(mark, heading)) && !(next && behind(mark, next)));
    if (!inside.length || inside.some((mark) => mark.checkVisibility())) return;
    for (let element = inside[0]; element && element !== content; element = element.parentElement) {
      if (element instanceof HTMLDetailsElement) element.open = true;
      if (!element.matches(".panel")) continue;
      const input = element.closest(".tabs")?.querySelectorAll(":scope > input")[[...element.parentElement.children].indexOf(element)];
      if (input) input.checked = true;
    }
  }

  /** Does what the address says: at the beginning, and when the reader goes back. */
  function follow() {
    const { searchParams } = new URL(location.href);
    const query = searchParams.get("search") ?? "";
    if (query) {
      box.value = query;
      asked = query;
      box.classList.add("active");
      show(true);
      box.focus();
      search();
    } else {
      show(false);
    }
    const words = (searchParams.get("highlight") ?? "").split(/\s+/).filter(Boolean);
    if (!words.length) return;
    marker.unmark();
    const marks = mark(words);
    reveal(marks);
    const hide = () => {
      for (const mark of marks) mark.classList.add("fade-out");
      setTimeout(() => marker.unmark(), 300);
      // The marks do not come again when the reader moves on this page.
      remember("replace", address({}));
    };
    for (const mark of marks) mark.addEventListener("click", hide);
  }

  function key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.isComposing) return;
    const { key, target } = event;
    // A key belongs to whatever else has it.
    if (!focused() && target instanceof HTMLElement && target.matches("input, textarea, select, summary, button, [role=group]")) return;
    const choice = chosen(), first = list.firstElementChild;
    const move = (to) => {
      choice?.classList.remove("focus");
      to?.classList.add("focus");
    };
    if (key === "Escape") {
      box.classList.remove("active");
      remember(box.value.trim() ? "push" : "replace", address({}));
      asked = "";
      leave();
      show(false);
      marker.unmark();
    } else if (!focused() && (key === "s" || key === "/")) {
      open();
    } else if (focused() && (key === "ArrowDown" || key === "Enter")) {
      if (first) {
        leave();
        move(first);
        if (key === "Enter") location.assign(first.querySelector("a").href);
      }
    } else if (!focused() && choice && key === "ArrowDown") {
      if (choice.nextElementSibling) move(choice.nextElementSibling);
    } else if (!focused() && choice && key === "ArrowUp") {
      move(choice.previousElementSibling);
      if (!choice.previousElementSibling) box.select();
    } else if (!focused() && choice && key === "Enter") {
      location.assign(choice.querySelector("a").href);
    } else {
      return;
    }
    event.preventDefault();
  }

  toggle.addEventListener("click", () => (wrapper.classList.contains("hidden") ? open() : show(false)));
  box.addEventListener("input", changed);
  box.addEventListener("keyup", changed);
  document.addEventListener("keydown", key);
  addEventListener("popstate", follow);
  form.addEventListener("submit", (event) => event.preventDefault());
  follow();
  /** For those who ask from the console, and for the tests. */
  window.search = { fold, find: (query) => (index ? find(index, query) : { hits: [], terms: [] }) };
})();
