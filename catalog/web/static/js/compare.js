// Two shots side by side, played together.
import { $, $$ } from "./page.js";
import { Clock } from "./timecode.js";

export function begin() {
  const films = $$(".side").flatMap(side => {
    const film = $("video", side);
    if (!film) return [];
    const { start, end, tc, rate } = side.dataset, clock = new Clock(tc, rate);
    const first = Number(start) + (clock.rate ? 0.5 / clock.rate : 0);
    const tell = () => {
      $("output", side).textContent = clock.at(film.currentTime);
      if (film.currentTime >= end && !film.paused) {
        if ($("#loop").checked) film.currentTime = first; else film.pause();
      }
    };
    film.addEventListener("loadedmetadata", () => { film.currentTime = first; });
    if (film.readyState) film.currentTime = first;
    for (const type of ["timeupdate", "seeked"]) film.addEventListener(type, tell);
    return [{ film, first }];
  });
  const toggle = () => {
    const playing = films.some(({ film }) => !film.paused);
    films.forEach(({ film, first }) => {
      if (playing) return film.pause();
      film.currentTime = first;
      return film.play().catch(() => {});
    });
  };
  $("#together").addEventListener("click", toggle);
  document.addEventListener("keydown", event => {
    if (event.key === " " && !event.target.closest("button, input, a")) { event.preventDefault(); toggle(); }
  });
}
