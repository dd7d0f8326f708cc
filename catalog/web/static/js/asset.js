// An asset's page stays true while one looks: what is made of it, and how far that is.
import { $, parsed } from "./page.js";
import { follow, isOpen, show } from "./making.js";

let busy = false, due = false, following = false;

async function refresh() {
  if (busy) { due = true; return; }
  busy = true;
  try {
    const answer = await fetch(`${location.pathname}?part=live`);
    if (answer.ok) put(parsed(await answer.text()));
  } finally {
    busy = false;
    if (due) { due = false; setTimeout(refresh, 500); }
  }
  keepUp();
}

function put(parts) {
  for (const part of [...parts.children]) {
    const shown = $(`#${part.id}`);
    // What somebody is about to press is not taken from under them.
    if (shown && !shown.contains(document.activeElement)) shown.replaceWith(part);
  }
}

/** How far it is; what else of the page says so is fetched when something begins, or ends. */
function tell(told) {
  const begun = told.progress !== null && !$("#stages [data-share]");
  if (begun || told.state !== $("#made [data-making]")?.dataset.making) refresh();
  else show(document, told);
}

async function keepUp() {
  const place = $("#made [data-making]");
  if (following || !place || !isOpen(place.dataset.making)) return;
  following = true;
  const over = await follow($("#made").dataset.asset, tell, () => true);
  following = false;
  if (over) refresh();
}

export function begin() {
  if (!$("#made")) return;
  let source = null;
  // A browser has six connections to a server: pages in six tabs nobody looks at would hold them all.
  const listen = () => {
    source?.close();
    source = document.hidden ? null : new EventSource("/api/v1/events");
    for (const type of ["asset", "progress"]) source?.addEventListener(type, () => { if (!following) refresh(); });
  };
  document.addEventListener("visibilitychange", listen);
  listen();
  keepUp();
}
