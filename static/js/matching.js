// Matching by hand: what would come of the ticked rows stands in the bar at once; Ctrl+M matches, Ctrl+U undoes.
"use strict";

const panel = document.createElement("div");
panel.className = "preview";
let asked = null; // the question that is on its way
let waiting = null; // what key was pressed before its answer came

const boxes = () => [...document.querySelectorAll("input[name='post'][form='match-form']")];
const form = () => document.getElementById("match-form");

const ask = async (more = {}) => {
  asked?.abort();
  const chosen = boxes().filter((box) => box.checked);
  const bar = [...document.querySelectorAll(".picked:not([hidden])")].pop();
  if (!chosen.length || !bar) {
    panel.remove();
    return;
  }
  bar.append(panel);
  const question = new AbortController();
  asked = question;
  const query = new URLSearchParams([...new FormData(form()), ...Object.entries({ del: "ja", ...more })]);
  try {
    const answer = await fetch(`${form().action}?${query}`, { signal: question.signal, credentials: "same-origin" });
    if (!answer.ok || answer.redirected) throw new Error(answer.status);
    panel.innerHTML = await answer.text();
  } catch (fault) {
    if (fault.name === "AbortError") return;
    panel.textContent = form().dataset.failed;
  }
  if (asked !== question) return;
  asked = null;
  const key = waiting;
  waiting = null;
  if (key) press(key);
};

const press = (key) => {
  const button = document.querySelector(`[data-key="${key}"]:not(:disabled)`);
  button?.click();
  return Boolean(button);
};

const quiet = () => {
  if (form()) form().hidden = true;
  document.getElementById("match-told")?.focus();
};

let later = 0;
document.addEventListener("change", (event) => {
  if (event.target.matches("input[name='post'][form='match-form']")) {
    clearTimeout(later);
    panel.querySelectorAll("button").forEach((button) => {
      button.disabled = true; // what they would do is no longer what is ticked
    });
    asked?.abort();
    asked = new AbortController();
    later = setTimeout(ask, 120);
  } else if (event.target.matches(".preview [name='erstatt']")) {
    ask(event.target.checked ? { erstatt: "ja" } : {});
  }
});
document.addEventListener("match:cleared", () => ask());
document.addEventListener("keydown", (event) => {
  const key = event.key.toLowerCase();
  if (!event.ctrlKey || event.altKey || event.shiftKey || event.metaKey || !["m", "u"].includes(key)) return;
  const here = document.querySelector("[data-key]") || boxes().some((box) => box.checked);
  if (!here) return;
  event.preventDefault();
  if (asked) waiting = key;
  else press(key);
});
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-settle]")) {
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "yes";
  }
});
document.addEventListener("htmx:afterSettle", () => {
  if (form()) form().hidden = true;
});
// A page that comes back from the browser's memory may be sent again.
window.addEventListener("pageshow", () => document.querySelectorAll("[data-sent]").forEach((one) => delete one.dataset.sent));
quiet();
