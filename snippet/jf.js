/*
 * jf.js: the browser's side of journeyfold. It collects, asks for decisions, shows them, and says
 * what was seen and clicked.
 *
 * Promises: the page works without it and never waits for it; it hides nothing but placements, and
 * those for 300 ms at most; it evaluates no text as code; it stores nothing while the functional
 * purpose is denied; it sends a message again only under the same id, so nothing counts twice.
 *
 * The shipped file is made from this one by `python -m journeyfold.collect.snippet`; README.md says
 * which style that asks for.
 */
(function () {
"use strict";

const stub = window.jf || [];
if (stub.version) return;

const tag = document.currentScript;
const settings = { ...(tag && tag.dataset), ...window.jfSettings };
const key = settings.writeKey;
const host = (settings.host || (tag ? new URL(tag.src).origin : "")).replace(/\/$/, "");
if (!key) return console.error("jf.js: no data-write-key, so nothing is collected");

// collect C51: 13 months from the day the id was made, not from the last visit.
const ID_AGE_MS = 395 * 86400e3;
const QUEUE_MAX = 200;
const QUEUE_CHARS_MAX = 256 * 1024;
const BATCH_MAX = 20;
const BATCH_WAIT_MS = 3000;
// Browsers refuse a keepalive request or a beacon above 64 KiB (C52).
const PIECE_BYTES_MAX = 60 * 1024;
// The door refuses a larger message (C11).
const MESSAGE_BYTES_MAX = 32 * 1024;
// decisions W1, W2.
const HIDDEN_MS = 300;
const SEEN_MS = 1000;
const PLACEMENTS_MAX = 20;
const STREAM_WAIT_MS = 10000;

const gpc = navigator.globalPrivacyControl === true;
const after = (ms, work) => setTimeout(work, ms);
const isObject = (value) => value !== null && typeof value === "object";
const isGranted = (state) => state === true || state === "granted";
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** What a text of JSON says; nothing for what is none. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    return null;
  }
}

const read = async (reply) => (reply.ok && parsed(await reply.text())) || {};

/** An id that sorts by its time: 48 bits of milliseconds, then 80 of chance. */
function freshId() {
  const chance = crypto.getRandomValues(new Uint8Array(10));
  const hex = (number, digits) => number.toString(16).padStart(digits, "0");
  return hex(Date.now(), 12) + [...chance].map((byte) => hex(byte, 2)).join("");
}

const ageMs = (id) => Date.now() - parseInt(id.slice(0, 12), 16);

// ---- Consent and storage ---------------------------------------------------------------------

// What holds for each purpose: first the page's defaults, then the visitor's answer.
let purposes = {};
let isAnswered = false;
const memory = {};

const mayStore = () => purposes.functional !== false;
// C55: denied until asked. Messages wait in memory for the answer.
const isHeld = () => !isAnswered && !mayStore();

/** Reads, writes, or with null removes; a browser may refuse storage at any time. */
function local(name, value) {
  try {
    if (value === undefined) return localStorage.getItem("jf_" + name);
    if (value === null) localStorage.removeItem("jf_" + name);
    else localStorage.setItem("jf_" + name, value);
  } catch (refused) {
    return null;
  }
}

function cookie(value, seconds) {
  const domain = settings.domain ? "; Domain=" + settings.domain : "";
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `jf_id=${value}; Path=/; Max-Age=${seconds}; SameSite=Lax${domain}${secure}`;
}

function keep(name, value) {
  memory[name] = value;
  if (!mayStore()) return;
  local(name, value);
  if (name === "id") cookie(value, Math.floor((ID_AGE_MS - ageMs(value)) / 1000));
}

/** What is stored comes first: another tab may have written it. */
function kept(name) {
  return (mayStore() && local(name)) || memory[name];
}

function forget() {
  for (const name of ["id", "user", "consent", "since", "queue"]) local(name, null);
  cookie("", 0);
}

