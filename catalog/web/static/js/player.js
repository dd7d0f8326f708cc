// The player: timecode of the essence, J/K/L, frames, marks, and lists that keep in step.
import { $, $$, api, element, on, say, t, toast, tried } from "./page.js";
import { follow as followMaking, isOpen, show } from "./making.js";
import { draw, strip, tileAt } from "./strip.js";
import { Clock, length } from "./timecode.js";

const SPEEDS = [1, 2, 4, 8];

export class Player {
  constructor(root) {
    const { asset, clip, tc, rate, start, end, from, to, duration } = root.dataset;
    Object.assign(this, { root, asset, clip: Number(clip), shot: Number(clip), duration: Number(duration), speed: 0 });
    this.clock = new Clock(tc, rate);
    this.in = Number(start);
    this.out = Number(end);
    this.whole = [Number(from), Number(to)];
    this.film = $("#film", root);
    this.listening = new AbortController();
  }

  begin() {
    const { root, film } = this, { signal } = this.listening;
    const listen = (target, type, act) => target?.addEventListener(type, act, { signal });
    if (film) {
      listen(film, "loadedmetadata", () => this.seek(this.in));
      if (film.readyState) this.seek(this.in);
      listen(film, "error", () => { $("#unplayed", root).hidden = false; });
      for (const type of ["timeupdate", "seeked", "pause"]) listen(film, type, () => this.tell());
      // Told late, when keys have long said otherwise: what counts is how the film is now.
      listen(film, "pause", () => { if (this.speed > 0 && film.paused) this.setSpeed(0); });
      listen(film, "play", () => { if (this.speed <= 0 && !film.paused) this.setSpeed(1); });
      this.eachFrame();
    }
    listen($("#seek", root), "input", event => this.seek(Number(event.target.value)));
    listen($("#marks", root), "submit", event => { event.preventDefault(); this.keep(); });
    listen($("#roll", root), "submit", event => { event.preventDefault(); this.roll(event.submitter.value); });
    listen($("#make-proxy", root), "click", () => this.makeProxy());
    listen($("#watch-add", root), "click", () => this.add());
    on(root, "click", "[data-key]", (event, button) => this.key({ key: button.dataset.key, shiftKey: event.shiftKey }));
    on(root, "click", "[data-seek]", (event, link) => {
      if (!film || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const item = link.closest("li");
      this.seek(Number(link.dataset.seek));
      this.markAs(Number(item.dataset.start), Number(item.dataset.end));
      if (item.dataset.clip) this.isNow(item.dataset.clip);
    });
    if (root.hasAttribute("data-strip")) {
      this.resized = new ResizeObserver(() => this.filmstrip());
      this.resized.observe($("#filmstrip", root));
    }
    if (isOpen($("#unplayed [data-making]", root)?.dataset.making)) this.awaitProxy();
    this.showMarks();
    this.tell(this.in);
  }

  end() {
    this.listening.abort();
    this.resized?.disconnect();
    cancelAnimationFrame(this.turning);
    this.film?.pause();
    this.film?.removeAttribute("src");
    this.ended = true;
  }

  /** What a bin would take: the clip, or of it what is marked. */
  get item() {
    const [from, to] = this.whole, close = 0.5 / (this.clock.rate || 1000);
    if (Math.abs(this.in - from) < close && Math.abs(this.out - to) < close) return { clip: this.clip };
    const [inside, outside] = [$("#mark-in", this.root), $("#mark-out", this.root)].map(mark => mark.textContent);
    return { clip: this.clip, start: this.in, end: this.out, marked: `${inside} – ${outside}` };
  }

  async add() { (await import("./bins.js")).add([this.item]); }

  /** What is marked is a clip by itself. */
  isNow(clip) {
    this.clip = Number(clip);
    this.whole = [this.in, this.out];
  }

  get time() { return this.film?.currentTime ?? this.in; }

  /** To the picture that is shown at a time: to its middle, where no rounding reaches its neighbours. */
  seek(time) {
    if (!this.film) return;
    const within = Math.min(Math.max(0, time), this.duration || time);
    // Containers round the times of cuts: the nearest frame is meant.
    this.film.currentTime = this.clock.rate ? this.clock.middle(Math.floor(within * this.clock.rate + 0.5)) : within;
    this.tell(within);
  }

  eachFrame() {
    if (!this.film.requestVideoFrameCallback) return;
    const next = (_, { mediaTime }) => {
      if (this.ended) return;
      this.tell(mediaTime + 1e-3);
      this.film.requestVideoFrameCallback(next);
    };
    this.film.requestVideoFrameCallback(next);
  }

  tell(time = this.time) {
    const clock = $("#clock", this.root);
    if (this.film) {
      clock.hidden = false;
      clock.textContent = this.clock.at(time);
    }
    const seek = $("#seek", this.root);
    if (seek) {
      seek.value = time;
      seek.setAttribute("aria-valuetext", this.clock.at(time));
      $("#needle", this.root).style.left = `${100 * Math.min(1, time / this.duration)}%`;
    }
    for (const list of $$("#spoken, #logged, #shotlist", this.root)) follow(list, time);
  }

  // --- keys ------------------------------------------------------------------------

  /** Do what a key says; whether it says anything here. */
  key(event) {
    const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const act = this.film && this.keys[name];
    if (act) act(event);
    return Boolean(act);
  }

  keys = {
    j: () => this.setSpeed(slower(this.speed)),
    k: () => this.setSpeed(0),
    l: () => this.setSpeed(faster(this.speed)),
    " ": () => this.setSpeed(this.speed ? 0 : 1),
    ",": () => this.step(-1),
    ".": () => this.step(1),
    ArrowLeft: event => this.step(event.shiftKey ? -10 : -1),
    ArrowRight: event => this.step(event.shiftKey ? 10 : 1),
    i: event => event.shiftKey ? this.seek(this.in) : this.markAs(this.here(), null),
    o: event => event.shiftKey ? this.seek(this.out) : this.markAs(null, this.after()),
  };

  step(frames) {
    this.setSpeed(0);
    const { clock } = this;
    this.seek(clock.rate ? (clock.frame(this.time) + frames) / clock.rate : this.time + frames / 25);
  }

  /** Speeds above 0 the browser plays; below, pictures are asked for one after the other. */
  setSpeed(speed) {
    this.speed = speed;
    cancelAnimationFrame(this.turning);
    $("#speed", this.root).textContent = speed && speed !== 1 ? `${speed}×` : "";
    if (speed > 0) {
      this.film.playbackRate = speed;
      this.film.play().catch(() => {});
    } else {
      this.film.pause();
      if (speed < 0) this.backwards(performance.now());
    }
  }

  backwards(before) {
    this.turning = requestAnimationFrame(now => {
      const time = this.time + (this.speed * (now - before)) / 1000;
      if (time <= 0) { this.seek(0); return this.setSpeed(0); }
      if (this.film.seeking) return this.backwards(before);
      this.film.currentTime = time;
      return this.backwards(now);
    });
  }

  // --- marks and subclips ------------------------------------------------------------

  here() { return this.clock.rate ? this.clock.frame(this.time) / this.clock.rate : this.time; }

  /** Behind the picture that is shown: a range ends before its end. */
  after() { return this.clock.rate ? (this.clock.frame(this.time) + 1) / this.clock.rate : this.time; }

  markAs(start, end) {
    if (start !== null) this.in = start;
    if (end !== null) this.out = Math.min(end, this.duration);
    if (this.out <= this.in) {
      if (end === null) this.out = this.duration; else this.in = 0;
    }
    this.showMarks();
  }

  showMarks() {
    const { root, clock } = this;
    const label = time => clock.rate ? clock.label(Math.floor(time * clock.rate + 0.5)) : clock.at(time);
    $("#mark-in", root).textContent = label(this.in);
    $("#mark-out", root).textContent = label(this.out);
    $("#mark-length", root).textContent = length(this.out - this.in);
    const range = $("#range", root);
    if (!range) return;
    range.hidden = false;
    range.style.left = `${(100 * this.in) / this.duration}%`;
    range.style.width = `${(100 * (this.out - this.in)) / this.duration}%`;
  }

  async keep() {
    const name = $("#subclip-name", this.root);
    const made = await tried(() => api("POST", `/assets/${this.asset}/clips`, { start: this.in, end: this.out, name: name.value.trim() || null }));
    if (!made) return;
    this.isNow(made.id);
    toast(say("subclip_kept", { name: name.value.trim() || made.timecode_in }));
    name.value = "";
    this.log(made);
  }

  /** Show the new subclip among the others. */
  log(made) {
    let list = $("#logged", this.root);
    if (!list) {
      list = element("ol", { class: "spoken", id: "logged" });
      $(".lists", this.root).prepend(element("section", {}, element("h3", { text: t.subclips }), list));
    }
    const button = element("button", { type: "button", class: "plain", "data-seek": made.start },
      element("span", { class: "tc tiny quiet", text: made.timecode_in ?? "" }), element("span", { dir: "auto", text: made.text ?? "" }));
    list.append(element("li", { "data-start": made.start, "data-end": made.end, "data-clip": made.id }, button));
  }

  /** Put right which roll the shot is; everything that shows it follows. */
  async roll(said) {
    const clip = this.shot;
    const done = await tried(() => api("PUT", "/clips/roll", { clips: [clip], roll: said === "auto" ? null : said }));
    if (!done) return;
    const now = await tried(() => api("GET", `/clips/${clip}`));
    if (!now) return;
    const sure = now.roll_by_person ? t.roll_by_person : t.roll_sure.replace("{}", `${Math.round(100 * now.roll_confidence)}%`);
    const told = now.roll ? `${t[`roll_${now.roll}`]} · ${sure}` : t.roll_none;
    $("#roll-said", this.root).textContent = told;
    for (const button of $$("#roll button", this.root))
      button.setAttribute("aria-pressed", String(button.value === (now.roll_by_person ? now.roll : "auto")));
    for (const badge of $$(`.card[data-clip="${clip}"] .roll, [data-of="${clip}"]`)) {
      badge.textContent = badge.dataset.roll = now.roll ?? "";
      badge.title = told;
    }
  }

  async makeProxy() {
    const told = await tried(() => api("POST", `/assets/${this.asset}/renditions/proxy?anew=true`));
    if (told) this.awaitProxy(told);
  }

  /** Tell how far the proxy is; when it is there the player begins anew, and plays it. */
  async awaitProxy(told) {
    const button = $("#make-proxy", this.root);
    if (button) button.hidden = true;
    if (told) show(this.root, told);
    const over = await followMaking(this.asset, now => show(this.root, now), () => !this.ended);
    if (over?.state === "done") document.dispatchEvent(new CustomEvent("proxy", { detail: this.clip }));
    else if (over && button) button.hidden = false;
  }

  // --- the timeline ----------------------------------------------------------------------

  async filmstrip() {
    const place = $("#filmstrip", this.root);
    const loaded = await strip(this.asset);
    if (!loaded || this.ended) return;
    const { w, h } = loaded.tiles[0];
    const count = Math.max(1, Math.round(place.clientWidth / ((place.clientHeight * w) / h)));
    const pictures = Array.from({ length: count }, (_, n) => {
      const canvas = element("canvas");
      draw(canvas, loaded, tileAt(loaded, ((n + 0.5) / count) * this.duration));
      return canvas;
    });
    place.replaceChildren(...pictures);
  }
}

const faster = speed => (speed < 0 ? 1 : SPEEDS[Math.min(SPEEDS.indexOf(speed) + 1, SPEEDS.length - 1)]);
const slower = speed => -(speed > 0 ? 1 : SPEEDS[Math.min(SPEEDS.indexOf(-speed) + 1, SPEEDS.length - 1)]);

/** Mark the line of a list that is now, and keep it in the list's own view. */
function follow(list, time) {
  const now = [...list.children].find(item => time >= item.dataset.start && time < item.dataset.end);
  const before = $("[aria-current]", list);
  if (now === before) return;
  before?.removeAttribute("aria-current");
  if (!now) return;
  now.setAttribute("aria-current", "true");
  if (list.scrollHeight > list.clientHeight) list.scrollTop = now.offsetTop - list.offsetTop - list.clientHeight / 3;
}
