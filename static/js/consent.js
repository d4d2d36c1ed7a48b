// The consent, on its page and in a dialog over a report: the button waits for the tick, and this tab follows along.
"use strict";

(() => {
  const SHORTLY = 400; // milliseconds between two looks
  const PATIENCE = 8; // looks, before it is said that perhaps no window opened
  const LONGEST = 75; // looks, before it is given up: longer than the bank may take to answer

  function prepare(form) {
    const box = form.querySelector("input[type=checkbox]");
    const button = form.querySelector("button[type=submit]");
    const hint = form.querySelector("[data-hint]");
    const blocked = form.querySelector("[data-blocked]");

    const show = () => {
      button.disabled = !box.checked;
      hint.textContent = box.checked ? hint.dataset.ready : hint.dataset.hint;
    };

    // The new window stores the consent. Where there is an onboarding that was not there before, its page is next; where
    // there is none, the browser has stopped the window, and with it what was to be sent.
    const follow = async (attempt) => {
      let begun = false;
      try {
        const answer = await fetch(form.dataset.statusUrl, { headers: { "HX-Request": "true" }, redirect: "manual" });
        if (answer.ok) {
          const found = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-onboarding]");
          begun = Boolean(found) && found.dataset.onboarding !== form.dataset.latest;
        }
      } catch {
        // The next look will tell.
      }
      if (begun) {
        window.location.assign(form.dataset.statusUrl);
        return;
      }
      if (attempt === PATIENCE) {
        blocked.hidden = false;
        show();
      }
      if (attempt < LONGEST && form.isConnected) {
        setTimeout(follow, SHORTLY, attempt + 1);
      }
    };

    box.addEventListener("change", show);
    window.addEventListener("pageshow", show);
    form.addEventListener("submit", (event) => {
      if (event.submitter && event.submitter.formTarget === "_self") {
        return; // this tab goes there itself
      }
      blocked.hidden = true;
      setTimeout(() => {
        button.disabled = true; // one click is enough; not before the form has been sent
      }, 0);
      setTimeout(follow, SHORTLY, 1);
    });
    show();
  }

  async function open(opener) {
    const form = opener.closest("form");
    const page = new URL(form.action);
    page.searchParams.set("dialog", "1");
    let answer;
    try {
      answer = await fetch(page, { headers: { "HX-Request": "true" } });
    } catch {
      form.submit();
      return;
    }
    const elsewhere = answer.headers.get("HX-Redirect");
    if (answer.status === 204 && elsewhere && !new URL(elsewhere, page).searchParams.has("dialog")) {
      window.location.assign(elsewhere); // what is begun, or agreed, has a page of its own
      return;
    }
    const found = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("dialog");
    if (!answer.ok || !found) {
      form.submit(); // no session or no right any more: the page itself tells
      return;
    }
    document.querySelector("dialog.consent-dialog")?.remove();
    const dialog = document.adoptNode(found);
    document.body.append(dialog);
    prepare(dialog.querySelector("form[data-status-url]"));
    dialog.querySelector("[data-close]").addEventListener("click", (event) => {
      event.preventDefault();
      dialog.close();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      (opener.isConnected ? opener : document.querySelector("form[data-dialog] button"))?.focus();
    });
    dialog.showModal();
  }

  document.addEventListener("submit", (event) => {
    if (event.target.matches("form[data-dialog]")) {
      event.preventDefault();
      open(event.submitter || event.target.querySelector("button"));
    }
  });
  document.querySelectorAll("form[data-status-url]").forEach(prepare);
})();