function anonymousId() {
  const found = mayStore() && /(?:^|; )jf_id=(\w{32})/.exec(document.cookie);
  const id = (found && found[1]) || kept("id") || "";
  const isValid = ageMs(id) >= 0 && ageMs(id) < ID_AGE_MS;
  if (!isValid || id !== memory.id) keep("id", isValid ? id : freshId());
  return memory.id;
}

function setPurposes(state) {
  for (const name in state) purposes[name] = isGranted(state[name]);
}

/** The visitor's answer: remembered, stated to the server, and what waited for it goes. */
function consent(state) {
  const wasHeld = isHeld();
  setPurposes(state);
  isAnswered = true;
  if (mayStore()) {
    for (const name in memory) keep(name, memory[name]);
    anonymousId();
    keep("consent", JSON.stringify(purposes));
  } else forget();
  const stated = Object.fromEntries(Object.keys(purposes).map((name) => [name, word(name)]));
  track("Consent Updated", { purposes: stated });
  if (wasHeld) waiting.splice(0).forEach(queueUp);
  listen();
  if (purposes.personalization !== undefined) decideAgain();
}

const word = (name) => (purposes[name] ? "granted" : "denied");

/** Google's consent mode, if the page speaks it: `gtag("consent", "default" | "update", {…})`. */
const CONSENT_MODE = {
  functionality_storage: "functional",
  analytics_storage: "analytics",
  personalization_storage: "personalization",
  ad_user_data: "ads_share",
};

function readConsentMode(entry) {
  if (!isObject(entry) || entry[0] !== "consent" || !isObject(entry[2])) return;
  const state = {};
  for (const name in entry[2]) if (CONSENT_MODE[name]) state[CONSENT_MODE[name]] = entry[2][name];
  if (entry[1] === "default") setPurposes(state);
  else if (entry[1] === "update") consent(state);
}

// ---- Messages and their queue ----------------------------------------------------------------

// Serialised once, so that a repeat has the same bytes and counts as the same message (C32).
const queue = [];
const waiting = [];
let sending = [];
let dropped = 0;
let failures = 0;
let restsUntil = 0;
let isOffline = false;
let timer = 0;
// The offset of the last reply: a decision may wait until it is taken in.
let offset;

const bytesOf = (text) => new Blob([text]).size;

function message(type, fields) {
  const context = {
    library: { name: "jf.js", version: "1" },
    locale: navigator.language,
    timezone: zone,
    page: pageFacts(),
  };
  if (gpc) context.gpc = true;
  const made = {
    type,
    messageId: freshId(),
    timestamp: new Date().toISOString(),
    anonymousId: anonymousId(),
    ...(kept("user") && { userId: kept("user") }),
    ...fields,
    context,
  };
  // C55: without an answer only a page view leaves, and only if that is necessary.
  if (isHeld() && !(type === "page" && purposes.necessary)) {
    waiting.push(made);
    if (waiting.length > QUEUE_MAX) dropped += waiting.splice(0, 1).length;
  } else queueUp(made);
}

function queueUp(made) {
  if (isAnswered) made.context.consent = { purposes: { ...purposes } };
  const size = bytesOf(JSON.stringify(made));
  if (size > MESSAGE_BYTES_MAX) {
    dropped += 1;
    return console.error("jf.js: a message above 32 KiB was dropped");
  }
  trim(queue, size);
  // Carried by the next message, once, so that a repeat still has the same bytes.
  if (dropped) made.context.dropped = dropped;
  dropped = 0;
  queue.push(JSON.stringify(made));
  if (queue.length >= BATCH_MAX) flush();
  else if (!timer) timer = after(BATCH_WAIT_MS, flush);
}

