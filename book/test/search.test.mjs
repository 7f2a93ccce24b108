// The search as a reader uses it: whatever stands on a page is found, and the keyboard is enough.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { browse, obstacle, pages, serve } from "./site.mjs";

/** The search's text, fetched when somebody searches. */
const LARGEST = 900_000;

describe("the book's search", { skip: obstacle, concurrency: 2 }, () => {
  let site, browser;
  before(async () => {
    site = await serve();
    browser = await browse();
  });
  after(async () => {
    await browser?.close();
    site?.close();
  });

  async function open(name, options) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    const said = [], asked = [];
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && said.push(message.text()));
    page.on("pageerror", (error) => said.push(String(error)));
    page.on("response", (response) => response.status() >= 400 && said.push(`${response.status()}: ${response.url()}`));
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await page.goto(`${site.address}/${name}`);
    return { page, said, asked, close: () => context.close() };
  }

  const header = "#mdbook-searchresults-header";
  /** Opens the box, if it is not open, and types. */
  async function ask(page, words) {
    const box = page.locator("#mdbook-searchbar");
    if (!(await box.isVisible())) await page.keyboard.press("/");
    await box.waitFor({ state: "visible" });
    await box.fill(words);
    await page.waitForFunction(([at, words]) => document.querySelector(at).textContent.includes(`'${words}'`), [header, words]);
    return page.locator("#mdbook-searchresults li").evaluateAll((items) => items.map((item) => ({
      href: item.querySelector("a").href,
      title: item.querySelector("a").textContent,
      teaser: item.querySelector(".teaser").textContent,
      marked: [...item.querySelectorAll(".teaser em")].map((em) => em.textContent),
    })));
  }

  // Common words, letters of other scripts, names with what joins them, files, operators, other forms.
  const STAND = [
    "for", "while", "if", "in", "and", "not", "the", "of", "a", "is", "β", "γ", "ε", "σ", "√", "Σ", "mean_of_scored",
    "kv_append", "3_tiled.wgsl", "3_tiled", "matmul/3_tiled.cu", "__shared__", "threadIdx.x", "workgroupBarrier", "workgroup_id",
    "var<workgroup>", "fn", "let", "&&", "==", "+=", "->", "#include", "matmul(", "f32", "float4", "0.5", "--data", "Tensor",
    "coalescing", "gradients", "row's", "cross-entropy",
  ];
  const INSTEAD = { "β₁": "β1", β_1: "β1", Ε: "ε", ϵ: "ε", "MEAN_OF_SCORED": "mean_of_scored", "kv_append()": "kv_append", "“softmax”": "softmax", "softmáx": "softmax" };

  test("finds what stands on a page, however common or strange", async () => {
    const { page, said, asked, close } = await open("preface.html");
    const texts = new Map();
    for (const name of pages) {
      await page.goto(`${site.address}/${name}`);
      texts.set(name, await page.evaluate(() => document.querySelector("main").textContent.toLowerCase().replaceAll("’", "'")));
    }
    await page.goto(`${site.address}/preface.html`);
    for (const [words, meant] of [...STAND.map((word) => [word, word]), ...Object.entries(INSTEAD)]) {
      const plain = meant.toLowerCase();
      assert.ok([...texts.values()].some((text) => text.includes(plain)), `no page has ${meant}: ask for another word`);
      const results = await ask(page, words);
      assert.ok(results.length > 0, `nothing is found for ${words}`);
      assert.ok(results.length <= 20, `${results.length} results for ${words}`);
      for (const { href, teaser, title } of results.slice(0, 3)) {
        const name = new URL(href).pathname.slice(1);
        const form = words === "gradients" ? "gradient" : words === "coalescing" ? "coalesc" : plain;
        const shown = `${title} ${teaser}`.toLowerCase().replaceAll("’", "'");
        assert.ok(texts.get(name)?.includes(form), `${words}: ${name} has none`);
        assert.ok(shown.includes(form), `${words}: ${title}: ${teaser}`);
      }
      assert.ok(results.some(({ marked, title }) => marked.length || title.toLowerCase().includes(plain)), `${words}: no teaser shows it`);
    }
    assert.deepEqual(said, []);
    assert.ok(asked.includes("/searchindex.js"));
    await close();
  });

  test("finds every word of every page, as readers see it", async () => {
    const { page, said, close } = await open("preface.html");
    const reader = await open("preface.html");
    const where = new Map();
    for (const name of pages.filter((name) => name !== "index.html")) {
      await reader.page.goto(`${site.address}/${name}`);
      // Of what is folded away or hidden in tabs, too: all that have a sign in them, and some of the others.
      const words = await reader.page.evaluate(() => {
        for (const br of document.querySelectorAll("main br")) br.replaceWith(" ");
        const elements = document.querySelectorAll("main :is(p, li, td, th, dt, dd, h1, h2, h3, pre, mi, text, figcaption, summary, label)");
        const texts = [...elements].filter((element) => !element.querySelector("math, p, li, pre")).map((element) => element.textContent);
        return texts.flatMap((text) => text.split(/\s+/)).filter((word, i) => word && (i % 13 === 0 || /[^\x20-\x7e]|[._]./.test(word)));
      });
      assert.ok(words.length > 50, `${name}: ${words.length} words`);
      for (const word of words) where.set(word, (where.get(word) ?? new Set()).add(name));
    }
    await ask(page, "softmax");
    const wanted = [...where].map(([word, names]) => [word, [...names]]);
    const lost = await page.evaluate((wanted) => wanted.flatMap(([word, names]) => {
      const found = new Set(window.search.find(word).hits.map(({ section }) => section.link));
      return names.filter((name) => !found.has(name)).map((name) => `${word} of ${name}`);
    }), wanted);
    assert.ok(wanted.length > 2_000, `${wanted.length} words`);
    assert.deepEqual(lost, []);
    await reader.close();
    assert.deepEqual(said, []);
    await close();
  });

  test("finds nothing for what stands nowhere, and says so", async () => {
    const { page, said, close } = await open("preface.html");
    for (const words of ["qxzvw", "学習", "<img src=x onerror=alert(1)>qxzvw", "\\(*+?["]) {
      await ask(page, words);
      assert.match(await page.locator(header).textContent(), words.includes(" ") ? /search result/ : /^No search results for /, words);
    }
    assert.equal(await page.locator("#mdbook-search-wrapper img").count(), 0);
    assert.deepEqual(said, []);
    await close();
  });

  test("is loaded when it is opened, and stays small", async () => {
    const { page, asked, close } = await open("03-matmul.html");
    assert.ok(!asked.some((path) => /search|find|mark/.test(path)), asked.join(" "));
    const [answer] = await Promise.all([page.waitForResponse((response) => response.url().endsWith("searchindex.js")), page.keyboard.press("s")]);
    const bytes = (await answer.body()).length;
    assert.ok(bytes > 100_000 && bytes < LARGEST, `the index has ${bytes} bytes`);
    await close();
  });

  test("is used by keys alone: down, up, Enter, Escape", async () => {
    const { page, said, close } = await open("preface.html");
    const results = await ask(page, "kv_append");
    const focus = () => page.locator("#mdbook-searchresults li").evaluateAll((items) => items.findIndex((item) => item.matches(".focus")));
    const active = () => page.evaluate(() => document.activeElement.id);
    assert.equal(await active(), "mdbook-searchbar");
    await page.keyboard.press("ArrowDown");
    assert.equal(await focus(), 0);
    await page.keyboard.press("ArrowDown");
    assert.equal(await focus(), Math.min(1, results.length - 1));
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowUp");
    assert.equal(await focus(), -1);
    assert.equal(await active(), "mdbook-searchbar");
    assert.equal(new URL(page.url()).searchParams.get("search"), "kv_append");
    await page.keyboard.press("Escape");
    assert.ok(!(await page.locator("#mdbook-searchbar").isVisible()));
    assert.equal(new URL(page.url()).search, "");
    await page.keyboard.press("/");
    await page.keyboard.press("Enter");
    await page.waitForURL(results[0].href);
    await page.locator("mark").first().waitFor({ state: "attached" });
    assert.deepEqual(said, []);
    await close();
  });

  test("marks what was asked for on the page that is chosen, and shows it", async () => {
    const { page, said, close } = await open("preface.html");
    const FORMS = { "kv_append()": "kv_append", coalescing: "coalesc" };
    for (const words of ["mean_of_scored", "kv_append", "3_tiled.wgsl", "β", "while", "workgroupBarrier", ...Object.keys(FORMS)]) {
      const form = FORMS[words] ?? words.toLowerCase();
      await page.goto(`${site.address}/preface.html`);
      const results = await ask(page, words);
      await page.locator("#mdbook-searchresults a").first().click();
      await page.waitForURL(results[0].href);
      await page.locator("mark").first().waitFor({ state: "attached" });
      const marks = await page.locator("mark").evaluateAll((marks) => marks.map((mark) => ({ text: mark.textContent.toLowerCase(), seen: mark.checkVisibility() })));
      assert.ok(marks.every(({ text }) => text.startsWith(form)), `${words}: ${JSON.stringify(marks.slice(0, 3))}`);
      assert.ok(marks.some(({ seen }) => seen), `${words}: no mark is seen`);
      await page.locator("mark").evaluateAll((marks) => marks.find((mark) => mark.checkVisibility()).click());
      await page.waitForFunction(() => !document.querySelector("mark"));
      assert.equal(new URL(page.url()).searchParams.get("highlight"), null);
    }
    assert.deepEqual(said, []);
    await close();
  });

  test("keeps its words in the address, whatever they are", async () => {
    const { page, said, close } = await open("preface.html");
    for (const words of ["&&", "#include", "100%", "a+b", "β"]) {
      await ask(page, words);
      assert.equal(new URL(page.url()).searchParams.get("search"), words);
      await page.reload();
      await page.waitForFunction(([at, words]) => document.querySelector(at).textContent.includes(`'${words}'`), [header, words]);
      assert.equal(await page.locator("#mdbook-searchbar").inputValue(), words);
    }
    await page.goBack();
    await page.waitForFunction(() => document.getElementById("mdbook-search-wrapper").matches(".hidden") || !location.search);
    assert.deepEqual(said, []);
    await close();
  });
});
