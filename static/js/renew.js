// The page where access is given again: the button waits for the tick.
"use strict";

const box = document.querySelector("form[data-consent] input[type=checkbox]");

if (box) {
  const button = box.form.querySelector("button[type=submit]");
  const hint = box.form.querySelector("[data-hint]");
  const show = () => {
    button.disabled = !box.checked;
    hint.textContent = box.checked ? hint.dataset.ready : hint.dataset.hint;
  };
  box.addEventListener("change", show);
  window.addEventListener("pageshow", show);
  show();
}