/** Makes room by dropping the oldest, with what those had counted (C51). */
function trim(texts, room) {
  let chars = texts.reduce((sum, text) => sum + text.length, room);
  while (texts.length && (texts.length >= QUEUE_MAX || chars > QUEUE_CHARS_MAX)) {
    const oldest = texts.shift();
    chars -= oldest.length;
    dropped += 1 + (JSON.parse(oldest).context.dropped || 0);
  }
}

/** The next messages that fit into one request. */
function take() {
  let bytes = 200;
  let count = 0;
  while (count < Math.min(BATCH_MAX, queue.length)) {
    bytes += bytesOf(queue[count]) + 1;
    if (bytes > PIECE_BYTES_MAX && count) break;
    count += 1;
  }
  return queue.splice(0, count);
}

/** As text/plain, so that the browser need not ask first; the key is in the body (C06, C16). */
function bodyOf(texts) {
  const sentAt = new Date().toISOString();
  return `{"sentAt":"${sentAt}","writeKey":${JSON.stringify(key)},"batch":[${texts.join(",")}]}`;
}

async function flush() {
  clearTimeout(timer);
  timer = 0;
  if (sending.length || !queue.length) return;
  if (Date.now() < restsUntil) {
    timer = after(restsUntil - Date.now(), flush);
    return;
  }
  sending = take();
  const reply = await request("/v1/b", { method: "POST", body: bodyOf(sending), keepalive: true });
  if (reply.ok) {
    failures = 0;
    offset = (await read(reply)).offset ?? offset;
  } else if (isPassing(reply)) {
    queue.unshift(...sending);
    restsUntil = Date.now() + pauseMs(reply, failures++);
    isOffline = !reply.status;
  } else dropped += sending.length;
  sending = [];
  if (queue.length) timer = after(queue.length >= BATCH_MAX ? 0 : BATCH_WAIT_MS, flush);
}

/** The reply, or what stands for none: status 0. */
function request(path, options) {
  return fetch(host + path, { credentials: "omit", ...options }).catch(() => ({ status: 0 }));
}

const isPassing = ({ status }) => !status || status === 408 || status === 429 || status >= 500;

/** Full jitter from 1 s to 60 s, and never sooner than the server asks (C52). */
function pauseMs(reply, attempt) {
  const asked = reply.headers ? Number(reply.headers.get("retry-after")) || 0 : 0;
  return 1000 * Math.max(asked, Math.random() * Math.min(60, 2 ** attempt));
}

/** One JSON call of the API; `retries` for calls that may be repeated. */
async function call(path, body, retries = 0, attempt = 0) {
  const reply = await request(path, {
    method: body ? "POST" : "GET",
    headers: { authorization: "Bearer " + key, ...(body && { "content-type": "application/json" }) },
    body: body && JSON.stringify(body),
    keepalive: retries > 0,
  });
  if (reply.ok || attempt >= retries || !isPassing(reply)) return reply;
  await new Promise((done) => after(pauseMs(reply, attempt), done));
  return call(path, body, retries, attempt + 1);
}

/** What the page still holds when it goes: by beacon while the server answers, else kept. */
function leave(event) {
  const isLast = event.type === "pagehide";
  while (!failures && queue.length) {
    const piece = take();
    if (navigator.sendBeacon(host + "/v1/b", bodyOf(piece))) continue;
    queue.unshift(...piece);
    break;
  }
  // A request under way may die with the page; sent twice it still counts once.
  const left = isLast ? [...sending, ...queue] : queue.slice();
  if (!left.length || !mayStore()) return;
  const all = [...(parsed(local("queue")) || []), ...left];
  trim(all, 0);
  queue.length = 0;
  local("queue", JSON.stringify(all));
}

/** Takes over what this page, or one before it, has left. */
function comeBack() {
  const adopt = () => {
    if (!mayStore()) return;
    queue.unshift(...(parsed(local("queue")) || []));
    local("queue", null);
    trim(queue, 0);
    flush();
  };
  if (navigator.locks) navigator.locks.request("jf_queue", adopt);
  else adopt();
}

