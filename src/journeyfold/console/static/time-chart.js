// <time-chart>: a reading line over the picture the server drew. The line's own path is the data,
// so nothing is sent twice; the words come from the table behind "Show as table".
const SVG = "http://www.w3.org/2000/svg";

class TimeChart extends HTMLElement {
  connectedCallback() {
    this.plot = this.querySelector("svg.plot");
    this.rows = [...(this.closest("figure")?.querySelectorAll("details tbody tr") ?? [])].reverse();
    const path = this.plot?.querySelector("svg path.ln:not(.dash)");
    if (!path || this.rows.length < 2) return;
    this.points = path.getAttribute("d").slice(1).split(" ").map(Number);
    this.covered = this.points[this.points.length - 2];
    this.plot.addEventListener("pointermove", (event) => this.read(event));
    this.plot.addEventListener("pointerleave", () => this.clear());
  }

  read(event) {
    const box = this.plot.getBoundingClientRect();
    const at = (event.clientX - box.left) / box.width * 100;
    const parts = this.points.length / 2 - 1;
    const part = Math.round(at / this.covered * parts);
    const row = this.rows[this.rows.length - 1 - (parts - Math.min(part, parts))];
    if (!row || part < 0 || part > parts) return this.clear();
    this.line ??= this.plot.appendChild(document.createElementNS(SVG, "line"));
    const x = `${this.points[part * 2]}%`;
    for (const [name, value] of Object.entries({ class: "at", x1: x, x2: x, y1: 10, y2: this.plot.height.baseVal.value - 24 })) {
      this.line.setAttribute(name, value);
    }
    this.words ??= this.appendChild(document.createElement("output"));
    this.words.textContent = [...row.cells].map((cell) => cell.textContent).join("   ");
  }

  clear() {
    this.line?.remove();
    this.words?.remove();
    this.line = this.words = undefined;
  }
}

customElements.define("time-chart", TimeChart);
