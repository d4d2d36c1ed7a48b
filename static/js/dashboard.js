// The dashboard: fetches each widget anew while somebody may be looking, and replaces nothing that has not changed;
// what the menu on a widget stored is done here too, so that the page need not load again.
"use strict";

(() => {
  const grid = document.querySelector("#widgets");
  if (!grid) {
    return;
  }
  const words = grid.dataset;
  const told = document.querySelector("#dashboard-told");
  const FOCUSABLE = "a[href], button, summary, input:not([type=hidden]), [tabindex]";
  const AT_ONCE = 1500; // ms: coming back is told by two events
  const asked = new Map();
  const kept = new Map();

  const slots = () => [...grid.children];
  const slotOf = (key) => slots().find((slot) => slot.dataset.key === key);
  // Widgets that change together are told together: a region tells only its last text.
  let saidAt = 0;
  const say = (text, slot, more = "") => {
    const now = text.replace("{widget}", slot?.dataset.title ?? "") + more;
    const before = Date.now() - saidAt < AT_ONCE ? told.textContent : "";
    if (!before.includes(now)) {
      told.textContent = before ? `${before}. ${now}` : now;
    }
    saidAt = Date.now();
  };

  const ask = (slot) => {
    asked.set(slot, Date.now());
    window.htmx.trigger(slot, "refresh");
  };
  const askThoseOlderThan = (age) => {
    if (document.visibilityState !== "visible") {
      return;
    }
    for (const slot of slots()) {
      if (!("hidden" in slot.dataset) && Date.now() - (asked.get(slot) ?? 0) >= age(slot)) {
        ask(slot);
      }
    }
  };
  const back = () => askThoseOlderThan(() => AT_ONCE);

  // The first that is shown has nothing to its left, the last nothing to its right.
  const markEnds = () => {
    const shown = slots().filter((slot) => slot.querySelector(".menu"));
    shown.forEach((slot, place) => {
      slot.querySelector("[value=venstre]").hidden = place === 0;
      slot.querySelector("[value=hoyre]").hidden = place === shown.length - 1;
    });
  };

  const fail = (slot) => {
    const card = slot.querySelector(".widget");
    if (!card || card.querySelector(".failed")) {
      return;
    }
    const note = document.querySelector("#dashboard-failed").content.cloneNode(true);
    const time = note.querySelector("time");
    const last = slot.dataset.fetched ?? words.now;
    time.dateTime = last;
    time.title = new Date(last).toLocaleString(document.documentElement.lang);
    time.textContent = window.ago.justNow;
    card.append(note);
    window.ago.keepTrue();
    say(words.failed);
  };
  const succeed = (slot) => {
    slot.dataset.fetched = window.ago.now().toISOString();
    slot.querySelector(".failed")?.remove();
  };

  // What leads to the same place: a widget may lead there more than once.
  const twins = (content, one) => {
    const all = [...content.querySelectorAll(FOCUSABLE)];
    const href = one.getAttribute("href");
    return href ? all.filter((other) => other.getAttribute("href") === href) : all;
  };
  const keep = (content) => {
    const one = document.activeElement;
    return {
      open: [...content.querySelectorAll("details")].map((details) => details.open),
      focus: content.contains(one) ? { one, place: twins(content, one).indexOf(one) } : null,
    };
  };
  const giveBack = (slot, before) => {
    const content = slot.querySelector(".content");
    [...content.querySelectorAll("details")].forEach((details, place) => {
      details.open = before.open[place] ?? details.open;
    });
    if (before.focus) {
      const { one, place } = before.focus;
      const same = one.id ? document.getElementById(one.id) : twins(content, one)[place];
      (same ?? slot.querySelector(".menu > summary")).focus({ preventScroll: true });
    }
  };

  // The figures that a widget leads with, as it writes them.
  const leading = (slot) => {
    const list = slot.querySelector(".content dl");
    return list ? `: ${list.innerText.replace(/\s+/g, " ").trim()}` : "";
  };

  const slotAsked = (event) => {
    const one = event.detail.requestConfig?.elt;
    return one?.classList.contains("slot") ? one : null;
  };

  document.addEventListener("htmx:configRequest", (event) => {
    const slot = event.detail.elt;
    if (slot.classList.contains("slot")) {
      event.detail.headers["X-By-Itself"] = "true";
      // What was chosen in the widget stays chosen.
      for (const { name, value } of slot.querySelectorAll("[data-kept]")) {
        event.detail.parameters[name] = value;
      }
    }
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    const slot = slotAsked(event);
    if (!slot || event.detail.isError) {
      return;
    }
    const fresh = new DOMParser().parseFromString(event.detail.serverResponse, "text/html");
    const was = slot.querySelector(".content");
    const is = fresh.querySelector(".content");
    succeed(slot);
    if (was && is && was.dataset.state === is.dataset.state) {
      event.detail.shouldSwap = false;
      const times = [...is.querySelectorAll("time")];
      [...was.querySelectorAll("time")].forEach((time, place) => {
        for (const { name, value } of times[place]?.attributes ?? []) {
          time.setAttribute(name, value);
        }
        time.textContent = times[place]?.textContent ?? time.textContent;
      });
    } else if (was && is) {
      kept.set(slot, keep(was));
      Object.assign(event.detail, { target: was, selectOverride: ".content", swapOverride: "outerHTML" });
    } else if (was || is) {
      kept.set(slot, null);
    } else {
      event.detail.shouldSwap = slot.childElementCount > 0; // a skeleton that waited for nothing
    }
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    const slot = slotAsked(event);
    if (!slot || !event.detail.successful) {
      return;
    }
    if (kept.has(slot)) {
      const before = kept.get(slot);
      kept.delete(slot);
      if (before) {
        giveBack(slot, before);
        say(words.updated, slot, leading(slot));
      } else if ("awaited" in slot.dataset) {
        delete slot.dataset.awaited;
        slot.querySelector(".menu > summary")?.focus();
      } else {
        say(slot.querySelector(".content") ? words.appeared : words.gone, slot);
      }
    }
    markEnds();
  });

  const refused = (event) => {
    const one = event.detail.requestConfig.elt;
    const slot = one.closest(".slot");
    const status = event.detail.xhr.status;
    if (one.matches("a[href]")) {
      window.location.assign(one.href); // the page itself tells
    } else if (!one.matches(".slot")) {
      say(words.notStored);
    } else if (status === 404) {
      window.location.reload(); // no longer of this company
    } else if (status === 403) {
      const shown = slot.querySelector(".content");
      slot.remove();
      if (shown) {
        say(words.gone, slot);
      }
      if (slots().length === 0) {
        window.location.reload();
      }
      markEnds();
    } else {
      fail(slot);
    }
  };
  for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, refused);
  }

  const load = (slot) => {
    slot.replaceChildren(document.querySelector("#dashboard-loading").content.cloneNode(true));
    slot.querySelector("h2").textContent = slot.dataset.title;
    slot.dataset.awaited = "";
    ask(slot);
  };

  document.addEventListener("arranged", (event) => {
    const { key, did, order } = event.detail;
    const slot = slotOf(key);
    if (!slot) {
      window.location.reload();
      return;
    }
    grid.append(...order.map(slotOf).filter(Boolean));
    if (did === "skjul") {
      slot.dataset.hidden = "";
      slot.replaceChildren();
      document.querySelector("#dashboard-notice button")?.focus();
    } else if (did === "vis") {
      delete slot.dataset.hidden;
      load(slot);
    } else {
      const menu = slot.querySelector(".menu");
      menu.open = false;
      menu.querySelector("summary").focus();
    }
    markEnds();
  });

  // Cheap, and often: which widgets have something new. Where it cannot be asked, their own seconds tell in time.
  const PULSE = 4000; // ms
  let pulses = JSON.parse(words.pulses);
  const feel = async () => {
    if (document.visibilityState !== "visible") {
      return;
    }
    try {
      const answer = await fetch(words.pulseUrl, { headers: { "X-By-Itself": "true" }, redirect: "error" });
      const now = answer.ok ? await answer.json() : pulses;
      const changed = slots().filter(({ dataset: { key } }) => key in now && now[key] !== pulses[key]);
      pulses = now;
      changed.filter((slot) => !("hidden" in slot.dataset)).forEach(ask);
    } catch {
      // no answer: asked again in a moment
    }
  };

  slots().forEach((slot) => asked.set(slot, Date.now()));
  setInterval(feel, PULSE);
  setInterval(() => askThoseOlderThan((slot) => slot.dataset.seconds * 1000), 1000);
  document.addEventListener("visibilitychange", back);
  window.addEventListener("focus", back);
  window.addEventListener("pageshow", (event) => event.persisted && back());
})();
