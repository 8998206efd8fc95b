"use strict";
// Sorting, filtering, paging and download of the page's tables. All rows are in the page, packed; nothing is fetched.
// A browser without it (before 2023) shows the first rows of each table, and the printed volcano plots.
const CAN_UNPACK = "DecompressionStream" in window;
if (CAN_UNPACK) document.documentElement.classList.add("scripted");

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text.trim()), (c) => c.charCodeAt(0));
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const columns = JSON.parse(await new Response(plain).text());
  for (const column of columns) {
    column.data = column.kind !== "number" ? column.values
      : Float64Array.from(column.values, (v) => (v === null ? NaN : v === "inf" ? Infinity : v === "-inf" ? -Infinity : v));
  }
  return columns;
}

function numberText(x) {
  if (Number.isNaN(x)) return "";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  const size = Math.abs(x);
  const rounded = Number.isInteger(x) && size < 1e6 ? x : Number(x.toPrecision(4));
  const text = size !== 0 && (size < 1e-4 || size >= 1e6) ? rounded.toExponential() : String(rounded);
  return text.replaceAll("-", "−");
}

function listText(text) {
  // of a long list the first and their number; the filter and the download know all
  const members = text.split(", ");
  return members.length > 8 ? `${members.slice(0, 8).join(", ")} … (${members.length})` : text;
}

const pattern = /^([a-z0-9_.]+)(<=|>=|=|<|>)(-?[0-9.]+(?:e-?[0-9]+)?)$/i;

function conditions(text, columns) {
  // "log_fc>1 adj_p_value<1e-5 EGR": comparisons on columns, and text that a row must hold
  const joined = text.trim().replace(/\s*(<=|>=|<|>|=)\s*/g, "$1");
  return joined.split(/\s+/).filter(Boolean).map((word) => {
    const match = word.match(pattern);
    const column = match && columns.find((c) => c.kind === "number" && c.name.toLowerCase() === match[1].toLowerCase());
    if (!column) {
      const wanted = word.toLowerCase();
      const searched = columns.filter((c) => c.kind !== "number");
      return (i) => searched.some((c) => String(c.data[i] ?? "").toLowerCase().includes(wanted));
    }
    const limit = Number(match[3]);
    const compare = { "<": (x) => x < limit, ">": (x) => x > limit, "<=": (x) => x <= limit, ">=": (x) => x >= limit, "=": (x) => x === limit };
    return (i) => compare[match[2]](column.data[i]);
  });
}

class DataTable {
  constructor(element, columns) {
    this.element = element;
    this.columns = columns;
    this.size = Number(element.dataset.rows);
    this.length = Number(element.dataset.page);
    const printed = Number(element.dataset.printed);
    this.rows = Array.from({ length: this.size }, (_, i) => i);
    this.page = 0;
    this.body = element.querySelector("tbody");
    // the other columns are in the download only
    this.classes = new Map([...element.querySelectorAll("th[data-column]")].map((head) => [head.dataset.column, head.className]));
    this.shown = columns.filter((column) => this.classes.has(column.name));
    this.input = element.querySelector("input");
    this.listen();
    element.querySelector(".tools").hidden = false;
    if (this.body.rows.length > this.length) this.draw();
    this.count();
    this.pages();
    addEventListener("beforeprint", () => { if (this.rows.length <= printed) this.draw(0, this.rows.length); });
    addEventListener("afterprint", () => { if (this.rows.length <= printed) this.draw(); });
  }

