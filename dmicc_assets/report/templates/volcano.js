"use strict";
// The interactive volcano plots. They draw the rows of the statistics tables that are in the page.
const MARGIN = { left: 52, right: 14, top: 14, bottom: 44 };
const NEAR = 14;

class Volcano {
  constructor(config, table, holder) {
    this.config = config;
    this.table = table;
    const data = Object.fromEntries(table.columns.map((column) => [column.name, column.data]));
    this.gene = data.gene;
    this.logFc = data.log_fc;
    this.p = data.p_value;
    this.adjusted = data.adj_p_value;
    this.y = Float64Array.from(this.p, (p) => -Math.log10(Math.max(p, 1e-300)));
    const up = new Set(config.up), down = new Set(config.down), named = new Set(config.named);
    this.side = this.gene.map((gene) => (up.has(gene) ? 1 : down.has(gene) ? -1 : 0));
    this.named = [...this.gene.keys()].filter((i) => named.has(this.gene[i]));
    this.byP = [...this.gene.keys()].filter((i) => this.drawable(i)).sort((a, b) => this.p[a] - this.p[b]);
    this.chosen = -1;
    this.build(holder);
    this.whole();
    this.resize();
  }

  drawable(i) {
    return Number.isFinite(this.logFc[i]) && Number.isFinite(this.y[i]);
  }

  build(holder) {
    const box = document.createElement("div");
    box.className = "volcano";
    const count = (n) => n.toLocaleString("en");
    const summary = `${count(this.byP.length)} genes, ${count(this.config.up.length)} up and ${count(this.config.down.length)} down in cases`;
    const title = document.createElement("h3");
    title.textContent = `${this.config.title}: ${summary}`;
    this.canvas = document.createElement("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", `Volcano plot of ${this.config.title}: ${summary}. The table of statistics below holds every point.`);
    this.tip = document.createElement("div");
    this.tip.className = "tip";
    this.tip.hidden = true;
    this.tip.setAttribute("role", "status");
    const search = document.createElement("label");
    search.className = "hint";
    search.append("Find a gene ");
    this.search = document.createElement("input");
    this.search.type = "search";
    this.search.spellcheck = false;
    search.append(this.search);
    const hint = document.createElement("p");
    hint.className = "hint";
    hint.textContent = "Point at a gene for its numbers, click for its row. Drag to enlarge, double-click for all. Arrow keys go by p-value.";
    box.append(title, this.canvas, this.tip, search, hint);
    holder.append(box);
    this.listen();
  }

