// The choice of company: the arrows go from the search to the companies found, and between them.
"use strict";

document.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const stops = [...document.querySelectorAll("#sok, #companies .who a")];
  const next = stops[stops.indexOf(event.target) + step];
  if (step && next && stops.includes(event.target)) {
    event.preventDefault();
    next.focus();
  }
});
