// The printed book, served, and a browser to read it with.
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, extname, join } from "node:path";
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

/** The file that a path of this site means, if there is one. */
function fileOf(path) {
  try {
    const parts = decodeURIComponent(path).split("/").filter(Boolean);
    if (parts.some((part) => part.startsWith(".") || /[\\:\0]/.test(part))) return undefined;
    const file = join(folder, ...(parts.length ? parts : ["index.html"]));
    return statSync(file).isFile() ? file : undefined;
  } catch {
    // A percent sign that encodes nothing, or no such file.
    return undefined;
  }
}

/** Serves the site to the browser that looks at it; answers its address and what ends it. */
export async function serve() {
  let host;
  const server = createServer((request, response) => {
    // Pages of other sites have no business here, under whatever name they come.
    if (request.headers.host !== host) return response.writeHead(421).end();
    const file = fileOf(request.url.split("?")[0]);
    if (!file) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": `${KINDS[extname(file)] ?? "application/octet-stream"}; charset=utf-8`, "x-content-type-options": "nosniff" });
    response.end(readFileSync(file));
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  host = `127.0.0.1:${server.address().port}`;
  return { address: `http://${host}`, close: () => server.close() };
}

export async function browse() {
  const args = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  return chromium.launch({ executablePath: browserPath, args });
}
