// The role matrix: a category sets its parts and follows them; what is not saved is marked and counted. The server reckons
// the same by itself, and without this file nothing is missing but the marks.
"use strict";

(() => {
  const form = document.querySelector("form.roles");
  if (!form) {
    return;
  }
  const unsaved = form.querySelector("[data-unsaved]");
  const count = form.querySelector("[data-count]");
  const offers = (field, value) => [...field.options].some((option) => option.value === value);
  const partsOf = (whole) =>
    [...whole.closest("tbody").querySelectorAll("select[data-part]")].filter(
      (part) => part.dataset.role === whole.dataset.role,
    );
  // Of a part that does not know reading, reading gives nothing.
  const projected = (value, part) => (offers(part, value) ? value : "0");

  const follow = (whole) => {
    const parts = partsOf(whole);
    const found = ["0", "2", "1"].find((value) => parts.every((part) => part.value === projected(value, part)));
    const mixed = whole.querySelector('option[value=""]');
    mixed.hidden = found !== undefined;
    whole.value = found === undefined ? "" : found;
  };

  const mark = () => {
    let changes = 0;
    for (const field of form.querySelectorAll("select")) {
      const changed = field.value !== field.dataset.before;
      field.toggleAttribute("data-changed", changed);
      field.closest("td").querySelector(".was").hidden = !changed;
      if (changed && !("whole" in field.dataset)) {
        changes += 1;
      }
    }
    unsaved.classList.toggle("some", changes > 0);
    unsaved.hidden = changes === 0;
    const words = changes === 1 ? unsaved.dataset.one : unsaved.dataset.several;
    count.textContent = changes ? words.replace("{count}", String(changes)) : "";
  };

  form.addEventListener("change", (event) => {
    const field = event.target;
    if ("whole" in field.dataset && field.value !== "") {
      for (const part of partsOf(field)) {
        part.value = projected(field.value, part);
      }
    }
    const row = field.closest("tbody");
    for (const whole of row.querySelectorAll("select[data-whole]")) {
      if (whole.dataset.role === field.dataset.role) {
        follow(whole);
      }
    }
    mark();
  });

  mark();
})();
