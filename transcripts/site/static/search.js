// The search of a published site. Pagefind holds the index; what is typed becomes words by the same
// rules as the texts (words.js). A passage counts by all the words that it has, the rare ones most.
import { fold, groupsOf, pieces } from "./words.js";

const form = document.getElementById("ask");
const status = document.getElementById("status");
const hits = document.getElementById("hits");
const more = document.getElementById("more");
const parts = JSON.parse(form.dataset.parts);
const names = JSON.parse(status.dataset.names);
const directions = JSON.parse(status.dataset.directions);
const number = new Intl.NumberFormat(document.documentElement.lang);
const A_PAGE = 10;
const GROUPS_MAX = 24; // of one query
const common = new Set(form.dataset.common.split(" "));

document.getElementById("no-script").remove();

const folder = (part) => new URL(`${form.dataset.root}${part}/`, location.href).href;

let loading = null;
function index() {
  loading ??= (async () => {
    const pagefind = await import(`${folder(parts[0])}pagefind.js`);
    await pagefind.options({ basePath: folder(parts[0]), baseUrl: "/" });
    await pagefind.init();
    await Promise.all(parts.slice(1).map((part) => pagefind.mergeIndex(folder(part))));
    return pagefind;
  })();
  return loading;
}

const asked = new Map(); // word -> passages that have it, best first
function having(word) {
  if (!asked.has(word)) asked.set(word, index().then((pagefind) => pagefind.search(word)).then((found) => found.results));
  return asked.get(word);
}

// Passages with any of the query's words, best first; all that pass the filters where nothing is asked.
export async function find(query, filters = []) {
  const groups = groupsOf(query, common).slice(0, GROUPS_MAX);
  const [found, sets] = await Promise.all([
    Promise.all(groups.map((words) => Promise.all(words.map(having)))),
    Promise.all(filters.map(having)),
  ]);
  const allowed = sets.map((results) => new Set(results.map((each) => each.id)));
  const scores = new Map();
  const results = new Map();
  for (const ofGroup of found) {
    const best = new Map();
    for (const each of ofGroup.flat()) {
      best.set(each.id, Math.max(each.score, best.get(each.id) || 0));
      results.set(each.id, each);
    }
    const rarity = best.size ? 1 + Math.log(1 + 1000 / best.size) : 0;
    for (const [id, score] of best) {
      const [sum, count] = scores.get(id) || [0, 0];
      scores.set(id, [sum + rarity * (1 + score / (1 + score)), count + 1]);
    }
  }
  if (!groups.length && sets.length) for (const each of sets[0]) results.set(each.id, each);
  const value = ([sum, count]) => (sum * count) / groups.length;
  return [...results.values()]
    .filter((each) => allowed.every((set) => set.has(each.id)))
    .sort((a, b) => (groups.length ? value(scores.get(b.id)) - value(scores.get(a.id)) : 0));
}

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function speech(name, code, text, words) {
  const made = element("p", { class: name, lang: code, dir: directions[code] || "auto" });
  for (const [piece, isHit] of pieces(text, words)) {
    made.append(isHit ? element("mark", { class: "hit" }, piece) : piece);
  }
  return made;
}

function card(shown, words) {
  const where = form.dataset.here + shown.where;
  const pair = element("div", { class: "pair" }, speech("said", shown.language, shown.text || "", words));
  if (shown.translation) pair.append(speech("translated", shown.into, shown.translation, words));
  const panel = element("bdi", {}, shown.panel || "");
  return element(
    "article",
    { class: "hit-card" },
    element(
      "header",
      {},
      element("a", { class: "at", href: where }, shown.clock),
      element("b", {}, element("bdi", {}, shown.speaker || status.dataset.unknown)),
      element("span", { class: "tongue-name" }, names[shown.language] || shown.language),
      element("a", { href: where }, panel),
    ),
    pair,
  );
}

let turn = 0; // answers that come after a later question are dropped
let shownNow = { found: [], count: 0, words: new Set() };

async function show(from) {
  const mine = turn;
  const { found, words } = shownNow;
  const next = found.slice(from, from + A_PAGE).map((each) => each.data());
  if (!next.length) hits.replaceChildren();
  for (const [at, each] of next.entries()) {
    const { meta } = await each;
    if (mine !== turn) return;
    if (!from && !at) hits.replaceChildren();
    hits.append(card(meta, words)); // the best is shown before the others have come
  }
  shownNow.count = from + next.length;
  more.hidden = shownNow.count >= found.length;
}

async function ask() {
  turn += 1;
  const mine = turn;
  const query = form.elements.q.value.trim();
  const chosen = [...form.querySelectorAll("select")].filter((each) => each.value);
  const filters = chosen.map((each) => each.selectedOptions[0].dataset.word);
  const address = new URLSearchParams();
  if (query) address.set("q", query);
  for (const each of chosen) address.set(each.name, each.value);
  history.replaceState(null, "", [...address].length ? `?${address}` : location.pathname);
  if (!query && !filters.length) {
    hits.replaceChildren();
    more.hidden = true;
    status.textContent = status.dataset.ready;
    return;
  }
  try {
    const found = await find(query, filters);
    if (mine !== turn) return;
    shownNow = { found, count: 0, words: new Set(groupsOf(query, common).flat()) };
    await show(0);
    if (mine !== turn) return;
    status.textContent = found.length
      ? status.dataset.some.replace("#", number.format(found.length))
      : status.dataset.none;
  } catch (error) {
    status.textContent = status.dataset.trouble;
    console.warn(error);
  }
}

let waiting = 0;
form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(ask, 10);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
more.addEventListener("click", () => show(shownNow.count));

const given = new URLSearchParams(location.search);
for (const each of form.elements) if (each.name && given.has(each.name)) each.value = given.get(each.name);
having("a").catch(() => {}); // the first search takes longer, also where it finds nothing
ask();
window.symposiaSearch = { find, fold }; // for tests and for other scripts of the organisers
