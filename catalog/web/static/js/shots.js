// The endless list: as far as it is loaded it has its full height, but only rows in view are elements.
// A page far off is forgotten down to its cursor, and asked for again when it comes near.
import { $, $$, element, parsed } from "./page.js";

const ABOVE = 2, KEPT = 8;

export class Shots {
  #pages = [];
  #count = 0;
  #next;
  #busy = null;
  #seen = new Set();
  #first = -1;
  #last = -1;

  /** list: the <ul> with its first page. fetchPage(cursor): its HTML and the cursor after it. */
  constructor(list, after, fetchPage) {
    this.list = list;
    this.fetchPage = fetchPage;
    this.grouped = list.dataset.group === "asset";
    this.#next = list.dataset.next;
    this.chosen = new Map();
    this.#take(after, [...list.children]);
    this.onScroll = () => { this.wait ??= requestAnimationFrame(() => { this.wait = null; this.draw(); }); };
    this.onResize = () => { this.measure(); this.draw(); };
  }

  get count() { return this.#count; }

  /** Pages by cursor and size: enough to be as far down again after coming back. */
  get place() { return { pages: this.#pages.map(page => [page.after, page.count]), next: this.#next }; }

  resume({ pages, next }) {
    if (this.grouped) return;
    for (const [after, count] of pages.slice(1)) {
      this.#pages.push({ after, count, first: this.#count, items: null, asked: null });
      this.#count += count;
    }
    this.#next = next;
  }

  begin() {
    addEventListener("scroll", this.onScroll, { passive: true });
    addEventListener("resize", this.onResize);
    this.width = new ResizeObserver(() => this.onResize());
    this.width.observe(this.list.parentElement);
    this.measure();
    this.draw();
  }

  end() {
    removeEventListener("scroll", this.onScroll);
    removeEventListener("resize", this.onResize);
    this.width?.disconnect();
  }

  #take(after, items) {
    const kept = this.grouped ? items.filter(item => this.#isNew(item)) : items;
    this.#pages.push({ after, count: kept.length, first: this.#count, items: kept, asked: null, assets: new Set(kept.map(item => item.dataset.asset)) });
    this.#count += kept.length;
  }

  /** Of an asset that is shown already there is no second card; the first counts it. */
  #isNew(item) {
    const asset = item.dataset.asset;
    if (!this.#seen.has(asset)) return this.#seen.add(asset);
    return false;
  }

  measure() {
    const card = this.list.firstElementChild;
    if (!card) return;
    const style = getComputedStyle(this.list);
    this.columns = style.gridTemplateColumns.split(" ").length;
    this.row = card.getBoundingClientRect().height + parseFloat(style.rowGap);
    this.gap = parseFloat(style.rowGap);
    this.#first = -1;
  }

  /** Put what is in view, and a little around it, into the document. */
  draw() {
    if (!this.row || !this.list.isConnected) return;
    const top = this.list.getBoundingClientRect().top;
    const rows = Math.ceil(this.#count / this.columns);
    const from = Math.max(0, Math.floor(-top / this.row) - ABOVE);
    const to = Math.min(rows, Math.ceil((innerHeight - top) / this.row) + ABOVE);
    this.#fill(Math.min(from, Math.max(0, rows - 1)) * this.columns, Math.min(this.#count, Math.max(to, 1) * this.columns));
    const shown = Math.ceil(this.#last / this.columns);
    this.list.style.paddingTop = `${(this.#first / this.columns) * this.row}px`;
    this.list.style.paddingBottom = `${Math.max(0, rows - shown) * this.row}px`;
    this.list.toggleAttribute("data-ended", !this.#next);
    if (this.#next && to >= rows - 12) this.more();
  }

  #fill(first, last) {
    if (first === this.#first && last === this.#last && !this.stale) return;
    this.stale = false;
    this.#first = first;
    this.#last = last;
    const wanted = [];
    for (let at = first; at < last; at++) wanted.push(this.item(at) ?? this.#hollow());
    const keep = new Set(wanted);
    for (const child of [...this.list.children]) if (!keep.has(child)) child.remove();
    // In place: an element that is moved loses its focus and its loaded picture.
    let before = this.list.firstElementChild;
    for (const item of wanted) {
      if (item === before) before = before.nextElementSibling;
      else this.list.insertBefore(item, before);
    }
    wanted.forEach((item, at) => {
      item.setAttribute("aria-posinset", first + at + 1);
      item.setAttribute("aria-setsize", this.#next ? -1 : this.#count);
    });
    this.#forget(first, last);
  }

  #hollow() { return element("li", { class: "card hollow" }, element("span", { class: "pic" }), element("div", { class: "text" })); }

  #pageOf(at) {
    let low = 0, high = this.#pages.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#pages[middle].first <= at) low = middle; else high = middle - 1;
    }
    return this.#pages[low];
  }

  /** The element at a place; undefined while its page is on its way. */
  item(at) {
    const page = this.#pageOf(at);
    if (!page?.items) {
      page && this.#refetch(page);
      return undefined;
    }
    const item = page.items[at - page.first];
    if (item) this.#mark(item);
    return item;
  }

  #mark(item) {
    const chosen = this.chosen.has(item.dataset.clip);
    item.classList.toggle("chosen", chosen);
    const box = $(".choose", item);
    if (box) box.checked = chosen;
  }

  #refetch(page) {
    page.asked ??= this.fetchPage(page.after).then(({ html }) => {
      const items = $$(".card", parsed(html));
      const once = new Set();
      const mine = item => page.assets.has(item.dataset.asset) && !once.has(item.dataset.asset) && once.add(item.dataset.asset);
      page.items = (this.grouped ? items.filter(mine) : items).slice(0, page.count);
      page.asked = null;
      this.stale = true;
      this.draw();
    }).catch(() => { page.asked = null; });
  }

  #forget(first, last) {
    const near = this.#pages.indexOf(this.#pageOf(Math.floor((first + last) / 2)));
    this.#pages.forEach((page, n) => { if (Math.abs(n - near) > KEPT && page.items) page.items = null; });
  }

  /** Ask for the page after the last. */
  more() {
    if (!this.#next || this.#busy) return this.#busy;
    const after = this.#next;
    this.#busy = this.fetchPage(after).then(({ html, next }) => {
      this.#next = next;
      this.#take(after, $$(".card", parsed(html)));
      this.stale = true;
    }).finally(() => { this.#busy = null; }).then(() => this.draw());
    return this.#busy;
  }

  get ended() { return !this.#next; }

  /** The place of a clip among what is loaded, or -1. */
  indexOf(clip) {
    for (const page of this.#pages) {
      const at = page.items?.findIndex(item => item.dataset.clip === clip) ?? -1;
      if (at >= 0) return page.first + at;
    }
    return -1;
  }

  /** Bring a place into view. */
  reveal(at) {
    const y = Math.floor(at / this.columns) * this.row, top = this.list.getBoundingClientRect().top + y;
    const bar = $(".top").getBoundingClientRect().bottom;
    if (top < bar) scrollBy(0, top - bar - this.gap);
    else if (top + this.row > innerHeight) scrollBy(0, top + this.row - innerHeight + this.gap);
    this.draw();
  }
}