// ---- Segment's calls -------------------------------------------------------------------------

/** `[object, callback]` of arguments after the ids, whichever are there. */
function tail(values) {
  const callback = values.find((value) => typeof value === "function");
  if (callback) after(0, callback);
  return values.find(isObject) || {};
}

function identify(userId, ...more) {
  const traits = tail(isObject(userId) ? [userId, ...more] : more);
  if (userId && !isObject(userId)) {
    const known = kept("user");
    // Another person at the same browser: what follows is not of the same visitor.
    const isOther = known && known !== String(userId);
    if (isOther) keep("id", freshId());
    keep("user", String(userId));
    if (isOther) listen();
  }
  message("identify", { traits });
}

function track(event, ...more) {
  message("track", { event, properties: tail(more) });
}

function page(...values) {
  const names = values.filter((value) => typeof value === "string");
  const name = names.pop();
  const category = names.pop();
  pagedUrl = pageFacts().url;
  const said = { ...(name && { name }), ...(category && { category }) };
  message("page", { ...said, properties: { ...pageFacts(), ...said, ...tail(values) } });
}

function group(groupId, ...more) {
  message("group", { groupId, traits: tail(more) });
}

function alias(userId, previousId, ...more) {
  tail([previousId, ...more]);
  const previous = typeof previousId === "string" ? previousId : anonymousId();
  message("alias", { userId, previousId: previous });
}

/** A new visitor from here on. Messages on their way still go; those without an answer do not. */
function reset() {
  flush();
  forget();
  waiting.length = 0;
  for (const name in memory) delete memory[name];
  isAnswered = false;
  purposes = {};
  setPurposes(settings.consent);
  listen();
}

// ---- Pages -----------------------------------------------------------------------------------

const DENIED = ["token", "email", "password", "code", ...(settings.denyQuery || [])];
// The addresses of the last page view and of the last decisions.
let pagedUrl;
let placedUrl = clean(location.href);

/** The address without what does not belong into a log (C53). */
function clean(address) {
  if (!address) return "";
  const url = new URL(address, location.href);
  for (const name of [...url.searchParams.keys()]) {
    if (DENIED.includes(name.toLowerCase())) url.searchParams.delete(name);
  }
  // A fragment with values in it is how sign-ins hand over tokens.
  if (url.hash.includes("=")) url.hash = "";
  return url.href;
}

function pageFacts() {
  const url = clean(location.href);
  const canonical = document.querySelector("link[rel=canonical]");
  return {
    url,
    path: location.pathname,
    search: new URL(url).search,
    title: document.title,
    referrer: clean(document.referrer),
    ...(canonical && { canonical: clean(canonical.href) }),
  };
}

/** A page view for an address that has none yet, and decisions for a new one. */
function arrive() {
  const { url } = pageFacts();
  if (url !== pagedUrl && settings.pages !== "manual") page();
  if (url !== placedUrl) decideAgain();
  placedUrl = url;
}

function followNavigation() {
  const soon = () => after(0, arrive);
  for (const name of ["pushState", "replaceState"]) {
    const original = history[name];
    history[name] = function (...values) {
      const result = original.apply(this, values);
      soon();
      return result;
    };
  }
  addEventListener("popstate", soon);
  addEventListener("hashchange", soon);
}

// ---- Decisions -------------------------------------------------------------------------------

/** Placements by id as they were decided; empty where the server did not answer. */
async function ask(ids, context) {
  const facts = pageFacts();
  const body = {
    subject: { anonymous_id: anonymousId() },
    placements: ids.slice(0, PLACEMENTS_MAX).map((id) => ({ id })),
    context: {
      page: facts.path,
      url: facts.url,
      device: deviceOf(navigator.userAgent),
      locale: navigator.language,
      timezone: zone,
      ...settings.context,
      ...context,
    },
    consent: { ...purposes, ...(gpc && { ads_share: false }) },
    ...(offset >= 0 && { after: offset }),
  };
  const reply = await call("/v1/decide", body);
  const { placements = [] } = await read(reply);
  return new Map(placements.map((placed) => [placed.id, placed]));
}

