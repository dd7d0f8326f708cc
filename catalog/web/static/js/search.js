// The search page: results without a reload, a back button that is right, keys, what is chosen.
import { $, $$, may, on, parsed, say, typing } from "./page.js";
import { Player } from "./player.js";
import * as scrub from "./scrub.js";
import { Shots } from "./shots.js";

const states = new Map();
let shots = null, player = null, at = -1, anchor = -1, running = null, counting = false, key = null, leftAt = null;

const here = () => new URL(location);
const withPart = (url, part, changes = {}) => {
  const asked = new URL(url, location);
  for (const [name, value] of Object.entries({ ...changes, part })) asked.searchParams.set(name, value);
  return asked;
};

// --- one state of the page -----------------------------------------------------

function take() {
  const list = $("#shots");
  shots?.end();
  shots = null;
  at = anchor = -1;
  if (!list) return;
  const asked = here();
  asked.searchParams.delete("shot");
  const fetchPage = async after => {
    const answer = await fetch(withPart(asked, "cards", { after }));
    if (!answer.ok) throw new Error(String(answer.status));
    return { html: await answer.text(), next: answer.headers.get("X-Next") };
  };
  shots = new Shots(list, asked.searchParams.get("after") ?? "", fetchPage);
}

function start() {
  shots?.begin();
  const next = $("#next");
  if (!next || !shots) return;
  // The button is for those without scripts; with them its place is where the end comes into view.
  $("[rel=next]", next)?.addEventListener("click", event => { event.preventDefault(); shots.more(); });
}

function remember() {
  const nodes = ["facets", "main"].map(id => [...$(`#${id}`).childNodes]);
  states.set(key, { nodes, counting, shots, at, scroll: scrollY, title: document.title, form: hidden() });
  if (states.size > 12) states.delete(states.keys().next().value);
}

const hidden = () => $$("#find input[type=hidden]");
const fresh = () => `${Date.now()}-${Math.random().toString(36).slice(2)}`;

/** Go to another state of the page: only what differs is replaced. */
export async function go(url, { push = true, keepFocus = false } = {}) {
  running?.abort();
  const mine = (running = new AbortController());
  document.body.classList.add("loading");
  try {
    const answer = await fetch(withPart(url, "page"), { signal: mine.signal });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!$("#facets", page)) return location.assign(url);
    if (push) {
      remember();
      key = fresh();
      const shown = new URL(answer.url);
      shown.searchParams.delete("part");
      history.pushState({ key }, "", shown);
    }
    place(page, keepFocus);
    scrollTo(0, 0);
    count(mine.signal);
  } catch (error) {
    if (error.name !== "AbortError") location.assign(url);
  } finally {
    if (running === mine) document.body.classList.remove("loading");
  }
  return undefined;
}

/** The counts come after the results: to count a large library takes longer than to search it. */
async function count(signal) {
  counting = true;
  try {
    const answer = await fetch(withPart(here(), "facets"), { signal });
    if (!answer.ok) return;
    $("#facets").replaceChildren(parsed(await answer.text()));
    counting = false;
  } catch { /* another search has begun, or the network is away: those of before stay */ }
}

function place(page, keepFocus) {
  shots?.end();
  document.title = page.title;
  $("#main").replaceChildren(...$("#main", page).childNodes);
  hidden().forEach(input => input.remove());
  $("#find .box").append(...$$("#find input[type=hidden]", page));
  $("#q").value = $("#q", page).value;
  showPanel($("#watch", page));
  take();
  start();
  if (!keepFocus) $("#main h1")?.focus?.();
  pointAtMistake();
}

function putBack(state) {
  shots?.end();
  leftAt = null;
  ["facets", "main"].forEach((id, n) => $(`#${id}`).replaceChildren(...state.nodes[n]));
  ({ shots, at } = state);
  // Not what stood in the box when the state was left: that was typed for the next one.
  $("#q").value = here().searchParams.get("q") ?? "";
  document.title = state.title;
  hidden().forEach(input => input.remove());
  $("#find .box").append(...state.form);
  shots?.begin();
  scrollTo(0, state.scroll);
  shots?.draw();
  running?.abort();
  running = new AbortController();
  counting = state.counting;
  if (counting) count(running.signal);
}

function pointAtMistake() {
  const wrong = $(".wrong"), box = $("#q");
  box.toggleAttribute("aria-invalid", Boolean(wrong));
  if (!wrong?.dataset.length || document.activeElement !== box) return;
  // The server counts characters, a text box halves of some.
  const before = [...box.value].slice(0, wrong.dataset.position).join("").length;
  const within = [...box.value].slice(0, Number(wrong.dataset.position) + Number(wrong.dataset.length)).join("").length;
  box.setSelectionRange(before, within);
}

