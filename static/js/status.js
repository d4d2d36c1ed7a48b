// The page that follows an onboarding: nothing is replaced while nothing has changed, so focus and readers are left alone.
"use strict";

document.addEventListener("htmx:beforeSwap", (event) => {
  const fresh = new DOMParser().parseFromString(event.detail.serverResponse, "text/html").querySelector("[data-state]");
  if (fresh && fresh.dataset.state === event.detail.target.dataset.state) {
    event.detail.shouldSwap = false;
  }
});