  listen() {
    for (const head of this.element.querySelectorAll("th[data-column]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => this.sort(head));
    }
    this.input.addEventListener("input", () => this.filter(this.input.value));
    this.element.querySelector(".download").addEventListener("click", () => this.download());
    this.element.querySelector(".previous").addEventListener("click", () => this.turn(-1));
    this.element.querySelector(".next").addEventListener("click", () => this.turn(1));
  }

  sort(head) {
    const descending = head.getAttribute("aria-sort") === "ascending";
    for (const other of this.element.querySelectorAll("th")) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const column = this.columns.find((c) => c.name === head.dataset.column);
    const sign = descending ? -1 : 1;
    const missing = (v) => v === null || Number.isNaN(v);
    // what is missing stands last, whichever the direction
    this.order = (a, b) => {
      const x = column.data[a], y = column.data[b];
      if (missing(x) || missing(y)) return missing(x) - missing(y) || a - b;
      const difference = column.kind === "number" ? (x < y ? -1 : x > y ? 1 : 0) : String(x).localeCompare(String(y), "en", { numeric: true });
      return sign * difference || a - b;
    };
    this.rows.sort(this.order);
    this.page = 0;
    this.draw();
  }

  filter(text) {
    const tests = conditions(text, this.columns);
    this.rows = [];
    for (let i = 0; i < this.size; i++) if (tests.every((test) => test(i))) this.rows.push(i);
    if (this.order) this.rows.sort(this.order);
    this.page = 0;
    this.draw();
  }

  show(text) {
    this.input.value = text;
    this.filter(text);
  }

  turn(step) {
    this.page += step;
    this.draw();
  }

  draw(from = this.page * this.length, to = (this.page + 1) * this.length) {
    const shown = this.rows.slice(from, to);
    this.body.replaceChildren(...shown.map((i) => {
      const row = document.createElement("tr");
      for (const column of this.shown) {
        const cell = document.createElement("td");
        cell.className = this.classes.get(column.name);
        const value = column.data[i];
        const text = column.kind === "number" ? numberText(value) : column.kind === "list" ? listText(value ?? "") : value ?? "";
        if (column.name === "severity" || column.name === "agrees") cell.dataset.value = text;
        if (column.kind === "hash") cell.title = text;
        DataTable.write(cell, String(text));
        row.append(cell);
      }
      return row;
    }));
    const isPart = shown.length < this.rows.length;
    this.element.querySelector(".more").textContent = isPart ? `${shown.length} of ${this.rows.length.toLocaleString("en")} rows.` : "";
    this.count();
    this.pages();
  }

  static write(cell, text) {
    // a DOI is a link, as on the page before its rows were drawn again
    let at = 0;
    for (const match of text.matchAll(/(?:doi:)?(10\.\d{4,9}\/\S*[^\s.,;:)'"])/g)) {
      const link = document.createElement("a");
      link.href = `https://doi.org/${match[1]}`;
      link.textContent = `doi:${match[1]}`;
      cell.append(text.slice(at, match.index), link);
      at = match.index + match[0].length;
    }
    cell.append(text.slice(at));
  }

  count() {
    const all = this.size.toLocaleString("en");
    const text = this.rows.length === this.size ? `${all} ${this.size === 1 ? "row" : "rows"}` : `${this.rows.length.toLocaleString("en")} of ${all} rows`;
    this.element.querySelector(".count").textContent = text;
  }

  pages() {
    const last = Math.max(Math.ceil(this.rows.length / this.length), 1);
    const pages = this.element.querySelector(".pages");
    pages.hidden = last === 1;
    pages.querySelector("span").textContent = `page ${this.page + 1} of ${last.toLocaleString("en")}`;
    pages.querySelector(".previous").disabled = this.page === 0;
    pages.querySelector(".next").disabled = this.page >= last - 1;
  }

  download() {
    const quoted = (v) => (/[",\n]/.test(v) ? `"${v.replaceAll('"', '""')}"` : v);
    const cell = (column, i) => {
      const value = column.data[i];
      if (column.kind !== "number") return quoted(String(value ?? ""));
      return Number.isNaN(value) ? "" : Number.isFinite(value) ? String(value) : value > 0 ? "Inf" : "-Inf";
    };
    const lines = [this.columns.map((c) => quoted(c.name)).join(",")];
    for (const i of this.rows) lines.push(this.columns.map((c) => cell(c, i)).join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], { type: "text/csv" }));
    link.download = this.element.dataset.file;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
}

const dataTables = new Map();
async function openTable(element) {
  dataTables.set(element.id, new DataTable(element, await unpacked(element.querySelector("script.data").textContent)));
}
// the statistics first: the volcano plots wait for them
const tableElements = CAN_UNPACK ? [...document.querySelectorAll(".data-table")] : [];
const isStatistics = (element) => element.id.startsWith("table-differential-statistics");
const statisticsReady = Promise.all(tableElements.filter(isStatistics).map(openTable));
const tablesReady = statisticsReady.then(() => Promise.all(tableElements.filter((each) => !isStatistics(each)).map(openTable)));
