// The page «Import»: files can be dropped and taken away again before they are sent; the page of one import follows it.
"use strict";

const sizeOf = (bytes) => {
  if (bytes < 1024) {
    return `${bytes} B`;
  }
  return bytes < 1048576 ? `${Math.floor(bytes / 1024)} kB` : `${(bytes / 1048576).toFixed(1).replace(".", ",")} MB`;
};

const prepare = (form) => {
  const words = form.dataset;
  const drop = form.querySelector("[data-drop]");
  const input = form.querySelector("input[type=file]");
  const chosen = form.querySelector("[data-chosen]");
  const problem = form.querySelector("[data-problem]");
  let files = [];
  form.querySelector("[data-with-script]").hidden = false;
  drop.dataset.ready = "";

  const tell = (text) => {
    problem.textContent = text;
    problem.hidden = !text;
  };

  const show = () => {
    const all = new DataTransfer();
    files.forEach((one) => all.items.add(one));
    input.files = all.files; // what the form sends
    chosen.replaceChildren(...files.map((one) => {
      const item = document.createElement("li");
      const name = document.createElement("span");
      name.textContent = one.name;
      const size = document.createElement("small");
      size.textContent = sizeOf(one.size);
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "×";
      button.setAttribute("aria-label", `${words.remove} ${one.name}`);
      button.addEventListener("click", () => {
        files = files.filter((other) => other !== one);
        show();
        (chosen.querySelector("button") || input).focus();
      });
      item.append(name, size, button);
      return item;
    }));
    chosen.hidden = files.length === 0;
    const sum = files.reduce((soFar, one) => soFar + one.size, 0);
    tell(sum > Number(words.most) ? words.tooLarge : "");
  };

  const add = (list) => {
    const same = (one) => files.some((held) => held.name === one.name && held.size === one.size);
    const fresh = [...list].filter((one) => !same(one));
    files = [...files, ...fresh];
    show();
    if (fresh.length < list.length && problem.hidden) {
      tell(words.same);
    }
  };

  input.addEventListener("change", () => add(input.files));
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.dataset.over = "";
    });
  }
  drop.addEventListener("dragleave", (event) => {
    if (!drop.contains(event.relatedTarget)) {
      delete drop.dataset.over;
    }
  });
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    delete drop.dataset.over;
    add(event.dataTransfer.files);
  });
  form.addEventListener("submit", (event) => {
    if (!problem.hidden && problem.textContent === words.tooLarge) {
      event.preventDefault();
      return;
    }
    const button = form.querySelector("button[type=submit]");
    button.textContent = words.sending;
    button.disabled = true;
  });
  // Back from the next page: the browser shows this one as it was left.
  window.addEventListener("pageshow", (event) => event.persisted && window.location.reload());
};

document.querySelectorAll("[data-upload]").forEach(prepare);

// A page that asks by itself keeps no session alive (access/middleware.py).
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt.id === "run") {
    event.detail.headers["X-By-Itself"] = "true";
  }
});

// Read aloud is only what has changed; what a reader has opened stays open.
document.addEventListener("htmx:afterSwap", () => {
  const run = document.getElementById("run");
  const said = document.getElementById("said");
  if (run && said.textContent !== run.dataset.heading) {
    document.title = document.title.replace(said.textContent, run.dataset.heading);
    said.textContent = run.dataset.heading;
  }
});
