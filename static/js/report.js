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
    sheet.dispatchEvent(new CustomEvent("match:cleared", { bubbles: true }));
    sheet.querySelector(".pick input").focus();
  });
};

// «Sett …» is a form of its own; the ticks that belong to the form for matching are taken along.
const offerBulk = () => document.querySelectorAll("[data-takes][hidden]").forEach((bulk) => {
  bulk.hidden = false;
  bulk.querySelector("form").addEventListener("submit", ({ currentTarget: form }) => {
    form.querySelectorAll("[data-taken]").forEach((one) => one.remove());
    document.querySelectorAll(`input[name=post][form=${bulk.dataset.takes}]:checked`).forEach((tick) => {
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "post", value: tick.value }));
      form.lastChild.dataset.taken = "";
    });
  });
});

// Paper wants the browser's own dialog, which only a script can open.
const offerPaper = () => document.querySelectorAll("[data-print]").forEach((button) => {
  button.hidden = false;
});

const ready = () => document.querySelectorAll("[data-pick]:not([data-ready])").forEach((sheet) => {
  sheet.dataset.ready = "";
  prepare(sheet);
});

// A session that has ended sends the browser to sign in, which a script may not follow: let the page itself go there.
document.addEventListener("htmx:sendError", (event) => window.location.assign(event.detail.pathInfo.finalRequestPath));
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) {
    window.print();
  }
});
document.addEventListener("htmx:afterSettle", () => {
  ready();
  offerPaper();
  offerBulk();
});
ready();
offerPaper();
offerBulk();