function deviceOf(agent) {
  if (/iPad|Tablet|Android(?!.*Mobile)/.test(agent)) return "tablet";
  return /Mobi/.test(agent) ? "mobile" : "desktop";
}

/** The items of one placement, to a promise and to a callback; the page shows them itself. */
async function decide(placement, callback, context) {
  const placed = (await ask([placement], context)).get(placement);
  const items = (placed && placed.items) || [];
  if (callback) callback(items, placed);
  return items;
}

// ---- Placements in the page ------------------------------------------------------------------

const places = settings.placements || {};
const renderers = settings.render || {};
// Elements already asked for, and what stood in those we have drawn into.
let asked = new WeakSet();
const originals = new WeakMap();
// Elements we hide just now, and the visibility that is their own.
const veiled = new Map();
let found = [];

function elementsOf(id) {
  const named = `[data-jf-placement="${CSS.escape(id)}"]`;
  return document.querySelectorAll(places[id] ? named + "," + places[id] : named);
}

function idsInPage() {
  const named = [...document.querySelectorAll("[data-jf-placement]")];
  return new Set([...named.map((each) => each.dataset.jfPlacement), ...Object.keys(places)]);
}

/** Looks for new placements, hides them, and watches what the server has rendered itself. */
function scan() {
  for (const id of idsInPage()) {
    for (const element of elementsOf(id)) {
      if (asked.has(element)) continue;
      asked.add(element);
      // decisions W3: the server has decided; there is nothing to ask, only to watch.
      const isRendered = element.matches(CARRIER) || element.querySelector(CARRIER);
      if (!isRendered || originals.has(element)) found.push(hide(id, element));
    }
  }
  document.querySelectorAll(CARRIER).forEach(watch);
}

/** Hides one element, never the page, and lets it go after 300 ms whatever happens (W1). */
function hide(id, element) {
  const slot = { id, element, isLate: false };
  if (!veiled.has(element)) veiled.set(element, element.style.visibility);
  element.style.visibility = "hidden";
  after(HIDDEN_MS, () => {
    slot.isLate = true;
    reveal(element);
  });
  return slot;
}

function reveal(element) {
  if (veiled.has(element)) element.style.visibility = veiled.get(element);
  veiled.delete(element);
}

/** One call for all that was found. An answer that comes late is not shown (W1). */
async function place() {
  const slots = found.splice(0);
  if (!slots.length) return;
  const decided = await ask([...new Set(slots.map((slot) => slot.id))]);
  for (const { id, element, isLate } of slots) {
    if (!isLate) draw(element, decided.get(id));
    reveal(element);
  }
  scan();
}

function decideAgain() {
  asked = new WeakSet();
  scan();
  place();
}

/** Items into an element; without any, or on an error, the original markup stands. */
function draw(element, placed) {
  try {
    drawn(element, placed);
  } catch (error) {
    console.error("jf.js:", error);
  }
}

function drawn(element, placed) {
  const items = (placed && placed.items) || [];
  if (!items.length) {
    if (originals.has(element)) element.replaceChildren(...originals.get(element));
    return;
  }
  if (!originals.has(element)) originals.set(element, [...element.childNodes]);
  if (renderers[placed.id]) renderers[placed.id](items, element, placed);
  else element.replaceChildren(...items.map(boxOf));
}

/** One item: HTML that the server has cleaned (W2), or a plain card of its texts. */
function boxOf({ content, receipt }) {
  const box = make("div", "jf-item");
  if (receipt) box.dataset.jfReceipt = receipt;
  if (content.html) {
    box.innerHTML = trusted(content.html);
    return box;
  }
  for (const [name, kind] of [["title", "strong"], ["text", "p"], ["code", "code"]]) {
    if (content[name]) box.append(make(kind, "jf-" + name, content[name]), " ");
  }
  if (content.cta) {
    const link = make(content.href ? "a" : "button", "jf-cta", content.cta);
    link.href = content.href;
    if (/^(https?|mailto):$/.test(link.protocol || "https:")) box.append(link);
  }
  return box;
}

