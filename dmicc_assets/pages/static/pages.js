// Live updates of forms that also work without this file. Every button submits the whole form; here the answer of the
// server replaces the page, or two parts of it, without a reload.
"use strict";

const parse = (text) => new DOMParser().parseFromString(text, "text/html");
let latest = 0, timer = 0;

async function post(form, doing) {
  const fields = new URLSearchParams(new FormData(form));
  fields.set("do", doing);
  const answer = await fetch(form.action, { method: "POST", body: fields });
  return { answer, page: parse(await answer.text()) };
}

function replaceParts(page, names) {
  for (const name of names) {
    const from = page.getElementById(name), to = document.getElementById(name);
    if (from && to) to.replaceWith(document.importNode(from, true));
  }
}

// The file at once, then what `check` says of it, for which the sources may have to be read.
async function showFile(form, doing) {
  const mine = ++latest;
  const first = await post(form, "show");
  if (mine !== latest || !document.contains(form)) return;
  if (first.page.getElementById("yaml")) replaceParts(first.page, ["yaml", "saves"]);
  document.getElementById("answer")?.classList.add("is_waiting");
  const { page } = await post(form, doing);
  if (mine !== latest || !document.contains(form)) return;
  replaceParts(page, ["yaml", "saves", "answer"]);
}

async function press(form, button) {
  clearTimeout(timer);
  const doing = button.value, scrolled = [...document.querySelectorAll(".samples")].map((each) => each.scrollTop);
  if (doing === "check" || doing === "preview") return showFile(form, doing);
  button.disabled = true;
  button.parentElement.classList.add("is_waiting");
  const mine = ++latest;
  const { answer, page } = await post(form, doing).finally(() => {
    button.disabled = false;
    button.parentElement.classList.remove("is_waiting");
  });
  if (answer.redirected) { location.assign(answer.url); return; }
  if (mine !== latest) return;
  document.querySelector("main").replaceWith(document.importNode(page.querySelector("main"), true));
  document.querySelectorAll(".samples").forEach((each, i) => { each.scrollTop = scrolled[i] || 0; });
  document.querySelector("[role=alert]")?.scrollIntoView({ block: "nearest" });
  const next = document.getElementById("study");
  if (next?.classList.contains("begun")) showFile(next, "preview");
}

document.addEventListener("submit", (event) => {
  const form = event.target, field = document.activeElement;
  // Enter in a field presses the button beside it.
  const beside = field?.matches("input") && field.closest(".group, p")?.querySelector("button");
  const button = event.submitter?.classList.contains("first") && beside || event.submitter;
  if (form.id !== "study" || !button || button.value === "run") return;
  event.preventDefault();
  press(form, button).catch(() => form.requestSubmit === undefined || HTMLFormElement.prototype.submit.call(form));
});

document.addEventListener("input", (event) => {
  const form = event.target.form;
  const said = event.target.name || "";
  if (form?.id !== "study" || !form.classList.contains("begun")) return;
  if (/^(pick|to|rule_|accessions)/.test(said) || event.target.classList.contains("all")) return;
  clearTimeout(timer);
  timer = setTimeout(() => showFile(form, "preview"), 400);
});

// Rows of samples: a click selects, shift selects from the last one to here.
let last = null;
const mark = (box) => box.closest("tr").classList.toggle("picked", box.checked);
document.addEventListener("click", (event) => {
  const row = event.target.closest(".samples tbody tr");
  if (event.target.classList.contains("all")) {
    event.target.closest("table").querySelectorAll("tbody input[type=checkbox]").forEach((box) => {
      box.checked = event.target.checked;
      mark(box);
    });
  }
  if (!row) return;
  const box = row.querySelector("input[type=checkbox]");
  if (event.target !== box) box.checked = !box.checked;
  const rows = [...row.parentElement.children];
  if (event.shiftKey && last && rows.includes(last)) {
    const [from, to] = [rows.indexOf(last), rows.indexOf(row)].sort((a, b) => a - b);
    rows.slice(from, to + 1).forEach((each) => {
      const other = each.querySelector("input[type=checkbox]");
      other.checked = box.checked;
      mark(other);
    });
    getSelection().removeAllRanges();
  }
  mark(box);
  last = row;
});

// The output of a run, as long as it goes on.
async function follow() {
  const log = document.getElementById("log");
  if (!log?.hasAttribute("data-going")) {
    if (document.querySelector("#run .going")) setTimeout(follow, 1000), replaceParts(await load(), ["run"]);
    return;
  }
  log.scrollTop = log.scrollHeight;
  await new Promise((resolve) => { setTimeout(resolve, 1500); });
  const page = await load().catch(() => null);
  if (page) {
    const goes = page.querySelector("#log[data-going]");
    if (!goes) { location.reload(); return; }
    replaceParts(page, ["run"]);
  }
  follow();
}
const load = async () => parse(await (await fetch(location.pathname)).text());
follow();
const begun = document.querySelector("#study.begun");
if (begun) showFile(begun, "preview");
