// What a page needs beyond htmx: component scripts, focus and announcements after a change, words that are not lost.
//
// In a fragment that htmx swaps in:
//   data-focus              focus goes here (an error summary takes it by itself)
//   data-announce="Saved."  is read out without moving the focus
// On a form that saves by itself:
//   <form data-autosave method="post" action="..." hx-post="..." hx-trigger="input delay:2s, change"
//     hx-target="find [data-autosave-status]"> ... <span data-autosave-status></span>
//   Its status says when words are not saved; a save that did not arrive is tried again; leaving asks first.
//   data-not-saved in the answer's status: the server has refused some of it, so leaving still asks.
//   With data-autosave="complete" and hx-trigger="complete, save" a part of a form saves itself, once everything required
//   is there or when its own button is pressed.
// On a page with shortcuts: <div data-shortcuts hidden> lists them, with a button that switches them off;
//   data-shortcut="n"       a link or button that the key presses; of several, the one in the form or part with the focus

const version = new URL(import.meta.url).search;
const { initAll } = await import(new URL(`vendor/govuk-frontend.min.js${version}`, import.meta.url));

initAll();

document.addEventListener("htmx:load", ({ detail: { elt } }) => {
  if (elt === document.body || !elt.parentElement) return;
  const place = elt.parentElement;
  initAll({ scope: place, onError: (error) => error.name === "InitError" || console.error(error) });
  // Whoever is typing goes on typing; an alert is read out all the same.
  const active = document.activeElement;
  if (!autosaving(active) || active.matches("button")) find(elt, "[data-focus]")?.focus();
  const news = find(elt, "[data-announce]")?.dataset.announce;
  if (news) document.getElementById("announcements").textContent = news;
});

function find(element, selector) {
  return element.matches(selector) ? element : element.querySelector(selector);
}

// Words that are not lost

const TRY_AGAIN = 10_000;
const unsaved = new Set();
const saving = new Set();
const waiting = new Set();

function autosaving(element) {
  return element instanceof Element ? element.closest("[data-autosave]") : null;
}

document.addEventListener("click", (event) => {
  const part = autosaving(event.target);
  if (!part || part.matches("form") || !event.target.closest("button") || !window.htmx) return;
  event.preventDefault();
  part.dispatchEvent(new Event("save"));
});

function say(form, text) {
  const status = form.querySelector("[data-autosave-status]");
  if (status) status.textContent = text;
}

document.addEventListener("input", ({ target }) => {
  const form = autosaving(target);
  if (!form) return;
  unsaved.add(form);
  say(form, "Not saved yet.");
});

// A button that is pressed while the form saves by itself waits for that: else one's own words would be in the way.
document.addEventListener("submit", (event) => {
  const form = event.target;
  const busy = [form, ...form.querySelectorAll("[data-autosave]")].find(
    (part) => part.matches("[data-autosave].htmx-request"),
  );
  if (!busy) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (waiting.has(form)) return;
  waiting.add(form);
  busy.addEventListener("htmx:afterRequest", () => setTimeout(() => {
    waiting.delete(form);
    form.requestSubmit(event.submitter);
  }), { once: true });
});

document.addEventListener("submit", ({ target }) => {
  for (const form of [target, ...target.querySelectorAll("[data-autosave]")]) {
    unsaved.delete(form);
    saving.delete(form);
  }
});

document.addEventListener("htmx:beforeRequest", ({ detail: { elt } }) => {
  const form = autosaving(elt);
  if (form && unsaved.delete(form)) saving.add(form);
});

document.addEventListener("htmx:afterRequest", ({ detail: { elt, successful } }) => {
  const form = autosaving(elt);
  if (!form || !saving.delete(form)) return;
  if (successful && !form.querySelector("[data-not-saved]")) return;
  unsaved.add(form);
  if (successful) return;
  say(form, "Not saved. Your words are still here, and this page keeps trying to save them.");
  setTimeout(() => unsaved.has(form) && form.dispatchEvent(new Event("change", { bubbles: true })), TRY_AGAIN);
});

const REST = 2_000;
const resting = new WeakMap();

for (const kind of ["input", "change"]) {
  document.addEventListener(kind, ({ target }) => {
    const form = autosaving(target);
    if (form?.dataset.autosave !== "complete") return;
    clearTimeout(resting.get(form));
    if (form.querySelector(":invalid")) return;
    resting.set(form, setTimeout(() => unsaved.has(form) && form.dispatchEvent(new Event("complete")), REST));
  });
}

addEventListener("beforeunload", (event) => {
  if (unsaved.size + saving.size) event.preventDefault();
});

// A form that was open for too long gets a fresh token with the answer that says so.
document.addEventListener("csrf-renewed", ({ detail: { token } }) => {
  for (const input of document.querySelectorAll("input[name=csrf_token]")) input.value = token;
  if (document.body.hasAttribute("hx-headers")) {
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
  }
});

// Shortcuts: single keys, listed on the page, silent while somebody types, and switched off for good with a button.

const SHORTCUTS = "civflow-shortcuts";
const list = document.querySelector("[data-shortcuts]");

function shortcutsAreOn() {
  return localStorage.getItem(SHORTCUTS) !== "off";
}

function showShortcuts() {
  list.hidden = false;
  list.querySelector("[data-shortcuts-list]").hidden = !shortcutsAreOn();
  list.querySelector("button").textContent = shortcutsAreOn() ? "Switch shortcuts off" : "Switch shortcuts on";
}

if (list) {
  showShortcuts();
  list.querySelector("button").addEventListener("click", () => {
    localStorage.setItem(SHORTCUTS, shortcutsAreOn() ? "off" : "on");
    showShortcuts();
  });
  document.addEventListener("keydown", (event) => {
    const { key, target } = event;
    if (event.ctrlKey || event.altKey || event.metaKey || !shortcutsAreOn()) return;
    if (target.matches("textarea, select, input:not([type=radio], [type=checkbox])")) return;
    const found = [...document.querySelectorAll(`[data-shortcut="${CSS.escape(key.toLowerCase())}"]`)];
    const around = (element) => autosaving(element) ?? element.form;
    const here = found.find((element) => around(element)?.contains(document.activeElement));
    const chosen = here ?? found.find((element) => unsaved.has(around(element))) ?? found[0];
    if (!chosen) return;
    event.preventDefault();
    chosen.click();
  });
}
