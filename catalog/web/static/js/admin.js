// Figures that stay true while one looks: the server says when something has happened.
import { $, on, parsed } from "./page.js";

const EVERY = 4000; // an encoder that workers fill tells of no assets
let due = false, busy = false;

// What somebody is about to press is not taken from under them.
const pressed = live => live.contains(document.activeElement) && document.activeElement.matches("button, a");

async function refresh() {
  const live = $("#live");
  if (pressed(live)) return;
  if (busy) { due = true; return; }
  busy = true;
  try {
    const answer = await fetch(live.dataset.live);
    const told = await answer.text();
    if (answer.ok && !pressed(live)) live.replaceChildren(parsed(told));
  } finally {
    busy = false;
    if (due) { due = false; setTimeout(refresh, 500); }
  }
}

export function begin() {
  on(document, "click", "[data-confirm]", (event, button) => { if (!confirm(button.dataset.confirm)) event.preventDefault(); });
  if (!$("#live")) return;
  const source = new EventSource("/api/v1/events");
  for (const type of ["asset", "progress", "ingest", "errand"]) source.addEventListener(type, refresh);
  setInterval(() => { if (!document.hidden && $("#live [data-filling]")) refresh(); }, EVERY);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
}
