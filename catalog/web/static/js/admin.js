// Figures that stay true while one looks: the server says when something has happened.
import { $, parsed } from "./page.js";

let due = 0, busy = false;

async function refresh() {
  if (busy) { due = 1; return; }
  busy = true;
  try {
    const answer = await fetch("/admin?part=live");
    if (answer.ok) $("#live").replaceChildren(parsed(await answer.text()));
  } finally {
    busy = false;
    if (due) { due = 0; setTimeout(refresh, 500); }
  }
}

export function begin() {
  if (!$("#live")) return;
  const source = new EventSource("/api/v1/events");
  for (const type of ["asset", "progress", "ingest"]) source.addEventListener(type, refresh);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
}
