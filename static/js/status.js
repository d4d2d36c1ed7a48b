// The page that follows an onboarding: nothing is replaced while nothing has changed, and a reader hears the step, not the list.
"use strict";

function prepare() {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = !navigator.clipboard;
  }
}

document.addEventListener("htmx:beforeSwap", (event) => {
  const page = new DOMParser().parseFromString(event.detail.serverResponse, "text/html");
  const fresh = page.querySelector("[data-state]");
  if (!fresh) {
    return;
  }
  if (fresh.dataset.state === event.detail.target.dataset.state) {
    event.detail.shouldSwap = false;
    return;
  }
  const around = document.getElementById("following");
  around.dataset.color = fresh.dataset.tone;
  around.toggleAttribute("data-lives", "lives" in fresh.dataset);
  const heading = page.querySelector("#told h2").textContent;
  document.title = document.title.replace(document.querySelector("#told h2").textContent, heading);
  if (page.getElementById("told").textContent === document.getElementById("told").textContent) {
    event.detail.serverResponse = fresh.outerHTML; // the same words are not read out again
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
  } catch {
    field.select(); // copying is not allowed here: the keyboard does it
  }
});

prepare();
