// The search box: what can be completed, what was asked before, and pictures to search by.
import { $, $$, element, kept, on, say, t, tried, typing, toast } from "./page.js";

const box = $("#q"); // the page to log in at has none
let list = null, chosen = -1, asking = null, waiting = 0;

const RECENT = "recent", SAVED = "saved";

function close() {
  list?.remove();
  list = null;
  chosen = -1;
  box.setAttribute("aria-expanded", "false");
  box.removeAttribute("aria-activedescendant");
}

function open(rows) {
  const held = options()[chosen]?.text; // an answer that comes late takes nobody's choice away
  close();
  if (!rows.length) return;
  list = element("div", { class: "drop-list", id: "suggestions", role: "listbox", "aria-label": t.suggestions }, ...rows);
  $(".find").append(list);
  $$("[role=option]", list).forEach((option, n) => { option.id = `suggestion-${n}`; });
  box.setAttribute("aria-expanded", "true");
  const again = held === undefined ? -1 : options().findIndex(each => each.text === held);
  if (again >= 0) select(again);
}

const options = () => (list ? $$("[role=option]", list) : []);

function select(n) {
  const all = options();
  if (!all.length) return;
  all[chosen]?.setAttribute("aria-selected", "false");
  chosen = (n + all.length) % all.length;
  all[chosen].setAttribute("aria-selected", "true");
  all[chosen].scrollIntoView({ block: "nearest" });
  box.setAttribute("aria-activedescendant", all[chosen].id);
}

function option({ text, about = "", count, put }) {
  const row = element("div", { role: "option", "aria-selected": "false" },
    element("bdi", { text }), element("span", { class: "about", text: about }));
  if (count !== undefined && count !== null) row.append(element("span", { class: "num", text: count }));
  row.text = text;
  row.put = put;
  return row;
}

// --- completion -------------------------------------------------------------------

async function complete() {
  asking?.abort();
  const mine = (asking = new AbortController());
  const before = box.value, at = [...before.slice(0, box.selectionStart)].length;
  if (!before.trim()) return past();
  try {
    const answer = await fetch(`/complete?${new URLSearchParams({ q: before, at })}`, { signal: mine.signal });
    if (!answer.ok || box.value !== before || document.activeElement !== box) return close();
    const { start, end, suggestions } = await answer.json();
    const letters = [...before];
    return open(suggestions.map(({ text, about, shots, open: goesOn }) => option({
      text, about, count: shots,
      put: () => {
        const head = letters.slice(0, start).join("") + text + (goesOn ? "" : " ");
        box.value = head + letters.slice(end).join("").replace(/^ /, "");
        box.setSelectionRange(head.length, head.length);
        close(); // or Enter would put the same once more, until the next list is there
        complete();
      },
    })));
  } catch (error) {
    if (error.name !== "AbortError") close();
    return undefined;
  }
}

// --- what was asked before ------------------------------------------------------------

function past() {
  const rows = [];
  for (const [name, title] of [[SAVED, t.saved], [RECENT, t.recent]]) {
    const queries = kept.get(name, []);
    if (!queries.length) continue;
    rows.push(element("div", { class: "head", role: "presentation", text: title }));
    rows.push(...queries.map(text => {
      const row = option({ text, put: () => { box.value = text; close(); $("#find").requestSubmit(); } });
      const forget = element("button", { type: "button", class: "forget", tabindex: "-1", "aria-label": say("forget", { text }), text: "×" });
      forget.addEventListener("pointerdown", event => {
        event.preventDefault();
        event.stopPropagation();
        kept.set(name, kept.get(name, []).filter(each => each !== text));
        past();
      });
      row.append(forget);
      return row;
    }));
  }
  open(rows);
}

function remember() {
  const text = box.value.trim();
  if (text) kept.set(RECENT, [text, ...kept.get(RECENT, []).filter(each => each !== text)].slice(0, 8));
}

function save() {
  const text = box.value.trim(), saved = kept.get(SAVED, []);
  if (!text) return box.focus();
  const there = saved.includes(text);
  kept.set(SAVED, there ? saved.filter(each => each !== text) : [text, ...saved].slice(0, 30));
  return toast(say(there ? "unsaved_search" : "saved_search", { text }));
}

// --- pictures ------------------------------------------------------------------------------

async function searchBy(file) {
  const form = new FormData();
  form.set("picture", file);
  form.set("state", location.pathname === "/" ? location.search : "");
  form.set("csrf", $("meta[name=csrf]").content);
  toast(t.reading_picture);
  await tried(async () => {
    const answer = await fetch("/", { method: "POST", body: form, headers: { "X-CSRF-Token": $("meta[name=csrf]").content } });
    if (answer.ok) return location.assign(answer.url);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    throw new Error($(".empty p", page)?.textContent ?? answer.statusText);
  });
}

const pictureOf = items => [...(items ?? [])].find(file => file.type.startsWith("image/"));

function begin() {
  if (!box) return;
  for (const [name, value] of Object.entries({ role: "combobox", "aria-expanded": "false", "aria-controls": "suggestions", "aria-autocomplete": "list" })) box.setAttribute(name, value);
  box.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(complete, 60); });
  box.addEventListener("focus", () => { if (!box.value.trim()) past(); });
  box.addEventListener("blur", close);
  box.addEventListener("keydown", event => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!list) return complete();
      event.preventDefault();
      select(chosen + (event.key === "ArrowDown" ? 1 : chosen < 0 ? 0 : -1));
    } else if (event.key === "Escape" && list) { event.stopPropagation(); close(); }
    else if ((event.key === "Enter" || (event.key === "Tab" && !event.shiftKey)) && chosen >= 0) {
      event.preventDefault();
      options()[chosen].put();
    }
    return undefined;
  });
  on($(".find"), "pointerdown", "[role=option]", (event, row) => { event.preventDefault(); row.put(); });
  $("#find").addEventListener("submit", () => { clearTimeout(waiting); asking?.abort(); remember(); close(); }, { capture: true });
  $("#save")?.addEventListener("click", save);
  document.addEventListener("keydown", event => {
    if (event.key !== "/" || typing(event) || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    box.focus();
    box.select();
  });

  $("#pick").addEventListener("click", () => $("#picture").click());
  $("#picture").addEventListener("change", event => event.target.files[0] && searchBy(event.target.files[0]));
  document.addEventListener("dragover", event => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    $(".box").classList.add("drop");
  });
  document.addEventListener("dragleave", event => { if (!event.relatedTarget) $(".box").classList.remove("drop"); });
  document.addEventListener("drop", event => {
    $(".box").classList.remove("drop");
    const file = pictureOf(event.dataTransfer.files);
    if (!file) return;
    event.preventDefault();
    searchBy(file);
  });
  document.addEventListener("paste", event => {
    const file = pictureOf(event.clipboardData?.files);
    if (file) searchBy(file);
  });
}

export { begin };
