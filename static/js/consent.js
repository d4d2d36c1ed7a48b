// The consent page: the button waits for the tick, and this tab follows along once the bank has its own window.
"use strict";

const form = document.querySelector("form[data-status-url]");

if (form) {
  const box = form.querySelector("input[type=checkbox]");
  const button = form.querySelector("button[type=submit]");
  const hint = form.querySelector("[data-hint]");

  const show = () => {
    button.disabled = !box.checked;
    hint.textContent = box.checked ? hint.dataset.ready : hint.dataset.hint;
  };

  // The new window stores the consent; go to the status once it tells of an onboarding that lives, or after a while.
  const follow = async (attempt) => {
    let lives = false;
    try {
      const answer = await fetch(form.dataset.statusUrl, { headers: { "HX-Request": "true" }, redirect: "manual" });
      lives = answer.ok && (await answer.text()).includes("data-lives");
    } catch {
      // The next attempt, or the page itself, will tell.
    }
    if (lives || attempt >= 8) {
      window.location.assign(form.dataset.statusUrl);
    } else {
      setTimeout(follow, 400, attempt + 1);
    }
  };

  box.addEventListener("change", show);
  window.addEventListener("pageshow", show);
  form.addEventListener("submit", () => {
    setTimeout(() => {
      button.disabled = true; // one click is enough; not before the form has been sent
    }, 0);
    setTimeout(follow, 400, 1);
  });
  show();
}
