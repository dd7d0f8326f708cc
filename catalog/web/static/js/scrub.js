// Moving over a picture shows the shot's own pictures, with their timecode.
import { element, on } from "./page.js";
import { draw, strip, tileAt } from "./strip.js";
import { Clock } from "./timecode.js";

let current = null;

function leave() {
  current?.parts.forEach(part => part.remove());
  current = null;
}

async function enter(card, event) {
  leave();
  const { asset, start, end, tc, rate } = card.dataset;
  const parts = [element("canvas"), element("i", { class: "head" }), element("span", { class: "at tc" })];
  const mine = (current = { card, parts, x: event.clientX });
  const loaded = await strip(asset);
  if (current !== mine || !loaded) return;
  mine.show = () => {
    const box = card.querySelector(".pic").getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (mine.x - box.left) / box.width));
    // Not the very end: there the next shot begins.
    const time = Number(start) + share * Math.max(0, end - start - 0.04);
    draw(parts[0], loaded, tileAt(loaded, time));
    parts[1].style.left = `${share * 100}%`;
    parts[2].textContent = new Clock(tc, rate).at(time);
  };
  mine.show();
  card.querySelector(".pic").append(...parts);
}

export function begin(root) {
  on(root, "pointermove", ".card[data-start] .pic", (event, pic) => {
    if (event.pointerType === "touch") return;
    const card = pic.closest(".card");
    if (current?.card !== card) enter(card, event);
    else {
      current.x = event.clientX;
      current.show?.();
    }
  });
  root.addEventListener("pointerover", event => {
    if (current && !current.card.querySelector(".pic").contains(event.target) && !event.target.closest(".acts")) leave();
  });
  document.addEventListener("pointerleave", leave);
}
