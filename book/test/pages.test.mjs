// Every page as a reader meets it: phone and desktop, light and dark, with and without a script.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { browse, obstacle, pages, serve } from "./site.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WIDTHS = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 900 } };
/** A page with all that it loads. */
const HEAVIEST = 500_000;

if (obstacle) {
  console.log(obstacle);
  assert.ok(!process.env.STRATA_REQUIRE_BROWSER, obstacle);
}

describe("the book's pages", { skip: obstacle }, () => {
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
    let bytes = 0;
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && said.push(message.text()));
    page.on("pageerror", (error) => said.push(String(error)));
    page.on("requestfailed", (request) => said.push(`failed: ${request.url()}`));
    page.on("response", (response) => response.status() >= 400 && said.push(`${response.status()}: ${response.url()}`));
    page.on("request", (request) => request.url().startsWith(site.address) || said.push(`leaves the site: ${request.url()}`));
    page.on("requestfinished", async (request) => {
      bytes += (await request.sizes()).responseBodySize;
    });
    await page.goto(`${site.address}/${name}`, { waitUntil: "networkidle" });
    return { page, said, weight: () => bytes, close: () => context.close() };
  }

  for (const name of pages) {
    for (const [device, viewport] of Object.entries(WIDTHS)) {
      for (const colorScheme of ["light", "dark"]) {
        test(`${name}, ${device}, ${colorScheme}`, async () => {
          const { page, said, weight, close } = await open(name, { viewport, colorScheme });
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          assert.ok(wide <= 0, `it is ${wide} pixels too wide`);
          const shots = process.env.SHOTS;
          if (shots) {
            mkdirSync(shots, { recursive: true });
            await page.screenshot({ path: join(shots, `${name.replace(".html", "")}-${device}-${colorScheme}.png`), fullPage: true });
          }
          await page.evaluate(AXE);
          const { violations } = await page.evaluate(() =>
            globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"], resultTypes: ["violations"],
              // It takes a heading that is an equation for an empty one.
              rules: { "empty-table-header": { enabled: false } } }),
          );
          const found = violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.html.slice(0, 120)} ${node.failureSummary?.split("\n")[1] ?? ""}`).join(" | ")}`);
          assert.deepEqual(found, []);
          const silent = await page.evaluate(() =>
            [...document.querySelectorAll("main figure > svg, main svg.drawn")].filter(
              (svg) => !svg.querySelector("title")?.textContent || (svg.querySelector("desc")?.textContent ?? "").length < 40,
            ).length,
          );
          assert.equal(silent, 0, "a figure says nothing to those who cannot see it");
          assert.ok(weight() < HEAVIEST, `it loads ${weight()} bytes`);
          assert.deepEqual(said, []);
          await close();
        });
      }
    }
  }

  test("tabs stay in step, move nothing, and are remembered", async () => {
    const { page, said, close } = await open("03-matmul.html", { viewport: WIDTHS.desktop });
    const groups = page.locator(".tabs:has(input[value=wgsl])");
    assert.ok((await groups.count()) > 1, "chapter 3 shows kernels in tabs");
    const label = groups.nth(1).locator("label", { hasText: "WGSL" });
    await label.scrollIntoViewIfNeeded();
    const measure = async () => [await page.evaluate(() => document.documentElement.scrollHeight), (await label.boundingBox()).y];
    const rest = await measure();
    await label.click();
    assert.deepEqual(await measure(), rest);
    const checked = () => page.locator(".tabs > input[value=wgsl]:checked").count();
    assert.equal(await checked(), await page.locator(".tabs > input[value=wgsl]").count());
    await page.goto(`${site.address}/01-tensor.html`);
    assert.equal(await checked(), await page.locator(".tabs > input[value=wgsl]").count());
    assert.deepEqual(said, []);
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
