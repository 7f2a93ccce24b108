// The printed book, served, and a browser to read it with.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const here = dirname(fileURLToPath(import.meta.url));
/** Where `cargo strata book build` puts the site; `SITE` names another place. */
export const folder = process.env.SITE ?? join(here, "../../target/book");

const KINDS = { ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml" };

/** Chromium or Chrome on this machine; `CHROMIUM` names another one. */
export const browserPath = [
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
].find((path) => path && existsSync(path));

/** Why nothing can be read here, if nothing can. */
export const obstacle = !browserPath
  ? "SKIPPED: no Chromium: the book's pages were not looked at"
  : !existsSync(join(folder, "index.html"))
    ? `SKIPPED: no site in ${folder}: run \`cargo strata book build\``
    : undefined;

/** The pages, as files. */
export const pages = obstacle ? [] : readdirSync(folder).filter((name) => name.endsWith(".html") && name !== "404.html");

/** Serves the site; answers its address and what ends it. */
export async function serve() {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://x").pathname);
    const file = join(folder, normalize(path === "/" ? "index.html" : path));
    if (!file.startsWith(folder) || !existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": `${KINDS[extname(file)] ?? "application/octet-stream"}; charset=utf-8` });
    response.end(readFileSync(file));
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { address: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

export async function browse() {
  const args = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  return chromium.launch({ executablePath: browserPath, args });
}
