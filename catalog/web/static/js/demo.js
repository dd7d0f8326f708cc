// The demonstration under way: looked at again until it is done.
import { $ } from "./page.js";

export function begin() {
  if ($("#demo").dataset.state !== "running") return;
  setTimeout(async () => {
    const answer = await fetch("/demo");
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    $("#demo").replaceWith($("#demo", page));
    begin();
  }, 700);
}