  listen() {
    this.canvas.addEventListener("pointermove", (event) => this.moved(event));
    this.canvas.addEventListener("pointerleave", () => { if (!this.drag) this.choose(-1); });
    this.canvas.addEventListener("pointerdown", (event) => {
      this.drag = { from: this.place(event), to: this.place(event) };
    });
    this.canvas.addEventListener("pointerup", (event) => this.released(event));
    this.canvas.addEventListener("dblclick", () => { this.whole(); this.draw(); });
    this.canvas.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step || !this.byP.length) return;
      event.preventDefault();
      const at = this.byP.indexOf(this.chosen);
      this.choose(this.byP[Math.min(Math.max(at + step, 0), this.byP.length - 1)]);
    });
    this.search.addEventListener("input", () => {
      const wanted = this.search.value.trim().toUpperCase();
      this.choose(wanted ? this.byP.find((i) => this.gene[i].toUpperCase() === wanted) ?? this.byP.find((i) => this.gene[i].toUpperCase().startsWith(wanted)) ?? -1 : -1);
    });
    new ResizeObserver(() => this.resize()).observe(this.canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  moved(event) {
    const [x, y] = this.place(event);
    if (this.drag) {
      this.drag.to = [x, y];
      this.draw();
      return;
    }
    let best = -1, distance = NEAR * NEAR;
    for (const i of this.byP) {
      const dx = this.px(this.logFc[i]) - x, dy = this.py(this.y[i]) - y, d = dx * dx + dy * dy;
      if (d < distance) { best = i; distance = d; }
    }
    if (best !== this.chosen) this.choose(best);
  }

  released(event) {
    if (!this.drag) return;
    const [x0, y0] = this.drag.from, [x1, y1] = this.place(event);
    this.drag = null;
    if (Math.abs(x1 - x0) > 8 && Math.abs(y1 - y0) > 8) {
      const xs = [this.ux(x0), this.ux(x1)].sort((a, b) => a - b), ys = [this.uy(y0), this.uy(y1)].sort((a, b) => a - b);
      this.view = { x0: xs[0], x1: xs[1], y0: Math.max(ys[0], 0), y1: ys[1] };
    } else if (this.chosen >= 0) {
      this.table.show(this.gene[this.chosen]);
      this.table.element.scrollIntoView({ block: "center" });
    }
    this.draw();
  }

  whole() {
    let reach = 1, top = 1;
    for (const i of this.byP) {
      reach = Math.max(reach, Math.abs(this.logFc[i]));
      top = Math.max(top, this.y[i]);
    }
    this.view = { x0: -reach * 1.06, x1: reach * 1.06, y0: 0, y1: top * 1.06 };
  }

  px(x) { return MARGIN.left + ((x - this.view.x0) / (this.view.x1 - this.view.x0)) * (this.width - MARGIN.left - MARGIN.right); }
  py(y) { return this.height - MARGIN.bottom - ((y - this.view.y0) / (this.view.y1 - this.view.y0)) * (this.height - MARGIN.top - MARGIN.bottom); }
  ux(px) { return this.view.x0 + ((px - MARGIN.left) / (this.width - MARGIN.left - MARGIN.right)) * (this.view.x1 - this.view.x0); }
  uy(py) { return this.view.y0 + ((this.height - MARGIN.bottom - py) / (this.height - MARGIN.top - MARGIN.bottom)) * (this.view.y1 - this.view.y0); }

  resize() {
    const box = this.canvas.getBoundingClientRect();
    const ratio = devicePixelRatio || 1;
    if (!box.width || (box.width === this.width && box.height === this.height && ratio === this.ratio)) return;
    this.ratio = ratio;
    this.width = box.width;
    this.height = box.height;
    this.canvas.width = Math.round(box.width * ratio);
    this.canvas.height = Math.round(box.height * ratio);
    this.pen = this.canvas.getContext("2d");
    this.pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.draw();
  }

  choose(i) {
    this.chosen = i;
    this.draw();
    this.tip.hidden = i < 0;
    if (i < 0) return;
    const direction = this.side[i] > 0 ? "up in cases" : this.side[i] < 0 ? "down in cases" : "not differentially expressed";
    this.tip.textContent = `${this.gene[i]}\nlog2 fold change ${numberText(this.logFc[i])}\np ${numberText(this.p[i])}\nadjusted p ${numberText(this.adjusted[i])}\n${direction}`;
    const x = this.px(this.logFc[i]), y = this.py(this.y[i]);
    const left = this.canvas.offsetLeft, top = this.canvas.offsetTop;
    this.tip.style.left = `${left + Math.min(Math.max(x + 12, 0), this.width - this.tip.offsetWidth - 4)}px`;
    this.tip.style.top = `${top + (y - this.tip.offsetHeight - 10 < 0 ? y + 14 : y - this.tip.offsetHeight - 10)}px`;
  }

  colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  draw() {
    const pen = this.pen;
    if (!pen) return;
    const ink = this.colour("--ink"), soft = this.colour("--soft"), line = this.colour("--line");
    pen.clearRect(0, 0, this.width, this.height);
    pen.font = "11px system-ui, sans-serif";
    this.axes(pen, ink, soft, line);
    pen.save();
    pen.beginPath();
    pen.rect(MARGIN.left, MARGIN.top, this.width - MARGIN.left - MARGIN.right, this.height - MARGIN.top - MARGIN.bottom);
    pen.clip();
    this.thresholds(pen, soft);
    this.points(pen);
    this.names(pen, ink);
    if (this.drag) {
      const [x0, y0] = this.drag.from, [x1, y1] = this.drag.to;
      pen.strokeStyle = ink;
      pen.setLineDash([3, 3]);
      pen.strokeRect(x0, y0, x1 - x0, y1 - y0);
      pen.setLineDash([]);
    }
    pen.restore();
  }

  axes(pen, ink, soft, line) {
    pen.strokeStyle = line;
    pen.fillStyle = soft;
    pen.lineWidth = 1;
    pen.textAlign = "center";
    for (const x of ticks(this.view.x0, this.view.x1, 7)) {
      pen.fillText(numberText(x), this.px(x), this.height - MARGIN.bottom + 16);
      segment(pen, this.px(x), MARGIN.top, this.px(x), this.height - MARGIN.bottom);
    }
    pen.textAlign = "right";
    for (const y of ticks(this.view.y0, this.view.y1, 6)) {
      pen.fillText(numberText(y), MARGIN.left - 7, this.py(y) + 4);
      segment(pen, MARGIN.left, this.py(y), this.width - MARGIN.right, this.py(y));
    }
    pen.fillStyle = ink;
    pen.textAlign = "center";
    pen.fillText("log2 fold change, case over control", (this.width + MARGIN.left) / 2, this.height - 8);
    pen.save();
    pen.translate(14, (this.height - MARGIN.bottom) / 2);
    pen.rotate(-Math.PI / 2);
    pen.fillText("−log10 p", 0, 0);
    pen.restore();
  }

  thresholds(pen, soft) {
    pen.strokeStyle = soft;
    pen.setLineDash([5, 4]);
    for (const x of this.config.log_fc ? [-this.config.log_fc, this.config.log_fc] : []) segment(pen, this.px(x), 0, this.px(x), this.height);
    const passing = this.config.adjust === "none" ? null : this.byP.filter((i) => this.adjusted[i] < this.config.p_value);
    const limit = passing === null ? this.config.p_value : passing.length ? this.p[passing[passing.length - 1]] : null;
    if (limit !== null) {
      const y = this.py(-Math.log10(Math.max(limit, 1e-300)));
      segment(pen, 0, y, this.width, y);
    }
    pen.setLineDash([]);
  }

  points(pen) {
    // circles below, triangles for what moves: the shape says the side without the colour
    for (const side of [0, -1, 1]) {
      pen.fillStyle = this.colour(side === 0 ? "--rest" : side > 0 ? "--up" : "--down");
      pen.globalAlpha = side === 0 ? 0.45 : 0.85;
      for (const i of this.byP) {
        if (this.side[i] !== side) continue;
        const x = this.px(this.logFc[i]), y = this.py(this.y[i]);
        if (side === 0) { pen.fillRect(x - 1, y - 1, 2, 2); continue; }
        pen.beginPath();
        pen.moveTo(x - 3.2, y + side * 2.8);
        pen.lineTo(x + 3.2, y + side * 2.8);
        pen.lineTo(x, y - side * 3.4);
        pen.fill();
      }
    }
    pen.globalAlpha = 1;
  }

  names(pen, ink) {
    pen.fillStyle = pen.strokeStyle = ink;
    pen.textAlign = "left";
    const paper = this.colour("--paper");
    for (const i of this.named) this.ring(pen, i, 4.5, 1);
    for (const label of this.layout(pen)) {
      if (label.isFar) segment(pen, label.x, label.y, label.from[0], label.from[1]);
      this.write(pen, label.text, label.left, label.base, ink, paper);
    }
    if (this.chosen < 0) return;
    this.ring(pen, this.chosen, 6.5, 2);
    const x = this.px(this.logFc[this.chosen]) + 10, width = pen.measureText(this.gene[this.chosen]).width;
    const left = x + width > this.width - MARGIN.right ? x - width - 20 : x;
    this.write(pen, this.gene[this.chosen], left, this.py(this.y[this.chosen]) + 4, ink, paper);
  }

  ring(pen, i, radius, width) {
    pen.beginPath();
    pen.arc(this.px(this.logFc[i]), this.py(this.y[i]), radius, 0, 2 * Math.PI);
    pen.lineWidth = width;
    pen.stroke();
    pen.lineWidth = 1;
  }

  write(pen, text, left, base, ink, paper) {
    pen.strokeStyle = paper;
    pen.lineWidth = 3;
    pen.strokeText(text, left, base);
    pen.strokeStyle = ink;
    pen.lineWidth = 0.7;
    pen.fillText(text, left, base);
  }

  layout(pen) {
    // each name where it covers no other name and no ringed point, the nearest place first; the same until the view changes
    const key = [this.width, this.height, ...Object.values(this.view)].join();
    if (this.laid?.key === key) return this.laid.labels;
    const at = this.named.map((i) => [this.px(this.logFc[i]), this.py(this.y[i])]);
    const taken = at.map(([x, y]) => [x - 5, y - 5, x + 5, y + 5]);
    const isFree = (box) => box[0] > MARGIN.left && box[2] < this.width - MARGIN.right && box[1] > MARGIN.top
      && box[3] < this.height - MARGIN.bottom && !taken.some((t) => box[0] < t[2] && t[0] < box[2] && box[1] < t[3] && t[1] < box[3]);
    const labels = [];
    this.named.forEach((i, k) => {
      const [x, y] = at[k], width = pen.measureText(this.gene[i]).width;
      for (const radius of [8, 14, 22, 32, 44, 58, 74, 92]) for (const degrees of [0, 180, 30, 150, -30, -150, 60, 120, -60, -120, 90, -90]) {
        if (labels.length && labels[labels.length - 1].i === i) return;
        const cosine = Math.cos((degrees * Math.PI) / 180), sine = Math.sin((degrees * Math.PI) / 180);
        const left = x + radius * cosine - (width / 2) * (1 - cosine), base = y - radius * sine + 4 - 4 * sine;
        const box = [left - 1, base - 9, left + width + 1, base + 3];
        if (!isFree(box)) continue;
        taken.push(box);
        const from = [Math.min(Math.max(x, box[0]), box[2]), Math.min(Math.max(y, box[1]), box[3])];
        labels.push({ i, text: this.gene[i], left, base, x, y, from, isFar: radius > 12 });
      }
    });
    this.laid = { key, labels };
    return labels;
  }
}

function segment(pen, x0, y0, x1, y1) {
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
}

function ticks(low, high, about) {
  const raw = (high - low) / about, base = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * base).find((each) => each >= raw);
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) found.push(Number((k * step).toPrecision(12)));
  return found;
}

const volcanoHolder = document.querySelector(".volcanoes");
const volcanoes = [];
statisticsReady.then(() => {
  const configs = volcanoHolder ? JSON.parse(document.getElementById("volcano-config").textContent) : [];
  for (const config of configs) {
    const table = dataTables.get(`table-differential-statistics-${config.cohort.replace(/[^a-z0-9]/gi, "-")}`);
    if (table) volcanoes.push(new Volcano(config, table, volcanoHolder));
  }
});
