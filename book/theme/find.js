// Finds words in the text of the pages. The text is searched as it stands: no word is left out for being
// common, a listing's names and operators are words like others, and letters are those of any script.
"use strict";

(() => {
  /** What a place in a section counts, beside one in its text. */
  const WEIGHT = { text: 1, code: 0.4, heading: 8, title: 4 };
  /** What a place is worth: the word itself, the beginning of one, of a name's part, another form, its inside. */
  const WORTH = { whole: 1, start: 0.5, part: 0.3, form: 0.2, inside: 0.05 };
  /** The words that a result shows. */
  const TEASER = 30;
  const ENDINGS = [/ations?$/, /ings?$/, /ed$/, /es$/, /s$/, /e$/];

  /** What readers do not tell apart when they type: case, accents, signs that look the same. */
  function fold(text) {
    if (/^[\x20-\x7e]*$/.test(text)) return text.toLowerCase();
    return text
      .normalize("NFKD")
      // Accents and what is not seen; the stroke of ≠ is more than an accent.
      .replace(/[\u0300-\u0337\u0339-\u036f\p{Cf}]/gu, "")
      .normalize("NFC")
      .toUpperCase()
      .toLowerCase()
      .replaceAll("ς", "σ")
      .replace(/[‘’‚‛′]/g, "'")
      .replace(/[“”„‟]/g, '"')
      .replace(/[\u2010-\u2015\u2212]/g, "-");
  }

  const kinds = new Map();
  /** What kind of character stands at a place; nothing if it belongs to no word. */
  function kind(text, at) {
    const c = text[at] ?? "";
    let known = kinds.get(c);
    if (known === undefined) {
      known = /[a-z]/.test(c) ? "latin"
        : c === "_" ? "_"
        : /\p{N}/u.test(c) ? "digit"
        : /\p{Script=Greek}/u.test(c) ? "greek"
        // Scripts that put no spaces between words.
        : /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}\ud800-\udfff]/u.test(c) ? ""
        : /[\p{L}\p{M}]/u.test(c) ? "letter"
        : "";
      kinds.set(c, known);
    }
    return known;
  }

  /** What the word at a place is worth there: whether words, or parts of names, begin and end with it. */
  function worth(text, at, length) {
    const [before, first] = [kind(text, at - 1), kind(text, at)];
    const [last, after] = [kind(text, at + length - 1), kind(text, at + length)];
    if (before && first && before === first) return WORTH.inside;
    if (before && first) return WORTH.part;
    return last && after ? WORTH.start : WORTH.whole;
  }

  /** English endings: who asks for `gradients` is glad of `gradient`. */
  function stem(word) {
    if (!/^[a-z]+$/.test(word)) return word;
    const shorter = ENDINGS.map((ending) => word.replace(ending, ""));
    return shorter.find((short) => short !== word && short.length >= 4) ?? word;
  }

  /** How much of a term a text holds: `good` at the edges of words, `inside` elsewhere. */
  function count({ word, stem }, text) {
    let [good, inside] = [0, 0];
    for (let at = text.indexOf(stem); at >= 0; at = text.indexOf(stem, at + 1)) {
      const exact = text.startsWith(word, at);
      const value = worth(text, at, exact ? word.length : stem.length);
      if (value === WORTH.inside) inside += exact ? value : 0;
      else good += exact ? value : value === WORTH.part ? 0 : WORTH.form;
    }
    return { good, inside };
  }

  /** The pages' sections, as `searchindex.js` has them, ready to be searched. */
  function read(pages) {
    const sections = [];
    for (const [link, title, parts] of pages) {
      const above = [];
      for (const [level, id, heading, text, code] of parts) {
        // The first heading says the page's title again.
        above.length = Math.min(above.length, Math.max(level - 2, 0));
        if (level > 1 && heading) above.push(heading);
        const said = { text, code, heading, title: [title, ...above.slice(0, -1)].join(" » ") };
        const folded = Object.fromEntries(Object.entries(said).map(([key, text]) => [key, fold(text)]));
        sections.push({ link, id, trail: [title, ...above].join(" » "), text, code, length: text.length + code.length, folded });
      }
    }
    const mean = sections.reduce((sum, { length }) => sum + length, 0) / Math.max(sections.length, 1);
    return { sections, mean };
  }

  /** Where a term stands: for each section that has it, how much of it. */
  function places(sections, word) {
    const term = { word, stem: stem(word) };
    const counted = sections.map(({ folded }) => {
      const sum = { good: 0, inside: 0 };
      for (const [key, weight] of Object.entries(WEIGHT)) {
        const { good, inside } = count(term, folded[key]);
        sum.good += weight * good;
        sum.inside += weight * inside;
      }
      return sum;
    });
    // A few letters stand inside of too many words to be of interest, if they stand by themselves anywhere.
    const inner = word.length > 3 || !counted.some(({ good }) => good);
    const amounts = counted.map(({ good, inside }) => good + (inner ? inside : 0));
    const having = amounts.filter(Boolean).length;
    return { term, amounts, having, rare: Math.log(1 + (sections.length - having + 0.5) / (having + 0.5)) };
  }

  /** A word in the forms in which it may stand: without its punctuation, or what it is typed with in TeX. */
  function forms(word) {
    const [trimmed] = word.match(/[\p{L}\p{N}_].*[\p{L}\p{N}_]|[\p{L}\p{N}_]/su) ?? [word];
    return [...new Set([word, trimmed, word.replace(/[\\{}_^$`]/g, "")])].filter(Boolean);
  }

  /** The pieces between a word's punctuation. */
  function pieces(word) {
    return word.split(/[^\p{L}\p{N}_]+/u).filter(Boolean);
  }

  /** A word as it stands somewhere; in its pieces, if it does not. */
  function terms(sections, word) {
    for (const form of forms(word)) {
      const found = places(sections, form);
      if (found.having) return [found];
    }
    return (pieces(word).length > 1 ? pieces(word) : [word]).map((piece) => places(sections, piece));
  }

  /** The sections that a query finds, best first, and the terms that they hold. */
  function find({ sections, mean }, query) {
    const folded = fold(query).trim();
    const words = [...new Set(folded.split(/\s+/).filter(Boolean))];
    const wanted = words.flatMap((word) => terms(sections, word));
    const scores = sections.map(() => ({ score: 0, held: 0 }));
    for (const { amounts, rare } of wanted) {
      amounts.forEach((amount, i) => {
        if (!amount) return;
        // BM25: often is better, but less and less so; much of a short text is more than much of a long one.
        const long = 1.2 * (0.4 + (0.6 * sections[i].length) / mean);
        scores[i].score += (rare * amount * 2.2) / (amount + long);
        scores[i].held += 1;
      });
    }
    const hits = sections.map((section, i) => {
      const { score, held } = scores[i];
      const phrase = words.length > 1 && Object.values(section.folded).some((text) => text.includes(folded));
      return { section, score: (score * held * (phrase ? 2 : 1)) / wanted.length };
    });
    const held = wanted.filter(({ having }) => having).map(({ term, rare }) => ({ ...term, rare }));
    return { hits: hits.filter(({ score }) => score > 0).sort((a, b) => b.score - a.score), terms: held };
  }

  /** The words of a section around what was found, and whether each was asked for. */
  function teaser({ text, code, folded }, terms) {
    const rarest = Math.max(...terms.map(({ rare }) => rare));
    const value = (text) => terms.reduce((sum, term) => sum + Math.min(count(term, text).good, 1) * term.rare, 0);
    const listing = !text || value(folded.code) > value(folded.text);
    const words = (listing ? code : text).split(" ");
    // What stands inside of words counts where nothing better does.
    const whole = folded[listing ? "code" : "text"];
    const looked = terms.map((term) => ({ term, inner: !count(term, whole).good, rare: term.rare }));
    const values = words.map((word, i) => {
      const small = fold(word);
      const found = looked.map(({ term, inner, rare }) => {
        const { good, inside } = count(term, small);
        return (Math.min(good || (inner ? inside : 0), 1) * rare) / rarest;
      });
      const best = Math.max(0, ...found);
      // A sentence is best read from its beginning.
      const first = i === 0 || words[i - 1].endsWith(".");
      return { word, asked: best > 0, value: 40 * best + (first ? 8 : 2) };
    });
    let [sum, best, from] = [0, -1, 0];
    values.forEach(({ value }, i) => {
      sum += value - (values[i - TEASER]?.value ?? 0);
      const whole = i + 1 >= TEASER || i + 1 === values.length;
      if (whole && sum > best) [best, from] = [sum, Math.max(0, i + 1 - TEASER)];
    });
    if (!values.some(({ asked }) => asked)) from = 0;
    return values.slice(from, from + TEASER);
  }

  window.searchText = { fold, stem, forms, pieces, read, find, teaser };
})();
