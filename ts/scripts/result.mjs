// How a part of the tests tells what came of it: cargo's line, which `cargo strata test` adds up.

/** What was counted in one part. */
export function tally() {
  return { passed: 0, failed: 0, ignored: 0, filtered: 0, start: performance.now() };
}

/** `test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.31s` */
export function resultLine({ passed, failed, ignored, filtered, start }) {
  const seconds = ((performance.now() - start) / 1000).toFixed(2);
  const word = failed === 0 ? "ok" : "FAILED";
  return `test result: ${word}. ${passed} passed; ${failed} failed; ${ignored} ignored; 0 measured; ${filtered} filtered out; finished in ${seconds}s`;
}

const told = new Set();

/** Prints the `SKIPPED: <reason>` lines of a text, each reason once. */
export function passSkips(text) {
  for (const [, line] of text.matchAll(/^\s*(SKIPPED: .*?)\s*$/gm)) {
    if (told.has(line)) continue;
    told.add(line);
    console.log(line);
  }
}