function make(kind, name, text) {
  const element = document.createElement(kind);
  element.className = name;
  if (text) element.textContent = text;
  return element;
}

let policy;

/** Pages that demand Trusted Types name the policy `journeyfold`. */
function trusted(html) {
  if (!window.trustedTypes) return html;
  policy = policy || trustedTypes.createPolicy("journeyfold", { createHTML: (text) => text });
  return policy.createHTML(html);
}

// ---- What was seen and clicked ---------------------------------------------------------------

// Whatever carries a receipt is watched, whoever has drawn it: this script, the page, the server.
const CARRIER = "[data-jf-receipt]";
const exposed = new Set();
const timers = new WeakMap();

const sight = new IntersectionObserver(
  (entries) => {
    for (const { target, intersectionRatio } of entries) {
      clearTimeout(timers.get(target));
      if (intersectionRatio >= 0.5) linger(target);
    }
  },
  { threshold: 0.5 },
);

/** Half of the area for one second, in a tab that is looked at (W2). */
function linger(element) {
  timers.set(
    element,
    after(SEEN_MS, () => (document.hidden ? linger(element) : expose(element))),
  );
}

function watch(element) {
  if (!exposed.has(element.dataset.jfReceipt)) sight.observe(element);
}

function expose(element) {
  const receipt = element.dataset.jfReceipt;
  sight.unobserve(element);
  if (!receipt || exposed.has(receipt)) return;
  exposed.add(receipt);
  call("/v1/expose", { receipt, shown_us: Date.now() * 1000, surface: "web" }, 5);
}

function onClick({ target }) {
  const control = target.closest && target.closest("a,button,input,[data-jf-click],[data-jf-dismiss]");
  const box = control && control.closest(CARRIER);
  if (!box) return;
  const isDismissed = control.hasAttribute("data-jf-dismiss");
  track(isDismissed ? "Offer Dismissed" : "Offer Clicked", { receipt: box.dataset.jfReceipt });
  flush();
  if (isDismissed) (box.closest(".jf-popup") || box).remove();
}

// ---- Pushed placements (decisions W4) --------------------------------------------------------

let stream;
let turn = 0;

const isLooked = () => !document.hidden && settings.push !== "off";

/** Listens while somebody looks, and while decisions may be about this visitor. */
function listen() {
  turn += 1;
  if (stream) stream.close();
  if (!isLooked() || isHeld() || purposes.personalization === false) return;
  if (settings.push === "poll" || !window.EventSource) return poll(turn);
  const mine = turn;
  const source = (stream = new EventSource(
    `${host}/v1/stream?writeKey=${encodeURIComponent(key)}&${visitor()}`,
  ));
  const fallBack = () => {
    source.close();
    if (mine === turn) poll(mine);
  };
  source.addEventListener("placement", (event) => onTrigger(JSON.parse(event.data)));
  source.onerror = () => source.readyState === 2 && fallBack();
  after(STREAM_WAIT_MS, () => source.readyState === 0 && fallBack());
}

const visitor = () => `anonymous_id=${anonymousId()}&since_us=${kept("since") || 0}`;

async function poll(mine, failed = 0) {
  const reply = await call("/v1/stream/poll?" + visitor());
  if (mine !== turn || !(reply.ok || isPassing(reply))) return;
  const { triggers = [], again_s = 15 } = await read(reply);
  triggers.forEach(onTrigger);
  const wait = reply.ok ? again_s * 1000 : 15000 + pauseMs(reply, failed);
  after(wait, () => mine === turn && poll(mine, reply.ok ? 0 : failed + 1));
}

