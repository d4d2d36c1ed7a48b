// The page that follows an onboarding: nothing is replaced while nothing has changed, and a reader hears the step, not the list.
"use strict";

const part = (html) => new DOMParser().parseFromString(html, "text/html").querySelector("[data-state]");

function prepare() {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = !navigator.clipboard;
  }
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const fresh = part(event.detail.serverResponse);
  const shown = event.detail.target;
  if (!fresh) {
    return;
  }
  if (fresh.dataset.state === shown.dataset.state) {
    event.detail.shouldSwap = false;
  } else if (fresh.dataset.announce !== shown.dataset.announce) {
    document.getElementById("announced").textContent = fresh.dataset.announce;
    document.title = document.title.replace(shown.querySelector("h2").textContent, fresh.querySelector("h2").textContent);
  }
});

document.addEventListener("htmx:afterSwap", prepare);

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) {
    return;
  }
  const field = document.querySelector(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(field.value);
    button.textContent = button.dataset.copied;
    document.getElementById("announced").textContent = button.dataset.copied;
  } catch {
    field.select(); // copying is not allowed here: the keyboard does it
  }
});

prepare();
