/*
 * jf-page.js: what a page says by itself. Its data layer becomes order events, and forms that ask
 * for it carry the visitor's ids away and are told about (collect C54).
 *
 * Promises: it needs jf.js beside it and works in either order; it reads no field for secrets or
 * cards; a form is sent as its page sends it, whether we are there or not; what waits for the
 * visitor's answer in jf.js waits with it, for everything goes through its calls.
 *
 * The shipped file is made from this one by `python -m journeyfold.collect.snippet`; README.md says
 * which style that asks for.
 */
(function () {
"use strict";

if (window.jfPage) return;
window.jfPage = "1";

const settings = { dataLayer: {}, ...window.jfSettings };
window.jf = window.jf || [];

/** One of jf.js' calls: now, or when it has come. */
const tell = (name, ...values) => window.jf.push([name, values]);

// ---- The data layer --------------------------------------------------------------------------

// Names of the shop's order events, by the names pages give theirs. `each` is one event a product.
const EVENTS = {
  view_item: ["Product Viewed", "each"],
  add_to_cart: ["Product Added", "each"],
  remove_from_cart: ["Product Removed", "each"],
  view_cart: ["Cart Updated"],
  begin_checkout: ["Checkout Started"],
  purchase: ["Order Completed"],
  refund: ["Order Refunded"],
};

const isObject = (value) => value !== null && typeof value === "object";

/** Without what the page left empty. */
function said(facts) {
  const known = Object.entries(facts).filter(([, value]) => value !== undefined && value !== "");
  return Object.fromEntries(known);
}

const text = (value) => (value === undefined || value === null ? undefined : String(value));

/** Pages send numbers as texts; what is none is left out rather than sent as something else. */
function number(value) {
  const found = typeof value === "string" && value.trim() ? Number(value) : value;
  return Number.isFinite(found) ? found : undefined;
}

function product(item, currency) {
  return said({
    product_id: text(item.item_id),
    sku: text(item.item_id),
    name: text(item.item_name),
    category: text(item.item_category),
    brand: text(item.item_brand),
    variant: text(item.item_variant),
    price: number(item.price),
    quantity: number(item.quantity),
    currency,
  });
}

function order(facts, items) {
  const currency = text(facts.currency);
  return said({
    order_id: text(facts.transaction_id),
    total: number(facts.value),
    tax: number(facts.tax),
    shipping: number(facts.shipping),
    coupon: text(facts.coupon),
    currency,
    items: items.reduce((sum, item) => sum + (number(item.quantity) ?? 1), 0),
    products: items.map((item) => product(item)),
  });
}

/** `{event, ecommerce}` of a tag manager, or the arguments of `gtag("event", name, facts)`. */
function read(entry) {
  if (!isObject(entry)) return;
  const isCall = entry[0] === "event";
  const name = isCall ? entry[1] : entry.event;
  const facts = isCall ? entry[2] : entry.ecommerce;
  const own = settings.dataLayer[name];
  if (typeof own === "function") {
    const made = own(entry);
    return made && tell("track", ...made);
  }
  const known = Object.hasOwn(EVENTS, name) ? EVENTS[name] : [];
  const event = typeof own === "string" ? own : known[0];
  if (own === false || !event || !isObject(facts)) return;
  const items = Array.isArray(facts.items) ? facts.items.filter(isObject) : [];
  if (known[1] && own === undefined) {
    items.forEach((item) => tell("track", event, product(item, text(facts.currency))));
  } else tell("track", event, order(facts, items));
}

function follow() {
  const layer = (window.dataLayer = window.dataLayer || []);
  layer.forEach(read);
  const push = layer.push;
  layer.push = function (...entries) {
    const result = push.apply(this, entries);
    entries.forEach(read);
    return result;
  };
}

// ---- Forms -----------------------------------------------------------------------------------

const TAGS = ["source", "medium", "campaign", "term", "content"];
const CLICKS = ["gclid", "wbraid", "gbraid", "fbclid", "msclkid", "ttclid"];
const SECRET = /pass|secret|token|card|cvc|cvv|iban|otp|pin\b/i;
const CARD = /^(?:\d[ -]?){13,19}$/;
const UNREAD = ["password", "hidden", "file", "submit", "button", "image", "reset"];

/** Where the visitor came from in this tab: the address they landed on, while that may be kept. */
function landing() {
  let address = location.search;
  const mayKeep = window.jf.consents && window.jf.consents().functional !== false;
  try {
    if (mayKeep) address = sessionStorage.getItem("jf_landing") ?? address;
    if (mayKeep) sessionStorage.setItem("jf_landing", address);
  } catch (refused) {
    return new URLSearchParams(address);
  }
  return new URLSearchParams(address);
}

/** Hidden fields that are there get their values; none is added. */
function fill(form) {
  const came = landing();
  const click = CLICKS.map((name) => came.get(name)).find(Boolean);
  const values = {
    jf_anonymous_id: window.jf.anonymousId && window.jf.anonymousId(),
    jf_click_id: click,
    jf_consent: window.jf.consents && JSON.stringify(window.jf.consents()),
  };
  for (const tag of TAGS) values["jf_utm_" + tag] = came.get("utm_" + tag);
  for (const name in values) {
    const field = form.elements.namedItem(name);
    if (field && field.type === "hidden" && values[name]) field.value = values[name];
  }
}

/** Whether a field may be read at all: never secrets, never cards, whatever they are called. */
function isRead(field) {
  const calls = (field.getAttribute("autocomplete") || "").toLowerCase();
  if (!field.name || field.disabled || UNREAD.includes(field.type)) return false;
  if (/\bcc-|password|one-time-code/.test(calls) || SECRET.test(field.name)) return false;
  if (/checkbox|radio/.test(field.type) && !field.checked) return false;
  return !CARD.test(field.value.trim());
}

function submitted(event) {
  const form = event.target;
  if (!form.matches || !form.matches("form[data-jf-form]")) return;
  fill(form);
  const fields = {};
  const traits = {};
  const purposes = {};
  for (const field of form.elements) {
    const { jfTrait, jfConsent } = field.dataset;
    if (jfConsent) purposes[jfConsent] = field.checked ? "granted" : "denied";
    else if (isRead(field)) (jfTrait ? traits : fields)[jfTrait || field.name] = field.value.slice(0, 500);
  }
  const version = form.dataset.jfTextVersion;
  const facts = said({ form: form.dataset.jfForm || form.id, text_version: version });
  const at = new Date().toISOString();
  if (Object.keys(traits).length) tell("identify", traits);
  if (Object.keys(purposes).length) {
    tell("track", "Consent Updated", { ...facts, purposes, submitted_at: at });
  }
  tell("track", "Form Submitted", { ...facts, fields, submitted_at: at });
}

follow();
tell("ready", () => {
  landing();
  document.querySelectorAll("form[data-jf-form]").forEach(fill);
});
// At submit in any case, and before handlers of the page that send the form themselves.
document.addEventListener("submit", submitted, true);
})();
