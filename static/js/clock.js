// Keeps «for 4 minutter siden» true between fetches: by the clock of the server, in the words of the page.
"use strict";

(() => {
  const holder = document.querySelector("[data-ago]");
  const words = JSON.parse(holder?.dataset.ago ?? "{}");
  const slow = holder ? Date.parse(holder.dataset.now) - Date.now() : 0; // of this machine's clock
  const sizes = [["days", 24 * 60], ["hours", 60], ["minutes", 1]];
  const phrases = [words.now, ...sizes.flatMap(([name]) => words[name] ?? [])];
  const said = phrases.filter(Boolean).map((one) => one.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace("%\\(count\\)d", "\\d+"));
  const passing = new RegExp(`^(${said.join("|")})$`);

  const written = (minutes) => {
    const [name, size] = sizes.find(([, one]) => minutes >= one) ?? [];
    if (!name) {
      return words.now;
    }
    const count = Math.floor(minutes / size);
    return words[name][count === 1 ? 0 : 1].replace("%(count)d", count);
  };

  // Only what says how long ago it was; a date in words stays.
  const keepTrue = () => {
    for (const time of document.querySelectorAll("time[datetime]")) {
      const then = Date.parse(time.dateTime);
      if (passing.test(time.textContent.trim()) && !Number.isNaN(then)) {
        const text = written(Math.max(Math.floor((Date.now() + slow - then) / 60000), 0));
        if (time.textContent !== text) {
          time.textContent = text;
        }
      }
    }
  };

  if (holder) {
    setInterval(keepTrue, 5000);
    document.addEventListener("visibilitychange", keepTrue);
  }
  window.ago = { keepTrue, now: () => new Date(Date.now() + slow), justNow: words.now };
})();
