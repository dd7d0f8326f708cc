// The strip of a film: small pictures on one sheet, and when each is shown (docs/renditions.md).
const strips = new Map();

const seconds = text => text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);

async function load(asset) {
  const base = `/api/v1/assets/${asset}/`;
  const answer = await fetch(`${base}strip.vtt`);
  if (!answer.ok) return null;
  const tiles = [];
  const cue = /([\d:.]+) --> ([\d:.]+)[^\n]*\n[^\n#]*#xywh=(\d+),(\d+),(\d+),(\d+)/g;
  for (const found of (await answer.text()).matchAll(cue)) {
    const [x, y, w, h] = found.slice(3).map(Number);
    tiles.push({ start: seconds(found[1]), end: seconds(found[2]), x, y, w, h });
  }
  const sheet = new Image();
  sheet.src = `${base}strip.webp`;
  await sheet.decode();
  return tiles.length ? { tiles, sheet } : null;
}

/** The strip of an asset, asked for once; null where there is none. */
export function strip(asset) {
  if (!strips.has(asset)) {
    if (strips.size > 60) strips.delete(strips.keys().next().value);
    strips.set(asset, load(asset).catch(() => null));
  }
  return strips.get(asset);
}

/** The picture shown at a time. */
export function tileAt({ tiles }, time) {
  let low = 0, high = tiles.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (tiles[middle].start <= time) low = middle; else high = middle - 1;
  }
  return tiles[low];
}

/** Draw it on a canvas, which takes its size. */
export function draw(canvas, { sheet }, { x, y, w, h }) {
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  canvas.getContext("2d").drawImage(sheet, x, y, w, h, 0, 0, w, h);
}
