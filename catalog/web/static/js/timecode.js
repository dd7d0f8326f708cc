// SMPTE ST 12-1 addresses, as catalog/domain/timecode.py makes them.
const pad = number => String(number).padStart(2, "0");

export class Clock {
  /** start: the essence's own ("10:00:00:00", drop-frame "01:00:00;02") or "". rate: "30000/1001" or "". */
  constructor(start, rate) {
    const [up, down] = rate.split("/").map(Number);
    this.rate = up ? up / (down || 1) : 0;
    this.nominal = Math.max(1, Math.floor(this.rate + 0.5));
    this.skipped = this.nominal % 30 ? 0 : this.nominal / 15;
    this.drop = false;
    this.first = this.rate ? this.#read(start) : 0;
  }

  #read(text) {
    const found = /^(\d\d):([0-5]\d):([0-5]\d)([:;.,])(\d{2,3})$/.exec(text);
    if (!found) return 0;
    const [hour, minute, second, frame] = [1, 2, 3, 5].map(part => Number(found[part]));
    const drop = found[4] !== ":", minutes = hour * 60 + minute;
    if (frame >= this.nominal || (drop && !this.skipped)) return 0;
    if (drop && minute % 10 && !second && frame < this.skipped) return 0;
    this.drop = drop;
    const number = (minutes * 60 + second) * this.nominal + frame;
    return drop ? number - this.skipped * (minutes - Math.floor(minutes / 10)) : number;
  }

  /** The frame shown at a time of the asset, in seconds, counted from its first. */
  frame(seconds) { return Math.floor(seconds * this.rate + 1e-4); }

  /** The middle of a frame: a time at which it is shown whatever the rounding. */
  middle(frame) { return (frame + 0.5) / this.rate; }

  /** The address of the frame shown then. */
  at(seconds) { return this.rate ? this.label(this.frame(seconds)) : plain(seconds); }

  label(frame) {
    const perDay = 86400 * this.nominal - (this.drop ? this.skipped * 1296 : 0);
    let number = (((this.first + frame) % perDay) + perDay) % perDay;
    if (this.drop) {
      const minute = 60 * this.nominal - this.skipped, ten = 10 * minute + this.skipped;
      const rest = number % ten;
      number += this.skipped * (9 * Math.floor(number / ten) + Math.floor(Math.max(0, rest - this.skipped) / minute));
    }
    const seconds = Math.floor(number / this.nominal), minutes = Math.floor(seconds / 60);
    return `${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}:${pad(seconds % 60)}${this.drop ? ";" : ":"}${pad(number % this.nominal)}`;
  }
}

/** h:mm:ss.mmm, for what has no frames. */
export function plain(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 3600)}:${pad(Math.floor(whole / 60) % 60)}:${pad(whole % 60)}.${String(Math.floor((seconds - whole) * 1000)).padStart(3, "0")}`;
}

/** How long it runs, as the server's formats.length says it. */
export function length(seconds) {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds), hours = Math.floor(whole / 3600);
  return hours ? `${hours}:${pad(Math.floor(whole / 60) % 60)}:${pad(whole % 60)}` : `${Math.floor(whole / 60)}:${pad(whole % 60)}`;
}
