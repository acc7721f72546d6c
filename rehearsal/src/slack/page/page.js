// The rehearsal room: shows what the server streams, and posts what the person does.
import { drawMessages } from "./messages.js";
import { element } from "./mrkdwn.js";
import { drawScene } from "./scene.js";

const at = (id) => document.getElementById(id);
const AVATAR_COLOURS = 6;
const TOAST_FOR = 6000;

let state = null;
let me = null;
let channel = null;
let thread = null;
const typed = [];
let recalled = 0;

const names = {
  user: (id) => (id === state.app.user_id ? state.app.name : state.people.find((person) => person.id === id)?.real_name),
  channel: (id) => state.channels.find((channel) => channel.id === id)?.name,
};

function avatar(id) {
  if (id === state.app.user_id) return hidden(element("span", "avatar app", state.app.name.slice(0, 1)));
  const index = state.people.findIndex((person) => person.id === id);
  const letters = (names.user(id) ?? "?").split(" ").map((word) => word[0]).join("");
  return hidden(element("span", `avatar c${Math.max(index, 0) % AVATAR_COLOURS}`, letters));
}

function hidden(node) {
  node.setAttribute("aria-hidden", "true");
  return node;
}

/** What the person sees of a channel: their own ephemeral messages and notices, nobody else's. */
function visible(rows) {
  return rows.filter((row) => row.channel === channel && (row.only_visible_to ?? me) === me && (!row.kind || row.user === me));
}

function draw() {
  if (!state) return;
  me ??= localStorage.getItem("me");
  if (!state.people.some((person) => person.id === me)) me = state.people[0].id;
  channel ??= state.channels[0].id;
  drawSidebar();
  const messages = visible(state.messages);
  const context = {
    me, names, avatar, press, openThread,
    author: (id) => ({ name: names.user(id) ?? id, app: id === state.app.user_id }),
    replies: (row) => messages.filter((reply) => reply.thread_ts === row.ts).map((reply) => reply.ts),
  };
  // Notices first: what was typed comes before an answer of the same microsecond.
  const rows = [...visible(state.notices), ...messages.filter((message) => !message.thread_ts)];
  rows.sort((one, other) => Number(one.ts) - Number(other.ts));
  drawMessages(at("messages"), rows, context);
  const parent = messages.find((message) => message.ts === thread);
  at("thread").hidden = !parent;
  if (parent) {
    const replies = [parent, ...messages.filter((message) => message.thread_ts === thread)];
    drawMessages(at("replies"), replies, { ...context, replies: undefined });
  }
}

function drawSidebar() {
  document.title = `#${names.channel(channel)} · ${state.team.name}`;
  at("team").textContent = state.team.name;
  at("channel").textContent = `# ${names.channel(channel)}`;
  at("text").placeholder = `${state.app.command} … in #${names.channel(channel)} as ${names.user(me)}`;
  choices(at("channels"), state.channels, "aria-current", channel, (it) => [`# ${it.name}`], (id) => {
    channel = id;
    thread = null;
  });
  const person = (it) => [avatar(it.id), element("span", "who", element("b", "", it.real_name), element("small", "", it.title))];
  choices(at("people"), state.people, "aria-pressed", me, person, (id) => {
    me = id;
    localStorage.setItem("me", id);
  });
  if (at("suggestions").childElementCount === 0) at("suggestions").append(...state.suggestions.map(suggestion));
}

/** A list of buttons of which one is chosen; drawn once, so that focus stays. */
function choices(list, items, attribute, chosen, label, choose) {
  if (list.childElementCount !== items.length) {
    list.replaceChildren(...items.map((item) => {
      const button = element("button", "", ...label(item));
      button.type = "button";
      button.dataset.id = item.id;
      button.setAttribute("aria-label", item.real_name ?? item.name);
      button.addEventListener("click", () => {
        choose(item.id);
        at("messages").replaceChildren();
        draw();
      });
      return element("li", "", button);
    }));
  }
  for (const button of list.querySelectorAll("button")) button.setAttribute(attribute, button.dataset.id === chosen);
}

function suggestion(text) {
  const button = element("button", "", text);
  button.type = "button";
  button.addEventListener("click", () => command(text));
  return button;
}

function openThread(ts) {
  thread = ts;
  at("replies").replaceChildren();
  draw();
  at("close-thread").focus();
}

async function command(line) {
  const text = line.trim();
  if (text !== state.app.command && !text.startsWith(`${state.app.command} `)) {
    toast(`Only ${state.app.command} commands are played here.`);
    return;
  }
  typed.push(text);
  recalled = typed.length;
  at("text").value = "";
  at("messages").scrollTop = at("messages").scrollHeight;
  await post("/command", { user: me, channel, text: text.slice(state.app.command.length).trim() });
}

async function press(message, button) {
  await post("/click", { user: me, channel: message.channel, ts: message.ts, action_id: button.action_id });
}

async function post(path, body) {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body ?? {}),
    });
    if (!response.ok) toast((await response.json().catch(() => null))?.error ?? `${path}: HTTP ${response.status}`);
  } catch {
    toast("The rehearsal does not answer. Is it still running?");
  }
}

let toastTimer = 0;
function toast(text) {
  clearTimeout(toastTimer);
  at("toast").textContent = text;
  at("toast").hidden = false;
  toastTimer = setTimeout(() => (at("toast").hidden = true), TOAST_FOR);
}

at("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  if (at("text").value.trim()) command(at("text").value);
});
at("text").addEventListener("keydown", (event) => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step) return;
  event.preventDefault();
  recalled = Math.min(Math.max(recalled + step, 0), typed.length);
  event.target.value = typed[recalled] ?? "";
});
at("close-thread").addEventListener("click", () => {
  thread = null;
  draw();
  at("text").focus();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && thread && !at("confirm").open) at("close-thread").click();
  if (event.key === "/" && !["INPUT", "DIALOG"].includes(document.activeElement.tagName) && !at("confirm").open) {
    event.preventDefault();
    at("text").focus();
    at("text").value ||= `${state?.app.command ?? "/"} `;
  }
});

const stream = new EventSource("/events");
stream.addEventListener("state", (event) => {
  state = JSON.parse(event.data);
  draw();
});
stream.addEventListener("scene", (event) => {
  drawScene(at("scene"), JSON.parse(event.data), (action) => post(`/world/${encodeURIComponent(action)}`));
});
stream.addEventListener("open", () => (at("connection").textContent = ""));
stream.addEventListener("error", () => (at("connection").textContent = "Connection lost, trying again…"));
at("text").focus();
