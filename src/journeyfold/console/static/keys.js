// Keys (console C14): `/` search, `?` help, `g` then a letter goes to a place, `j` `k` rows,
// Enter opens, Esc closes. No key works while typing. Everything here has a link or button, too.
const typing = (target) => target.closest("input, textarea, select, [contenteditable]");
let went = 0;

const rows = () => [...document.querySelectorAll("tbody tr:has(a[href])")];
const move = (step) => {
  const all = rows();
  const at = all.findIndex((row) => row.contains(document.activeElement));
  const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
  next?.querySelector("a[href]")?.focus();
  next?.scrollIntoView({ block: "nearest" });
};

// A button that names a key is pressed by it: answers of a review.
const pressed = (key) => {
  const button = document.querySelector(`button[data-press="${CSS.escape(key)}"]`);
  return button ? { [key]: () => button.click() } : {};
};

const close = () => document.querySelector("[data-close]")?.click();

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (typing(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (Date.now() - went < 1500 && event.key.length === 1) {
    went = 0;
    const place = document.querySelector(`.rail a[data-key="${CSS.escape(event.key)}"]`);
    if (place) {
      event.preventDefault();
      place.click();
    }
    return;
  }
  const acts = {
    ...pressed(event.key),
    "/": () => document.getElementById("q").focus(),
    "?": () => document.getElementById("help").showModal(),
    g: () => { went = Date.now(); },
    j: () => move(1),
    k: () => move(-1),
    Escape: close,
  };
  const act = acts[event.key];
  if (act) {
    if (event.key !== "Escape") event.preventDefault();
    act();
  }
});

// A drawer that was filled by a click takes the focus, so that a reader hears what opened.
document.addEventListener("htmx:after:swap", () => {
  const drawer = document.querySelector(".drawer:not(.unused)");
  if (drawer && location.search.match(/[?&](record|held)=/)) drawer.focus({ preventScroll: true });
});

// The zone of this browser can be chosen only where it is known.
const zone = document.getElementById("zone");
if (zone) {
  const mine = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (mine && ![...zone.options].some((option) => option.value === mine)) {
    zone.add(new Option(`mine, ${mine}`, mine));
  }
}
