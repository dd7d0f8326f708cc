// A proxy that is being made: looked at until it is there, or has failed.
import { $, $$, api, t } from "./page.js";

const EVERY = 1000, PATIENCE = 30;
export const isOpen = state => state === "due" || state === "running";

/** Show how far it is, and how it ends, in a place that has what parts/making.html has. */
export function show(root, told) {
  const place = $("[data-making]", root), bar = $("progress", place), reason = $("[data-reason]", place);
  place.hidden = false;
  place.dataset.making = told.state;
  $("[data-said]", place).textContent = t[`proxy_${told.state}`] ?? "";
  bar.hidden = !isOpen(told.state);
  if (told.progress === null) bar.removeAttribute("value");
  else bar.value = told.progress;
  for (const share of $$("[data-share]", root))
    share.textContent = told.progress === null ? "" : `${Math.round(100 * told.progress)} %`;
  reason.textContent = told.error?.message ?? "";
  reason.hidden = !told.error;
}

/** Tell of each state until it is over; that, or nothing where nobody is left to be told or to tell. */
export async function follow(asset, tell, wanted) {
  for (let failed = 0; failed < PATIENCE;) {
    await new Promise(resolve => setTimeout(resolve, EVERY));
    if (!wanted()) return undefined;
    if (document.hidden) continue;
    try {
      const told = await api("GET", `/assets/${asset}/renditions/proxy`);
      if (!wanted()) return undefined;
      failed = 0;
      tell(told);
      if (!isOpen(told.state)) return told;
    } catch {
      failed += 1; // the server is started again, perhaps
    }
  }
  return undefined;
}
