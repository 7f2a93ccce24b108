// Packs what is published to npm, as tarballs in ts/dist-npm/: the package strata-ml, and the
// engine for one platform, strata-ml-<platform>, which strata-ml asks for as an optional dependency.
//
//   npm run pack                           builds a release addon for this machine, packs both
//   npm run pack -- --addon FILE           packs this addon instead
//   npm run pack -- --platform NAME        … which is for another platform
//   npm run pack -- --only main|platform   packs one of them
//   npm run pack -- --out FOLDER           puts the tarballs elsewhere
import { spawn } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build, main } from "./build.mjs";
import { BuildError, runNpm } from "./setup.mjs";

const workspace = fileURLToPath(new URL("..", import.meta.url));
const repository = resolve(workspace, "..");
const strata = join(workspace, "packages", "strata");
const json = (path) => JSON.parse(readFileSync(path, "utf8"));
const PLATFORMS = json(join(workspace, "npm", "platforms.json"));

/** What both packages say of themselves. */
function about() {
  const { version, license, engines } = json(join(strata, "package.json"));
  const [, address] = /^repository = "(.+)"$/m.exec(readFileSync(join(repository, "Cargo.toml"), "utf8")) ?? [];
  if (address === undefined) throw new BuildError("Cargo.toml names no repository");
  return { version, license, engines, repository: { type: "git", url: `git+${address}.git`, directory: "ts/packages/strata" } };
}

/** Builds the addon as it is published; cargo's words go to the terminal. */
async function release() {
  const args = ["build", "--package", "strata-node", "--release"];
  const code = await new Promise((done, fail) => {
    const child = spawn(process.env["CARGO"] || "cargo", args, { cwd: repository, stdio: "inherit" });
    child.on("error", fail).on("close", done);
  });
  if (code !== 0) throw new BuildError("cargo could not build the addon");
  const names = { darwin: "libstrata_node.dylib", win32: "strata_node.dll" };
  return join(resolve(repository, process.env["CARGO_TARGET_DIR"] || "target"), "release", names[process.platform] ?? "libstrata_node.so");
}

/** An addon of another version would be refused by the reader's machine, with our name on it. */
function checkVersion(addon, version) {
  // Only a file called .node is loaded as one.
  const folder = mkdtempSync(join(tmpdir(), "strata-"));
  const copy = join(folder, "addon.node");
  copyFileSync(addon, copy);
  const has = createRequire(import.meta.url)(copy).version();
  if (has !== version) throw new BuildError(`${addon} is version ${has}, the package is ${version}`);
  // Windows keeps a loaded library's file; the system clears its temporary folder.
  if (process.platform !== "win32") rmSync(folder, { recursive: true });
}

/** Writes a package's files to a folder of their own and packs it; returns the tarball's path. */
async function pack(manifest, out, write) {
  const folder = mkdtempSync(join(tmpdir(), "strata-pack-"));
  try {
    for (const name of ["LICENSE-MIT", "LICENSE-APACHE"]) copyFileSync(join(repository, name), join(folder, name));
    write(folder);
    writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
    mkdirSync(out, { recursive: true });
    const words = await runNpm(["pack", "--json", "--ignore-scripts", "--loglevel=error", "--pack-destination", out], folder);
    const [{ filename }] = JSON.parse(words);
    return join(out, filename);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function packPlatform(name, addon, out) {
  const { os, cpu, libc, target } = PLATFORMS[name];
  const file = `strata.${name}.node`;
  const manifest = {
    name: `strata-ml-${name}`,
    description: `The engine of strata-ml for ${name}`,
    ...about(),
    os: [os],
    cpu: [cpu],
    ...(libc === undefined ? {} : { libc: [libc] }),
    main: file,
    files: [file, "LICENSE-MIT", "LICENSE-APACHE"],
  };
  return pack(manifest, out, (folder) => {
    copyFileSync(addon, join(folder, file));
    const words = readFileSync(join(workspace, "npm", "README.md"), "utf8");
    writeFileSync(join(folder, "README.md"), words.replaceAll("PLATFORM", name).replaceAll("TARGET", target));
  });
}

function packMain(out) {
  const own = about();
  const engines = Object.keys(PLATFORMS).map((name) => [`strata-ml-${name}`, own.version]);
  // Here and not in the tree, where npm would look for packages that are not published yet.
  const manifest = { ...json(join(strata, "package.json")), ...own, files: ["dist", "src", "LICENSE-MIT", "LICENSE-APACHE"], optionalDependencies: Object.fromEntries(engines) };
  return pack(manifest, out, (folder) => {
    cpSync(join(strata, "dist"), join(folder, "dist"), { recursive: true, filter: (path) => basename(path) !== ".built" });
    // The maps lead there: "go to definition" shows TypeScript.
    cpSync(join(strata, "src"), join(folder, "src"), { recursive: true });
    copyFileSync(join(strata, "README.md"), join(folder, "README.md"));
  });
}

function flags() {
  const text = { type: "string" };
  try {
    return parseArgs({ options: { addon: text, platform: text, only: text, out: text } }).values;
  } catch (error) {
    throw new BuildError(`${error.message}; the flags are --addon FILE, --platform NAME, --only main|platform, --out FOLDER`);
  }
}

await main(async () => {
  const { addon, platform, only, out = join(workspace, "dist-npm") } = flags();
  if (only !== undefined && only !== "main" && only !== "platform") throw new BuildError(`--only is main or platform, not ${only}`);
  await build({ addon: false });
  const { platformName } = await import(pathToFileURL(join(strata, "dist", "platform.js")).href);
  const name = platform ?? platformName();
  if (PLATFORMS[name] === undefined) throw new BuildError(`there is no platform ${name}; npm/platforms.json has ${Object.keys(PLATFORMS).join(", ")}`);
  if (platform !== undefined && platform !== platformName() && addon === undefined) throw new BuildError(`--platform ${platform} needs --addon: only this machine's own is built here`);
  if (only !== "main") {
    const file = addon === undefined ? await release() : resolve(addon);
    if (name === platformName()) checkVersion(file, about().version);
    console.log(await packPlatform(name, file, resolve(out)));
  }
  if (only !== "platform") console.log(await packMain(resolve(out)));
});