/** The server says when, never what: the decision is asked for like any other. */
async function onTrigger({ placement, entered_us }) {
  if (entered_us <= Number(kept("since"))) return;
  keep("since", String(entered_us));
  const placed = (await ask([placement])).get(placement);
  if (!placed || !placed.items.length) return;
  const elements = elementsOf(placement);
  if (elements.length) elements.forEach((element) => draw(element, placed));
  else popUp(placed);
  scan();
}

/** A card in the corner. It takes no focus; Escape or its button closes it. */
function popUp(placed) {
  document.querySelectorAll(".jf-popup").forEach((old) => old.remove());
  const frame = make("div", "jf-popup");
  frame.setAttribute("role", "dialog");
  frame.setAttribute("aria-label", placed.items[0].content.title || placed.id);
  frame.style.cssText =
    "position:fixed;right:16px;bottom:16px;z-index:99999;max-width:280px;padding:16px 48px 16px 16px;" +
    "border-radius:12px;font:16px/1.5 system-ui;color-scheme:light dark;background:Canvas;" +
    "color:CanvasText;box-shadow:0 8px 40px #0004";
  draw(frame, placed);
  const carrier = frame.querySelector(CARRIER);
  if (carrier && !frame.querySelector("[data-jf-dismiss]")) carrier.append(closeButton());
  if (frame.childNodes.length) document.body.append(frame);
}

function closeButton() {
  const button = make("button", "jf-close", "\u00d7");
  button.type = "button";
  button.dataset.jfDismiss = "";
  button.setAttribute("aria-label", "Close");
  button.style.cssText =
    "position:absolute;top:4px;right:4px;width:40px;height:40px;border:0;background:none;" +
    "color:inherit;font-size:24px";
  return button;
}

function onKey(event) {
  const button = event.key === "Escape" && document.querySelector(".jf-popup [data-jf-dismiss]");
  if (button) button.click();
}

// ---- Start -----------------------------------------------------------------------------------

const api = {
  version: "1", identify, track, page, group, alias, reset, consent, decide, anonymousId,
  consents: () => ({ ...purposes }),
  ready: (callback) => after(0, callback),
  push: ([name, values]) => api[name](...values),
};

/** Before anything else: what the visitor has answered, else what the page says until then. */
function readConsent() {
  setPurposes(settings.consent);
  const layer = (window.dataLayer = window.dataLayer || []);
  layer.forEach(readConsentMode);
  const answer = parsed(local("consent"));
  if (answer && !isAnswered) {
    setPurposes(answer);
    isAnswered = true;
  }
  const push = layer.push;
  layer.push = function (...entries) {
    const result = push.apply(this, entries);
    entries.forEach(readConsentMode);
    return result;
  };
}

function whenParsed(work) {
  if (document.readyState !== "loading") return work();
  document.addEventListener("DOMContentLoaded", work);
}

/** Elements that come later are hidden before they are painted, and asked for together. */
function observePage() {
  let isDue = false;
  new MutationObserver(() => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      scan();
      if (document.readyState !== "loading") place();
    });
  }).observe(document, { childList: true, subtree: true });
}

readConsent();
window.jf = api;
for (const [name, values] of stub) if (name in api) api[name](...values);
comeBack();
scan();
observePage();
// A long page is not waited for: what was found by then is asked for.
after(100, place);
whenParsed(() => {
  arrive();
  scan();
  place();
  listen();
});
followNavigation();
document.addEventListener("click", onClick, true);
document.addEventListener("keydown", onKey);
document.addEventListener("visibilitychange", (event) => {
  if (document.hidden) leave(event);
  else comeBack();
  listen();
});
addEventListener("pagehide", leave);
addEventListener("pageshow", (event) => event.persisted && comeBack());
addEventListener("online", () => {
  if (isOffline) restsUntil = 0;
  flush();
});
})();
