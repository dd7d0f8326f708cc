// What all modules use: elements, words, requests.
export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
export const t = JSON.parse(document.body.dataset.strings);
export const say = (key, values) => t[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);

/** Listen at root for what happens in elements of the selector, also in those that come later. */
export function on(root, type, selector, act) {
  root.addEventListener(type, event => {
    const element = event.target.closest?.(selector);
    if (element && root.contains(element)) act(event, element);
  });
}

/** An element with attributes (or properties: on…, textContent) and children; text stays text. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "text") made.textContent = value;
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

/** HTML of our own server, as nodes. */
export function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

/** A short message at the corner, read aloud; errors stay longer. */
export function toast(text, kind = "done") {
  const shown = element("p", { class: `note ${kind}`, text });
  $("#toasts").append(shown);
  setTimeout(() => shown.remove(), kind === "error" ? 9000 : 4000);
}

/** Ask the HTTP API; what it refuses is thrown with its message and remedy. */
export async function api(method, path, body) {
  const headers = { "X-CSRF-Token": $("meta[name=csrf]").content };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(path.startsWith("/api/") ? path : `/api/v1${path}`, {
    method, headers, body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  const told = text ? JSON.parse(text) : null;
  if (!answer.ok) throw new Error(`${told.error.message} ${told.error.remedy ?? ""}`.trim());
  return told;
}

/** Do it, and tell of what goes wrong. */
export async function tried(act) {
  try {
    return await act();
  } catch (error) {
    toast(error.message, "error");
    return undefined;
  }
}

/** Whether keys typed now are text. */
export const typing = event =>
  event.target.closest?.("input:not([type=checkbox], [type=range]), textarea, select, [contenteditable]");

export const may = role =>
  ["viewer", "editor", "admin"].indexOf(document.body.dataset.role) >= ["viewer", "editor", "admin"].indexOf(role);

/** Something kept by this browser alone. */
export const kept = {
  get(name, otherwise) {
    try { return JSON.parse(localStorage.getItem(name)) ?? otherwise; } catch { return otherwise; }
  },
  set(name, value) {
    try { localStorage.setItem(name, JSON.stringify(value)); } catch { /* private windows may not */ }
  },
};
