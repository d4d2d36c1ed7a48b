// The frame of every page: Escape closes a menu that is open and gives the focus back, and so does a click beside it.
"use strict";

const MENUS = "details.person, details.topmenu, details.menu";

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") {
    return;
  }
  const around = event.target.closest(MENUS);
  for (const menu of document.querySelectorAll(MENUS)) {
    if (menu.open) {
      menu.open = false;
      if (menu === around) {
        menu.querySelector("summary").focus();
      }
    }
  }
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(MENUS)) {
    if (menu.open && !menu.contains(event.target)) {
      menu.open = false;
    }
  }
});