// --- the player --------------------------------------------------------------------

function showPanel(section) {
  player?.end();
  player = null;
  const open = Boolean($(".player", section));
  $("#watch").replaceChildren(...section.childNodes);
  $("#watch").hidden = !open;
  document.body.classList.toggle("watching", open);
  if (open) player = new Player($(".player"));
  else if (leftAt !== null) scrollTo(0, leftAt);
  if (!open) leftAt = null;
  mark();
}

/** On narrow screens the player stands above the shots: it comes into view, and where one was is kept for its end. */
function isAbove() {
  const panel = $("#watch").getBoundingClientRect(), list = $("#shots")?.getBoundingClientRect();
  return Boolean(list && panel.height && panel.bottom <= list.top);
}

function mark() {
  const shot = here().searchParams.get("shot");
  $$(".card.shown").forEach(card => card.classList.remove("shown"));
  if (shot) $(`.card[data-clip="${CSS.escape(shot)}"]`)?.classList.add("shown");
}

async function watch(url, { push = true } = {}) {
  const wasOpen = document.body.classList.contains("watching");
  const answer = await fetch(withPart(url, "watch"));
  const html = await answer.text();
  if (!answer.ok) return location.assign(url);
  if (push) {
    if (wasOpen) history.replaceState(history.state, "", url);
    else history.pushState({ key, opened: true }, "", url);
  }
  const section = document.createElement("section");
  section.append(parsed(html));
  const index = shots?.indexOf(here().searchParams.get("shot")) ?? -1;
  const from = scrollY - (wasOpen && isAbove() ? $("#watch").offsetHeight : 0);
  showPanel(section);
  if (index >= 0) at = index;
  if (isAbove()) {
    leftAt = from;
    scrollBy(0, $("#watch").getBoundingClientRect().top - Math.max(0, $(".top").getBoundingClientRect().bottom));
  } else if (index >= 0 && !wasOpen) requestAnimationFrame(() => { shots.measure(); shots.reveal(at); });
  player?.begin();
  return undefined;
}

function closePanel() {
  if (history.state?.opened) return history.back();
  const url = here();
  url.searchParams.delete("shot");
  history.replaceState({ key }, "", url);
  return showPanel(document.createElement("section"));
}

// --- choosing, by mouse and keys --------------------------------------------------------

function choose(card, yes) {
  const { clip, name } = card.dataset;
  if (!clip) return;
  if (yes) shots.chosen.set(clip, { name, asset: card.dataset.asset });
  else shots.chosen.delete(clip);
  card.classList.toggle("chosen", yes);
  $(".choose", card).checked = yes;
  acting();
}

function acting() {
  const count = shots.chosen.size;
  $("#acting").hidden = !count;
  document.body.classList.toggle("choosing", count > 0);
  $("#acting-count").textContent = say("chosen", { count });
  $("[data-act=compare]").disabled = count !== 2;
}

/** The clips to act on: what is chosen, else the shot under the focus, else the one that is watched. */
function meant() {
  if (shots?.chosen.size) return [...shots.chosen.keys()];
  const card = document.activeElement?.closest?.(".card");
  const clip = card?.dataset.clip || here().searchParams.get("shot");
  return clip ? [clip] : [];
}

/** Whether what is meant is the shot that is watched: of that one what is marked. */
const marking = () => player && !shots?.chosen.size && meant().every(clip => Number(clip) === player.shot);

async function act(what, clips = meant()) {
  if (!clips.length) return;
  if (what === "none") { shots.chosen.clear(); shots.stale = true; shots.draw(); acting(); }
  else if (what === "bin") (await import("./bins.js")).add(clips.map(clip => ({ clip })));
  else if (what === "tag") (await import("./bins.js")).tag([...shots.chosen.values()].map(each => Number(each.asset)));
  else if (what === "compare" && clips.length === 2) location.assign(`/compare?clip=${clips[0]}&clip=${clips[1]}`);
  else if (what === "like" || what === "not") go(byExample(what, clips.map(clip => `clip:${clip}`)));
}

/** The search with these examples: to be like them and no others, or away from them as well. */
function byExample(what, examples) {
  const url = new URL("/", location), asked = here().searchParams;
  for (const name of ["q", "sort", "group", "density", ...(what === "not" ? ["image"] : [])]) if (asked.get(name)) url.searchParams.set(name, asked.get(name));
  const others = name => asked.getAll(name).filter(each => !examples.includes(each));
  const given = what === "like" ? { like: examples, not: others("not") } : { like: others("like"), not: [...others("not"), ...examples] };
  for (const [name, values] of Object.entries(given)) values.slice(-10).forEach(each => url.searchParams.append(name, each));
  return url;
}

