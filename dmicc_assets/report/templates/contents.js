"use strict";
// The contents list follows the page; folded parts open for print and for a link into them; figures can be saved.
const links = new Map([...document.querySelectorAll(".contents a")].map((link) => [link.hash.slice(1), link]));
const headed = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);

function follow() {
  // the last heading above a quarter of the window; at the end of the page the last one
  const visible = headed.filter((each) => each.checkVisibility());
  const isAtEnd = scrollY + innerHeight >= document.documentElement.scrollHeight - 2;
  const passed = visible.filter((each) => isAtEnd || each.getBoundingClientRect().top <= innerHeight / 4);
  const current = passed.length ? passed[passed.length - 1] : visible[0];
  for (const [id, link] of links) {
    if (id !== current.id) link.removeAttribute("aria-current");
    else if (!link.hasAttribute("aria-current")) {
      link.setAttribute("aria-current", "true");
      const list = link.closest(".contents");
      // only the list moves, never the page
      list.scrollTo({ top: link.offsetTop - list.clientHeight / 2, left: link.offsetLeft - list.clientWidth / 2 });
    }
  }
}
let waits = false;
addEventListener("scroll", () => {
  if (waits) return;
  waits = true;
  requestAnimationFrame(() => { waits = false; follow(); });
}, { passive: true });
addEventListener("resize", follow);
follow();

function unfold() {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const part = target && target.closest("details.part");
  if (!part || part.open) return;
  part.open = true;
  target.scrollIntoView();
}
addEventListener("hashchange", unfold);
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#']");
  if (link && link.hash === location.hash) unfold();
  // the image is in the page once; its link gets the address when it is followed
  if (link && link.classList.contains("file")) link.href = link.closest("figure").querySelector("img").src;
});
unfold();

for (const link of document.querySelectorAll("a.from")) {
  const wanted = link.dataset.table;
  const table = document.getElementById(wanted) ?? document.querySelector(`.data-table[id^="${wanted}-"]`);
  if (table) link.href = `#${table.id}`;
}

const folded = "details.part:not([open])";
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll(folded)];
  for (const part of opened) part.open = true;
});
addEventListener("afterprint", () => {
  for (const part of opened) part.open = false;
  opened = [];
});
