// What can be said of any page without knowing it: a list of faults in words, empty where there are none.
() => {
  const faults = [];
  const shown = (one) => one.checkVisibility({ visibilityProperty: true });
  const told = (one) => {
    const tag = one.outerHTML.slice(0, 90);
    return `${tag}${one.id ? ` #${one.id}` : ""}`;
  };
  const all = (selector) => [...document.querySelectorAll(selector)].filter(shown);
  const name = (one) => {
    const labelled = (one.getAttribute("aria-labelledby") || "").split(" ").map((id) => document.getElementById(id)?.textContent);
    const pictures = [...one.querySelectorAll("img[alt]")].map((image) => image.alt);
    return [one.getAttribute("aria-label"), ...labelled, one.textContent, one.title, ...pictures].join("").trim();
  };

  for (const [selector, count] of [["h1", 1], ["main", 1], ["head > title", 1]]) {
    const found = document.querySelectorAll(selector).length;
    if (found !== count) faults.push(`${found} <${selector}>, not ${count}`);
  }
  if (!document.documentElement.lang) faults.push("the page has no language");
  for (const one of all("input, select, textarea")) {
    if (!one.labels?.length && !one.getAttribute("aria-label") && !one.getAttribute("aria-labelledby")) {
      faults.push(`no label: ${told(one)}`);
    }
  }
  for (const one of all("button, a[href], summary, [role=button]")) {
    if (!name(one)) faults.push(`no name: ${told(one)}`);
  }
  for (const one of document.querySelectorAll("img:not([alt])")) faults.push(`no alternative text: ${told(one)}`);
  for (const one of all("svg")) {
    const hidden = one.closest("[aria-hidden=true]");
    const title = document.getElementById(one.getAttribute("aria-labelledby"))?.textContent.trim();
    if (!hidden && !one.getAttribute("aria-label") && !title) faults.push(`a drawing neither named nor hidden: ${told(one)}`);
  }
  for (const one of all("nav")) if (!one.getAttribute("aria-label")) faults.push(`no name: ${told(one)}`);
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  for (const id of new Set(ids.filter((id, place) => ids.indexOf(id) !== place))) faults.push(`twice: #${id}`);
  let level = 0;
  for (const one of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    const next = Number(one.tagName[1]);
    if (next > level + 1) faults.push(`from h${level} to ${told(one)}`);
    level = next;
  }
  const amount = /^[−-]?[\d\s]+,\d\d$/u;
  for (const one of all("td, .companies .amount")) {
    const align = getComputedStyle(one).textAlign;
    if (amount.test(one.innerText.trim()) && !["right", "end"].includes(align)) faults.push(`figures stand ${align}: ${told(one)}`);
  }
  // On a narrow screen cards give up their frame, and what is in them reaches to the edges.
  for (const one of window.innerWidth > 720 ? all(".card") : []) {
    const style = getComputedStyle(one);
    const over = one.scrollWidth - one.clientWidth;
    if (over > 1 && !["auto", "scroll"].includes(style.overflowX)) faults.push(`${over} pixels stick out of ${told(one)}`);
  }
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) faults.push(`the page is ${scrollWidth - clientWidth} pixels too wide`);
  return faults;
}
