// One bin: order by dragging, notes kept as they are typed, a player beside.
import { $, $$, api, kept, on, parsed, t, toast, tried } from "./page.js";
import { Player } from "./player.js";

let player = null, dragged = null;

function number(list) { $$("li", list).forEach((item, n) => { $(".num", item).textContent = n + 1; }); }

function place(list, event) {
  const over = event.target.closest("li");
  $$(".before", list).forEach(item => item.classList.remove("before"));
  if (!over || over === dragged) return null;
  const { top, height } = over.getBoundingClientRect();
  const before = event.clientY < top + height / 2 ? over : over.nextElementSibling;
  before?.classList.add("before");
  return { before };
}

async function move(list, item, before) {
  list.insertBefore(item, before);
  number(list);
  const body = { items: [Number(item.dataset.item)], before: before ? Number(before.dataset.item) : null };
  if (!(await tried(() => api("POST", `/bins/${list.dataset.bin}/items/move`, body)))) location.reload();
}

function ordering(list) {
  list.addEventListener("dragstart", event => {
    dragged = event.target.closest("li");
    dragged.classList.add("dragged");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.clip);
  });
  list.addEventListener("dragover", event => { if (dragged) { event.preventDefault(); place(list, event); } });
  list.addEventListener("drop", event => {
    event.preventDefault();
    const found = dragged && place(list, event);
    if (found && found.before !== dragged.nextElementSibling) move(list, dragged, found.before);
  });
  list.addEventListener("dragend", () => {
    $$(".before, .dragged", list).forEach(item => item.classList.remove("before", "dragged"));
    dragged = null;
  });
  on(list, "keydown", "li", (event, item) => {
    if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    const focus = document.activeElement;
    if (event.key === "ArrowUp" && item.previousElementSibling) move(list, item, item.previousElementSibling);
    if (event.key === "ArrowDown" && item.nextElementSibling) move(list, item, item.nextElementSibling.nextElementSibling);
    focus.focus();
  });
  // A text field within something that can be dragged cannot be marked in.
  on(list, "pointerdown", "input", (_, input) => { input.closest("li").draggable = false; });
  on(list, "focusout", "input", (_, input) => { input.closest("li").draggable = true; });
  on(list, "change", "input[name=note]", async (_, input) => {
    const item = input.closest("li").dataset.item;
    if (await tried(() => api("PATCH", `/bins/${list.dataset.bin}/items/${item}`, { note: input.value.trim() || null }))) toast(t.noted);
  });
}

async function watch(link) {
  const answer = await fetch(`${link.href}&part=watch`);
  if (!answer.ok) return location.assign(link.href);
  player?.end();
  $("#watch").replaceChildren(parsed(await answer.text()));
  $("#watch").hidden = false;
  document.body.classList.add("watching");
  $$(".binned .shown").forEach(item => item.classList.remove("shown"));
  link.closest("li")?.classList.add("shown");
  history.replaceState(null, "", link.href);
  player = new Player($(".player"));
  return player.begin();
}

export function begin() {
  const list = $("#binned");
  if (list && $(".grip", list)) ordering(list);
  if ($(".player")) { player = new Player($(".player")); player.begin(); }
  on(document, "click", "a[data-watch]", (event, link) => { event.preventDefault(); watch(link); });
  on(document, "click", "[data-close]", event => {
    event.preventDefault();
    player?.end();
    player = null;
    $("#watch").hidden = true;
    document.body.classList.remove("watching");
    const left = new URL(location);
    for (const name of ["shot", "item"]) left.searchParams.delete(name);
    history.replaceState(null, "", left);
  });
  on(document, "click", "[data-confirm]", (event, button) => { if (!confirm(button.dataset.confirm)) event.preventDefault(); });
  $("#share")?.addEventListener("click", () => tried(async () => {
    await navigator.clipboard.writeText(location.origin + location.pathname);
    toast(t.link_copied);
  }));
  document.addEventListener("keydown", event => {
    if (event.target.closest("input, textarea, select") || event.altKey || event.ctrlKey || event.metaKey) return;
    if (player?.key(event)) event.preventDefault();
  });
  kept.set("bin", list ? Number(list.dataset.bin) : kept.get("bin", null));
}
