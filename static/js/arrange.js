// «Dashboard oppsett»: rows are dragged by their handle, or lifted, moved and put down by keyboard. The row that is moved
// stays in its place in the document while the others go round it, so that the focus stays with it.
"use strict";

(() => {
  const list = document.querySelector(".arrange ol");
  if (!list) {
    return;
  }
  const words = list.dataset;
  const told = document.querySelector("#arrange-told");
  const unsaved = document.querySelector("[data-unsaved]");
  const rows = () => [...list.children];
  let lifted = null; // { row, before, byPointer }

  const say = (text, row) => {
    const values = { widget: row.dataset.title, place: rows().indexOf(row) + 1, count: rows().length };
    told.textContent = text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  };

  const show = () => {
    const now = rows().map((row) => `${row.dataset.key}:${row.querySelector("[name=vis]").checked ? "vis" : ""}`);
    unsaved.hidden = now.join(" ") === words.stored;
    rows().forEach((row, place) => {
      row.querySelector("[name=opp]").disabled = place === 0;
      row.querySelector("[name=ned]").disabled = place === rows().length - 1;
    });
  };

  const step = (row, by) => {
    const neighbour = by < 0 ? row.previousElementSibling : row.nextElementSibling;
    if (neighbour && by < 0) {
      row.after(neighbour);
    } else if (neighbour) {
      row.before(neighbour);
    }
    show();
    return Boolean(neighbour);
  };

  const lift = (row, byPointer) => {
    lifted = { row, before: rows(), byPointer };
    row.classList.add("lifted");
    row.querySelector(".grip").setAttribute("aria-pressed", "true");
    say(words.lifted, row);
  };
  const put = (text) => {
    const { row } = lifted;
    lifted = null;
    row.classList.remove("lifted");
    row.querySelector(".grip").setAttribute("aria-pressed", "false");
    show();
    say(text, row);
  };
  const cancel = () => {
    const { row, before } = lifted;
    list.append(...before);
    row.querySelector(".grip").focus();
    put(words.cancelled);
  };

  list.addEventListener("keydown", (event) => {
    const grip = event.target.closest(".grip");
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!grip) {
      return;
    }
    if (event.key === " " || event.key === "Enter") {
      event.preventDefault();
      if (lifted) {
        put(words.dropped);
      } else {
        lift(grip.closest("li"), false);
      }
    } else if (by && lifted) {
      event.preventDefault();
      step(lifted.row, by);
      lifted.row.scrollIntoView({ block: "nearest" });
      say(words.moved, lifted.row);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && lifted) {
      cancel();
    }
  });
  list.addEventListener("focusout", (event) => {
    if (lifted && !lifted.byPointer && event.target.closest("li") === lifted.row) {
      setTimeout(() => lifted && document.activeElement !== lifted.row.querySelector(".grip") && put(words.dropped), 0);
    }
  });

  list.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest(".grip");
    if (grip && event.button === 0) {
      event.preventDefault();
      grip.focus();
      lift(grip.closest("li"), true);
    }
  });
  document.addEventListener("pointermove", (event) => {
    if (!lifted?.byPointer) {
      return;
    }
    const { row } = lifted;
    const middle = (one) => one.getBoundingClientRect().top + one.getBoundingClientRect().height / 2;
    while (row.previousElementSibling && event.clientY < middle(row.previousElementSibling)) {
      step(row, -1);
    }
    while (row.nextElementSibling && event.clientY > middle(row.nextElementSibling)) {
      step(row, 1);
    }
  });
  document.addEventListener("pointerup", () => lifted?.byPointer && put(words.dropped));
  document.addEventListener("pointercancel", () => lifted?.byPointer && cancel());

  list.addEventListener("click", (event) => {
    const button = event.target.closest("[name=opp], [name=ned]");
    if (button) {
      event.preventDefault();
      const row = button.closest("li");
      step(row, button.name === "opp" ? -1 : 1);
      (button.disabled ? row.querySelector(".up-down button:enabled") : button).focus();
      say(words.moved, row);
    }
  });
  list.addEventListener("change", show);
  window.addEventListener("pageshow", show);

  document.querySelector("#arrange-help").hidden = false;
  rows().forEach((row) => {
    row.querySelector(".grip").hidden = false;
  });
})();
