// <live-tail>: new rows on top of the table the server made. It keeps 500 rows and counts the
// others, keeps its place over a lost connection, and tells a screen reader counts, not rows (C20-C22).
const KEPT = 500;
const SAID_EVERY_MS = 5000;
const POLLS = "No stream through this connection; reading every 5 s";

class LiveTail extends HTMLElement {
  connectedCallback() {
    this.body = this.querySelector("tbody");
    this.state = document.querySelector("live-state");
    this.count = document.getElementById("tail-count");
    this.missed = [];
    this.skipped = 0;
    this.came = 0;
    this.paused = false;
    this.furnish();
    if (this.dataset.still) {
      this.tell("", "Older records; the tail is still");
      this.button.hidden = true;
      return;
    }
    this.open();
    this.saying = setInterval(() => this.say(), SAID_EVERY_MS);
  }

  disconnectedCallback() {
    this.source?.close();
    clearInterval(this.saying);
  }

  open() {
    this.source = new EventSource(this.dataset.stream);
    this.heard = false;
    this.source.addEventListener("hello", () => {
      this.heard = true;
      this.tell("good", "Connected, nothing missed");
    });
    this.source.addEventListener("message", (event) => this.take(JSON.parse(event.data)));
    this.source.addEventListener("error", () => {
      if (this.source.readyState === EventSource.CLOSED) return this.poll();
      this.tell("warn", "Connection lost; it comes back by itself");
    });
    // A proxy that buffers never says hello: read the page again every five seconds instead.
    setTimeout(() => { if (!this.heard) { this.source.close(); this.poll(); } }, 10000);
  }

  // The page says itself whether somebody is still signed in: a stream cannot.
  poll(words = POLLS) {
    this.tell("warn", words);
    setTimeout(async () => {
      const answer = await fetch(location.href).catch(() => null);
      if (answer?.redirected && new URL(answer.url).pathname === "/sign-in") return location.reload();
      if (answer?.ok) this.refill(await answer.text());
      if (this.isConnected) this.poll(answer?.ok ? POLLS : "No answer; tried again every 5 s");
    }, 5000);
  }

  refill(text) {
    const rows = new DOMParser().parseFromString(text, "text/html").querySelector("live-tail tbody");
    if (rows && !this.paused) this.body.replaceWith(this.body = document.adoptNode(rows));
    window.htmx?.process(this.body);
  }

  take(message) {
    this.came += message.came;
    this.skipped += message.skipped;
    if (this.paused) {
      this.missed.push(...message.rows);
      this.skipped += Math.max(0, this.missed.length - KEPT);
      this.missed = this.missed.slice(-KEPT);
      this.button.lastChild.textContent = `Resume, ${this.missed.length} new`;
      return;
    }
    this.put(message.rows);
  }

  put(rows) {
    const made = document.createElement("template");
    made.innerHTML = rows.reverse().join("");
    const fresh = [...made.content.children];
    fresh.forEach((row) => row.classList.add("fresh"));
    this.body.prepend(made.content);
    window.htmx?.process(this.body);
    while (this.body.rows.length > KEPT) {
      this.body.lastElementChild.remove();
      this.skipped += 1;
    }
    const shown = `${this.body.rows.length} rows, newest first.`;
    this.count.textContent = this.skipped ? `${shown} ${this.skipped.toLocaleString("en")} not shown.` : shown;
  }

  furnish() {
    this.words = document.createElement("span");
    this.words.className = "state";
    this.button = document.createElement("button");
    this.button.className = "btn";
    this.button.append(icon("pause"), document.createTextNode("Pause"));
    this.button.addEventListener("click", () => this.toggle());
    this.voice = document.createElement("span");
    this.voice.className = "vh";
    this.voice.setAttribute("aria-live", "polite");
    this.state.replaceChildren(this.words, this.button, this.voice);
  }

  toggle() {
    this.paused = !this.paused;
    this.button.replaceChildren(icon(this.paused ? "play" : "pause"),
      document.createTextNode(this.paused ? "Resume" : "Pause"));
    if (this.paused) return this.tell("hold", "Paused; the place is kept");
    this.put(this.missed);
    this.missed = [];
    this.tell("good", "Connected, nothing missed");
  }

  tell(tone, words) {
    this.words.className = `state${tone ? ` on-${tone}` : ""}`;
    this.words.replaceChildren(icon("live", "s"), document.createTextNode(words));
  }

  say() {
    if (this.came && !this.paused) this.voice.textContent = `${this.came} records came`;
    this.came = 0;
  }
}

function icon(name, size = "") {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", `i ${size}`);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#${name}`);
  svg.append(use);
  return svg;
}

customElements.define("live-tail", LiveTail);
