// What is typed, as the words that the index of this site holds: the rules of
// transcripts/site/search_words.py and of the Persian part of transcripts/analysis.py.

const UNSPACED = "\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}\\p{Script=Tibetan}";
const PAIRED = "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}ー\\p{Script=Hangul}" + UNSPACED;
const RUN = new RegExp(
  "(?<pairs>[\\p{Script=Han}\\p{Script=Katakana}ー]+|\\p{Script=Hiragana}+|\\p{Script=Hangul}+|[" + UNSPACED + "]+)" +
    "|(?<persian>\\p{Script=Arabic}[\\p{Script=Arabic}\\p{M}\\u200c ]*)" +
    "|(?<word>(?:(?![" + PAIRED + "\\p{Script=Arabic}])[\\p{L}\\p{M}\\p{N}])+)",
  "gu",
);
const ACCENT = /(?<=[\p{Script=Latin}\p{Script=Greek}\p{Script=Arabic}]\p{Mn}*)\p{Mn}/gu;
const LETTERS = {
  ...{ "ي": "ی", "ى": "ی", "ك": "ک", "ة": "ه", "ە": "ه", "ـ": "", "ß": "ss", "ς": "σ" },
  ...{ "ı": "i", "ł": "l", "ø": "o", "đ": "d", "ħ": "h", "æ": "ae", "œ": "oe" },
};
const DIGITS = ["٠", "۰", "०", "０"].map((zero) => zero.codePointAt(0));

export function fold(text) {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .normalize("NFD")
    .replace(ACCENT, "")
    .replace(/[يىكةەـßςıłøđħæœ]/gu, (letter) => LETTERS[letter])
    .replace(/\p{Nd}/gu, (digit) => {
      const zero = DIGITS.find((each) => digit.codePointAt(0) - each >= 0 && digit.codePointAt(0) - each < 10);
      return zero === undefined ? digit : String(digit.codePointAt(0) - zero);
    })
    .normalize("NFC");
}

const PREFIXES = new Set(["می", "نمی", "بی"]);
const SUFFIX =
  /^(?:ی|ای|ام|ات|اش|مان|تان|شان|اند|ایم|اید|تر|ترین|ها(?:ی(?:ی|م|ت|ش|مان|تان|شان)?|مان|تان|شان|م|ت|ش)?)$/u;
const PLURAL = /(?<=..)ها(?:ی(?:ی|م|ت|ش|مان|تان|شان)?|مان|تان|شان|م|ت|ش)?$/u;
const JOINED_PREFIX = /^ن?می(\p{L}{2,}[مید])$/u;
const EZAFE = /(?<=..[او])ی$/u;
const PERSIAN_WORD = /[\p{L}\p{N}][\p{L}\p{M}\p{N}\u200c]*/gu;

function persianCore(word) {
  const parts = word.split("\u200c").filter(Boolean);
  const core = parts.slice(0, 1).filter((part) => !PREFIXES.has(part) || parts.length === 1);
  core.push(...parts.slice(1).filter((part) => !SUFFIX.test(part)));
  return core.length === 1 && (SUFFIX.test(core[0]) || PREFIXES.has(core[0])) ? [] : core;
}

function persianForms(stem) {
  const verb = stem.match(JOINED_PREFIX);
  const forms = verb ? [stem, verb[1]] : [stem];
  if (stem.endsWith("گان") && stem.length > 5) return [...forms, `${stem.slice(0, -3)}ه`];
  if (stem.endsWith("ان") && stem.length > 5) return [...forms, stem.slice(0, -2)];
  if (stem.endsWith("ی") && stem.length > 3) return [...forms, stem.slice(0, -1)];
  return forms;
}

// Words that mean one thing are a group: a passage that has one of them has it.
function persianGroups(run) {
  const groups = [];
  const stems = [];
  for (const [word] of run.matchAll(PERSIAN_WORD)) {
    const core = persianCore(word);
    if (!core.length) continue;
    const stem = core.join("").replace(PLURAL, "").replace(EZAFE, "");
    stems.push(stem);
    groups.push([...(core.length > 1 ? core : []), ...persianForms(stem)]);
  }
  for (let n = 1; n < stems.length; n += 1) groups.push([stems[n - 1] + stems[n]]);
  return groups;
}

const chars = (run) => [...run];

function pairs(run) {
  const letters = chars(run);
  return letters.length < 2 ? [run] : letters.slice(1).map((letter, at) => letters[at] + letter);
}

function latinForms(word) {
  return [...new Set([word, word.replace(/(?<=...)[aeo]?s?$/u, "")])];
}

// The query as groups of words. Common words, and the endings that Japanese writes in hiragana,
// are left out where something else is asked for.
export function groupsOf(query, common) {
  const groups = [];
  for (const { groups: found } of fold(query).matchAll(RUN)) {
    if (found.pairs) {
      const faint = /^\p{Script=Hiragana}/u.test(found.pairs);
      groups.push(...pairs(found.pairs).map((pair) => ({ words: [pair], faint })));
    } else if (found.persian) {
      groups.push(...persianGroups(found.persian).map((words) => ({ words, faint: common.has(words[0]) })));
    } else {
      groups.push({ words: latinForms(found.word), faint: common.has(found.word) });
    }
  }
  const telling = groups.filter((group) => !group.faint);
  const chosen = telling.length ? telling : groups;
  const seen = new Set();
  return chosen.map((group) => group.words).filter((words) => !seen.has(words[0]) && seen.add(words[0]));
}

// Every word of a text by these rules, for the test that compares both sides.
export function wordsOf(text) {
  return [...fold(text).matchAll(RUN)].flatMap(({ groups: found }) => {
    if (found.pairs) return pairs(found.pairs);
    return found.persian ? persianGroups(found.persian).flat() : latinForms(found.word);
  });
}

// A text in pieces, each with whether it is one of the words: for marking what was found.
export function pieces(text, words) {
  const plain = [...text];
  const bounds = [];
  plain.forEach((letter, at) => {
    for (let n = [...(fold(letter) || "")].length; n > 0; n -= 1) bounds.push(at);
  });
  const folded = plain.map((letter) => fold(letter)).join("");
  const units = [...folded];
  const at = []; // of each UTF-16 unit of the folded text, its letter
  units.forEach((letter, n) => {
    for (let size = letter.length; size > 0; size -= 1) at.push(bounds[n]);
  });
  const marked = new Array(plain.length).fill(false);
  const mark = (from, to) => {
    for (let n = at[from]; n <= at[to - 1]; n += 1) marked[n] = true;
  };
  for (const found of folded.matchAll(RUN)) {
    const run = found[0];
    if (found.groups.pairs) {
      if (words.has(run)) mark(found.index, found.index + run.length);
      for (let n = 0; n + 2 <= run.length; n += 1) {
        if (words.has(run.slice(n, n + 2))) mark(found.index + n, found.index + n + 2);
      }
    } else if (found.groups.persian) {
      for (const word of run.matchAll(PERSIAN_WORD)) {
        if (persianGroups(word[0]).flat().some((form) => words.has(form))) {
          mark(found.index + word.index, found.index + word.index + word[0].length);
        }
      }
    } else if (latinForms(run).some((form) => words.has(form))) mark(found.index, found.index + run.length);
  }
  const made = [];
  plain.forEach((letter, n) => {
    if (made.length && made[made.length - 1][1] === marked[n]) made[made.length - 1][0] += letter;
    else made.push([letter, marked[n]]);
  });
  return made;
}
