// Every page as a reader meets it: phone and desktop, light and dark, with and without a script.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { browse, obstacle, pages, serve } from "./site.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WIDTHS = {
  phone: { width: 390, height: 844 },
  tablet: { width: 768, height: 1024 },
  desktop: { width: 1280, height: 900 },
  wide: { width: 1800, height: 1100 },
};
/** The smallest that text in a drawing may become, in pixels. */
const LEGIBLE = 9;
/** A page with all that it loads. */
const HEAVIEST = 500_000;

if (obstacle) {
  console.log(obstacle);
  assert.ok(!process.env.STRATA_REQUIRE_BROWSER, obstacle);
}

describe("the book's pages", { skip: obstacle, concurrency: 2 }, () => {
  let site, browser;
  before(async () => {
    site = await serve();
    browser = await browse();
  });
  after(async () => {
    await browser?.close();
    site?.close();
  });

  /** Opens a page, and fails on whatever it says or asks for that it should not. */
  async function open(name, options) {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const said = [];
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && said.push(message.text()));
    page.on("pageerror", (error) => said.push(String(error)));
    page.on("requestfailed", (request) => said.push(`failed: ${request.url()}`));
    page.on("response", (response) => response.status() >= 400 && said.push(`${response.status()}: ${response.url()}`));
    page.on("request", (request) => request.url().startsWith(site.address) || said.push(`leaves the site: ${request.url()}`));
    const sizes = [];
    // A page that is closed meanwhile has no sizes any more, and nobody asks.
    const size = (request) => request.sizes().then(({ responseBodySize }) => responseBodySize, () => 0);
    page.on("requestfinished", (request) => sizes.push(size(request)));
    await page.goto(`${site.address}/${name}`, { waitUntil: "load" });
    const weight = async () => (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    return { page, said, weight, close: () => context.close() };
  }

  /** What axe finds, by all rules or by some. */
  async function axe(page, rules) {
    const { violations } = await page.evaluate((rules) => {
      const all = { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"] };
      return globalThis.axe.run(document, {
        runOnly: rules ? { type: "rule", values: rules } : all,
        resultTypes: ["violations"],
        // It takes a heading that is an equation for an empty one.
        ...(!rules && { rules: { "empty-table-header": { enabled: false } } }),
      });
    }, rules);
    return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.html.slice(0, 120)} ${node.failureSummary?.split("\n")[1] ?? ""}`).join(" | ")}`);
  }

  for (const name of pages) {
    test(name, async () => {
      const { page, said, weight, close } = await open(name, { viewport: WIDTHS.desktop, colorScheme: "light" });
      const bytes = await weight();
      assert.ok(bytes > 10_000 && bytes < HEAVIEST, `it loads ${bytes} bytes`);
      for (const [device, viewport] of Object.entries(WIDTHS)) {
        await page.setViewportSize(viewport);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `${device}: it is ${wide} pixels too wide`);
      }
      // What is drawn tells those who cannot see it, and is legible to the others.
      const drawn = await page.evaluate(() => {
        const told = (svg) => svg.querySelector("title")?.textContent && (svg.querySelector("desc")?.textContent ?? "").length >= 40;
        const named = (box) => box.getAttribute("aria-labelledby").split(" ").every((id) => document.getElementById(id));
        return [...document.querySelectorAll("svg.drawn:not([aria-hidden])")].every(told) && [...document.querySelectorAll(".narrow")].every(named);
      });
      assert.ok(drawn, "a figure says nothing to those who cannot see it");
      await page.setViewportSize(WIDTHS.phone);
      const smallest = await page.evaluate(() => {
        const shown = [...document.querySelectorAll("svg.drawn")].filter((svg) => svg.checkVisibility());
        return Math.min(99, ...shown.map((svg) => (13 * svg.getBoundingClientRect().width) / svg.viewBox.baseVal.width));
      });
      assert.ok(smallest >= LEGIBLE, `phone: text in a figure is ${smallest.toFixed(1)} pixels high`);
      await page.evaluate(AXE);
      // Shades at the edge of what scrolls: axe would not judge the text on them.
      await page.addStyleTag({ content: "* { background-image: none !important }" });
      assert.deepEqual(await axe(page, ["scrollable-region-focusable", "target-size"]), [], "phone");
      await page.setViewportSize(WIDTHS.desktop);
      assert.deepEqual(await axe(page), [], "light");
      await page.emulateMedia({ colorScheme: "dark" });
      assert.deepEqual(await axe(page, ["color-contrast", "link-in-text-block"]), [], "dark");
      assert.deepEqual(said, []);
      await close();
    });
  }

  const { SHOTS } = process.env;
  for (const [device, viewport] of SHOTS ? Object.entries(WIDTHS) : []) {
    test(`pictures, ${device}`, async () => {
      mkdirSync(SHOTS, { recursive: true });
      for (const name of pages) {
        for (const colorScheme of ["light", "dark"]) {
          const { page, close } = await open(name, { viewport, colorScheme });
          await page.screenshot({ path: join(SHOTS, `${name.replace(".html", "")}-${device}-${colorScheme}.png`), fullPage: true });
          await close();
        }
      }
    });
  }

  test("tabs stay in step and under the hand, and are remembered", async () => {
    const { page, said, close } = await open("03-matmul.html", { viewport: WIDTHS.desktop });
    const groups = page.locator(".tabs:has(> input[value=wgsl])");
    assert.ok((await groups.count()) > 3, "chapter 3 shows kernels in tabs");
    // Far down: whatever grows or shrinks above it, what was clicked does not move.
    const label = groups.nth(3).locator("> label", { hasText: "WGSL" });
    await label.scrollIntoViewIfNeeded();
    const place = async () => {
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      return (await label.boundingBox()).y;
    };
    const before = await place();
    await label.click();
    const moved = Math.abs((await place()) - before);
    assert.ok(moved <= 1, `it moved by ${moved} pixels`);
    const all = await page.locator(".tabs > input[value=wgsl]").count();
    const checked = () => page.locator(".tabs > input[value=wgsl]:checked").count();
    assert.equal(await checked(), all);
    // A box is as tall as what it shows.
    const blank = await page.evaluate(() =>
      Math.max(...[...document.querySelectorAll(".panels")].filter((box) => box.checkVisibility()).map((box) => box.getBoundingClientRect().bottom - [...box.querySelectorAll("pre")].find((pre) => pre.checkVisibility()).getBoundingClientRect().bottom)),
    );
    assert.ok(blank <= 2, `${blank} pixels of nothing below some code`);
    // The choice holds on the next page, from the first picture on.
    await page.addInitScript(() => {
      globalThis.shifts = 0;
      new PerformanceObserver((list) => list.getEntries().forEach((entry) => (globalThis.shifts += entry.value))).observe({ type: "layout-shift", buffered: true });
    });
    await page.goto(`${site.address}/01-tensor.html`);
    assert.equal(await checked(), await page.locator(".tabs > input[value=wgsl]").count());
    assert.equal(await page.evaluate(() => globalThis.shifts), 0);
    assert.deepEqual(said, []);
    await close();
  });

  test("on paper, code wraps, tabs show what was chosen, answers stay away", async () => {
    const { page, close } = await open("03-matmul.html", { viewport: { width: 680, height: 900 }, colorScheme: "dark" });
    await page.locator("#theme").click();
    await page.locator("#theme").click();
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    const seen = await page.evaluate(() => {
      const shown = (selector) => [...document.querySelectorAll(selector)].filter((element) => element.checkVisibility());
      return {
        cut: shown("main pre, main figure, main .scroll, main .table-wrapper").filter((box) => box.scrollWidth > box.clientWidth + 1).map((box) => box.outerHTML.slice(0, 100)),
        panels: shown(".tabs").filter((tabs) => [...tabs.querySelectorAll(".panel")].filter((panel) => panel.checkVisibility()).length !== 1).length,
        answers: shown(".exercise details").length,
        around: shown(".outline:is(nav), header.bar, .search, .copy, .turn").length,
        paper: getComputedStyle(document.body).backgroundColor,
      };
    });
    assert.deepEqual(seen, { cut: [], panels: 0, answers: 0, around: 0, paper: "rgb(255, 255, 255)" });
    await close();
  });

  test("nothing glides for those who asked for stillness", async () => {
    const { page, close } = await open("preface.html", { viewport: WIDTHS.desktop, reducedMotion: "reduce" });
    assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).scrollBehavior), "auto");
    await close();
  });

  test("without a script everything is there, and tabs still turn", async () => {
    const { page, said, close } = await open("03-matmul.html", { viewport: WIDTHS.phone, javaScriptEnabled: false });
    assert.ok((await page.locator("main").innerText()).length > 10_000);
    assert.equal(await page.locator(".needs-script:visible").count(), 0);
    const group = page.locator(".tabs:has(input[value=wgsl])").first();
    await group.locator("label", { hasText: "WGSL" }).click();
    assert.ok(await group.locator(".panel:nth-child(2)").isVisible());
    await page.locator("button.menu").click();
    assert.ok(await page.locator("nav#outline").isVisible(), "the outline opens");
    assert.deepEqual(said, []);
    await close();
  });

  test("search finds a word, by keyboard alone", async () => {
    const { page, said, close } = await open("preface.html", { viewport: WIDTHS.desktop });
    await page.keyboard.press("/");
    await page.locator("#mdbook-searchbar").waitFor({ state: "visible" });
    await page.keyboard.type("coalescing");
    await page.locator("#mdbook-searchresults li").first().waitFor();
    const hrefs = await page.locator("#mdbook-searchresults a").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
    assert.ok(hrefs.some((href) => href.includes("03-matmul")), hrefs.join(" "));
    assert.deepEqual(said, []);
    await close();
  });

  test("the keyboard reaches the text first, and the choice of colours holds", async () => {
    const { page, close } = await open("01-tensor.html", { viewport: WIDTHS.desktop, colorScheme: "light" });
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the text");
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await paper();
    await page.locator("#theme").click();
    const dark = await paper();
    assert.notEqual(dark, light);
    await page.goto(`${site.address}/02-autograd.html`);
    assert.equal(await paper(), dark);
    await close();
  });
});
