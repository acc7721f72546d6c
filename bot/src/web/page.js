"use strict";
(() => {
  const main = document.getElementById("incident");
  const live = document.getElementById("live");

  // The reader's own time beside UTC; none where it is UTC.
  const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short" });
  const local = (root) => {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      if (at.getTimezoneOffset() === 0 || time.querySelector(".local")) continue;
      const own = document.createElement("span");
      own.className = "local";
      own.textContent = ` (${clock.format(at)})`;
      time.append(own);
    }
  };
  local(document);
  if (!("live" in main.dataset)) return;

  // Each part as the bot last sent it: one that did not change is left alone, with what is open or selected in it.
  const sent = new Map();
  const replace = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    const wanted = [...template.content.querySelectorAll("header[id], dl[id], section[id], p[id]")];
    if (!wanted.every((part) => document.getElementById(part.id))) {
      main.replaceChildren(template.content);
      local(main);
      return;
    }
    for (const part of wanted) {
      if (sent.get(part.id) === part.outerHTML) continue;
      sent.set(part.id, part.outerHTML);
      const shown = document.getElementById(part.id);
      for (const open of shown.querySelectorAll("details[open]")) {
        const again = part.querySelector(`#${CSS.escape(open.id)}`);
        if (again) again.open = true;
      }
      local(part);
      shown.replaceWith(part);
    }
  };

  const source = new EventSource(`${location.pathname}/events${location.search}`);
  source.addEventListener("open", () => { live.textContent = "Live: this page follows the run."; });
  source.addEventListener("state", (event) => replace(event.data));
  source.addEventListener("end", () => {
    source.close();
    live.textContent = "The run ended; this page is final.";
  });
  source.addEventListener("error", () => {
    live.textContent = source.readyState === EventSource.CLOSED
      ? "Not live: load this page anew."
      : "The connection was lost; this page connects again by itself.";
  });
})();
