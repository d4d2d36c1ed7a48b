// A report's page: rows can be ticked and are added up, and a filter that gets no answer becomes an ordinary page.
"use strict";

const THIN = "\u2009";
const MINUS = "\u2212";

// Øre as whole numbers: sums are exact.
const ore = (text) => BigInt(text.replace(".", ""));
const written = (sum) => {
  const digits = (sum < 0n ? -sum : sum).toString().padStart(3, "0");
  const whole = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, THIN);
  return `${sum < 0n ? MINUS : ""}${whole},${digits.slice(-2)}`;
};

const cell = (label) => {
  const one = document.createElement("td");
  one.className = "pick";
  if (label) {
    const input = document.createElement("input");
    input.type = "checkbox";
    input.setAttribute("aria-label", label);
    one.append(input);
  }
  return one;
};

const prepare = (sheet) => {
  const words = sheet.dataset;
  // Who may do something with the rows has the boxes already: they belong to a form, with scripts or without.
  if (!sheet.querySelector(".pick")) {
    sheet.querySelectorAll("thead tr").forEach((row) => row.prepend(cell("")));
    sheet.querySelectorAll("tr[data-open]").forEach((row) => row.prepend(cell(`${words.row} ${row.dataset.name}`)));
    sheet.querySelectorAll("tr.group > th, tfoot tr.total > th").forEach((wide) => {
      wide.colSpan += 1;
    });
  }
  const bar = document.createElement("div");
  bar.className = "picked";
  bar.hidden = true;
  bar.innerHTML = '<p role="status"></p><button class="ds-button" data-variant="secondary" type="button"></button>';
  const [told, clear] = [bar.querySelector("p"), bar.querySelector("button")];
  clear.textContent = words.clear;
  sheet.after(bar);

  const show = () => {
    const rows = [...sheet.querySelectorAll("tr[data-open]")].filter((row) => row.querySelector(".pick input").checked);
    sheet.querySelectorAll("tr[data-open]").forEach((row) => row.classList.toggle("is-picked", rows.includes(row)));
    const sum = rows.reduce((soFar, row) => soFar + ore(row.dataset.open), 0n);
    bar.hidden = rows.length === 0;
    told.textContent = `${words.chosen}: ${rows.length} · ${words.sum} ${written(sum)} ${words.pick}`;
  };
  sheet.addEventListener("change", show);
  clear.addEventListener("click", () => {
    sheet.querySelectorAll(".pick input").forEach((box) => {
      box.checked = false;
    });
    show();
    sheet.querySelector(".pick input").focus();
  });
};

const ready = () => document.querySelectorAll("[data-pick]:not([data-ready])").forEach((sheet) => {
  sheet.dataset.ready = "";
  prepare(sheet);
});

// A session that has ended sends the browser to sign in, which a script may not follow: let the page itself go there.
document.addEventListener("htmx:sendError", (event) => window.location.assign(event.detail.pathInfo.finalRequestPath));
document.addEventListener("htmx:afterSettle", ready);
ready();