function step(by, event) {
  if (!shots?.count) return;
  const inGrid = document.activeElement?.closest?.(".card");
  if (inGrid) at = shots.indexOf(inGrid.dataset.clip);
  const from = at;
  at = Math.max(0, Math.min(shots.count - 1, at < 0 ? 0 : at + by));
  shots.reveal(at);
  $(".pic", shots.item(at) ?? shots.list)?.focus({ preventScroll: true });
  if (event.shiftKey) {
    if (anchor < 0) anchor = Math.max(0, from);
    for (let n = Math.min(anchor, at); n <= Math.max(anchor, at); n++) {
      const card = shots.item(n);
      if (card) choose(card, true);
    }
  } else anchor = -1;
}

const keys = {
  ArrowRight: event => step(getComputedStyle(shots.list).direction === "rtl" ? -1 : 1, event),
  ArrowLeft: event => step(getComputedStyle(shots.list).direction === "rtl" ? 1 : -1, event),
  ArrowDown: event => step(shots.columns, event),
  ArrowUp: event => step(-shots.columns, event),
  Home: event => step(-Infinity, event),
  End: event => step(Infinity, event),
  x: () => { const card = document.activeElement.closest(".card"); if (card) choose(card, !shots.chosen.has(card.dataset.clip)); },
  b: () => may("editor") && (marking() ? player.add() : act("bin")),
  m: () => act("like"),
  n: () => act("not"),
  c: () => act("compare"),
};

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event) || $("dialog[open]")) return;
  const inGrid = event.target.closest?.(".shots");
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (name === "Escape") {
    if (shots?.chosen.size) act("none");
    else if (player) closePanel();
    return;
  }
  // With a film in view its own keys come first, except within the grid.
  if (player && !inGrid && player.key(event)) return event.preventDefault();
  if (player && inGrid && /^[jklio ,.]$/.test(name) && player.key(event)) return event.preventDefault();
  if (!keys[name] || !shots || (name.startsWith("Arrow") && !inGrid && event.target !== document.body)) return;
  event.preventDefault();
  keys[name](event);
}

// --- listening ---------------------------------------------------------------------------

function restored() {
  const entry = performance.getEntriesByType("navigation")[0];
  const left = JSON.parse(sessionStorage.getItem("left"));
  if (!shots || entry?.type !== "back_forward" || left?.url !== location.href) return;
  shots.resume(left.pages);
  shots.draw();
  scrollTo(0, left.scroll);
  shots.draw();
}

export function begin() {
  history.scrollRestoration = "manual";
  key = history.state?.key ?? fresh();
  history.replaceState({ key }, "");
  take();
  start();
  scrub.begin($("#main"));
  if ($(".player")) { player = new Player($(".player")); player.begin(); mark(); }
  restored();

  on(document, "click", "a[data-soft]", (event, link) => plain(event) && (event.preventDefault(), go(link.href)));
  on(document, "click", "a[data-watch]", (event, link) => {
    if (!plain(event)) return;
    event.preventDefault();
    const card = link.closest(".card");
    if (event.shiftKey || shots.chosen.size) choose(card, !shots.chosen.has(card.dataset.clip));
    else watch(link.href);
  });
  on(document, "click", "[data-close]", (event, link) => plain(event) && (event.preventDefault(), closePanel()));
  on(document, "click", "[data-add]", (event, button) => act("bin", [button.closest(".card").dataset.clip]));
  on(document, "click", "[data-act]", (event, button) => act(button.dataset.act));
  on(document, "change", ".choose", (event, box) => choose(box.closest(".card"), box.checked));
  on(document, "change", "#sort", (event, select) => go(`/?${new URLSearchParams(new FormData(select.form))}`));
  on(document, "submit", "#find", event => {
    event.preventDefault();
    const asked = new URLSearchParams(new FormData(event.target));
    for (const [name, value] of [...asked]) if (!value) asked.delete(name);
    go(asked.size ? `/?${asked}` : "/", { keepFocus: true });
  });
  document.addEventListener("keydown", pressed);
  document.addEventListener("proxy", () => player && watch(here(), { push: false }));
  addEventListener("popstate", event => {
    const url = here();
    const before = key;
    key = event.state?.key ?? null;
    const shot = url.searchParams.get("shot");
    const settle = () => shot ? watch(url, { push: false }) : showPanel(document.createElement("section"));
    if (key === before) return settle();
    const state = states.get(key);
    if (!state) return go(url, { push: false });
    putBack(state);
    return settle();
  });
  addEventListener("pagehide", () => {
    if (shots) sessionStorage.setItem("left", JSON.stringify({ url: location.href, pages: shots.place, scroll: scrollY }));
  });
}

const plain = event => !(event.ctrlKey || event.metaKey || event.altKey || event.button);
