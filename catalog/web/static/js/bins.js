// Putting shots into a bin, and tags on assets, from wherever they are chosen.
import { $, api, element, kept, say, t, toast, tried } from "./page.js";

function ask(title, ...content) {
  const form = element("form", { method: "dialog", class: "stack" }, element("h2", { text: title }), ...content);
  const dialog = element("dialog", { "aria-label": title }, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise(answer => {
    dialog.addEventListener("close", () => { answer(dialog.returnValue ? new FormData(form) : null); dialog.remove(); });
  });
}

const buttons = label => element("div", { class: "row" },
  element("button", { class: "primary", value: "yes", text: label }), element("button", { class: "plain", value: "", formnovalidate: true, text: t.cancel }));

/** Ask which bin, and put at its end: clips, or what is marked of one ({ clip, start, end, marked }). */
export async function add(clips) {
  const { bins } = (await tried(() => api("GET", "/bins"))) ?? {};
  if (!bins) return;
  const last = kept.get("bin", null);
  const choices = bins.map(bin => element("label", { class: "row" },
    element("input", { type: "radio", name: "bin", value: bin.id, checked: bin.id === last }), element("bdi", { text: bin.name }), element("span", { class: "num quiet", text: bin.items })));
  const name = element("input", { name: "name", maxlength: 200, placeholder: t.bin_name, "aria-label": t.bin_name, dir: "auto" });
  name.addEventListener("input", () => { if (name.value) $("[name=bin]:checked", name.form)?.click && ($("[name=bin]:checked", name.form).checked = false); });
  const given = await ask(clips[0].marked ? say("add_marked_to_bin", clips[0]) : say("add_to_bin_n", { count: clips.length }), element("div", { class: "stack bin-choice", role: "group", "aria-label": t.bins }, ...choices), name, buttons(t.add));
  if (!given) return;
  const items = clips.map(({ clip, start, end }) => ({ clip: Number(clip), start, end })), fresh = given.get("name").trim();
  await tried(async () => {
    let bin = bins.find(each => String(each.id) === given.get("bin"));
    if (fresh) bin = await api("POST", "/bins", { name: fresh, items });
    else if (bin) await api("POST", `/bins/${bin.id}/items`, { items });
    else return;
    kept.set("bin", bin.id);
    const shown = element("a", { href: `/bins/${bin.id}`, text: bin.name });
    toast(say("added_to_bin", { count: items.length, name: "" }));
    $("#toasts").lastElementChild.append(shown);
  });
}

/** Ask for a tag, and put it on the assets. */
export async function tag(assets) {
  const name = element("input", { name: "tag", required: true, maxlength: 200, "aria-label": t.tag, dir: "auto" });
  const given = await ask(t.tag, name, buttons(t.add));
  if (!given) return;
  const done = await tried(() => api("PATCH", "/assets", { assets: [...new Set(assets)], tags_add: [given.get("tag")] }));
  if (done) toast(say("tagged", { tag: given.get("tag") }));
}
