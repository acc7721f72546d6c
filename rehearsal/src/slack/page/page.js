// The rehearsal room: shows what the server streams, and posts what the person does.
import { renderBlocks } from "./blocks.js";
import { drawMessages } from "./messages.js";
import { drawModal } from "./modal.js";
import { element } from "./mrkdwn.js";
import { drawScene } from "./scene.js";

const at = (id) => document.getElementById(id);
const AVATAR_COLOURS = 6;
const TOAST_FOR = 6000;
/** Stands for the app's home where a channel's id would. */
const HOME = "home";

let state = null;
let me = null;
let channel = null;
let thread = null;
let rights = {};
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
function visible(rows, place) {
  return rows.filter((row) => row.channel === place && (row.only_visible_to ?? me) === me && (!row.kind || row.user === me));
}

function draw() {
  if (!state) return;
  me ??= localStorage.getItem("me");
  if (!state.people.some((person) => person.id === me)) me = state.people[0].id;
  if (channel !== HOME && !names.channel(channel)) channel = state.channels[0].id;
  const atHome = channel === HOME;
  drawSidebar();
  at("home").hidden = !atHome;
  at("messages").hidden = at("composer").hidden = atHome;
  if (atHome) drawHome();
  else drawChannel(at("messages"), channel);
  const parent = atHome ? null : visible(state.messages, channel).find((message) => message.ts === thread);
  at("thread").hidden = !parent;
  if (parent) {
    const replies = [parent, ...visible(state.messages, channel).filter((message) => message.thread_ts === thread)];
    drawMessages(at("replies"), replies, { ...around(), replies: undefined });
  }
  const beside = state.channels.find((other) => other.id !== channel);
  at("beside").hidden = Boolean(parent) || atHome || !beside;
  if (beside) {
    at("beside-name").textContent = `# ${beside.name}`;
    if (at("beside").dataset.channel !== beside.id) at("beside-messages").replaceChildren();
    at("beside").dataset.channel = beside.id;
    drawChannel(at("beside-messages"), beside.id);
  }
  drawModal(at("modal"), state.modals.find((view) => view.user === me), names, {
    fill: (input, value) => post("/fill", { user: me, input, value }),
    press: (button) => post("/press", { user: me, action_id: button.action_id }),
    submit: () => post("/submit", { user: me }, "incomplete"),
    close: () => post("/close", { user: me }),
  });
}

/** What messages need to know of the room around them. */
function around() {
  return {
    me, names, avatar, press, openThread,
    author: (id) => ({ name: names.user(id) ?? id, app: id === state.app.user_id }),
  };
}

function drawChannel(list, place) {
  const messages = visible(state.messages, place);
  // Notices first: what was typed comes before an answer of the same microsecond.
  const rows = [...visible(state.notices, place), ...messages.filter((message) => !message.thread_ts)];
  rows.sort((one, other) => Number(one.ts) - Number(other.ts));
  const replies = (row) => messages.filter((reply) => reply.thread_ts === row.ts).map((reply) => reply.ts);
  drawMessages(list, rows, { ...around(), replies });
}

function drawHome() {
  const view = state.homes.find((home) => home.user === me);
  const drawn = view ? `${me}/${view.hash}` : me;
  if (at("home").dataset.drawn === drawn) return;
  at("home").dataset.drawn = drawn;
  const value = (block, action) => view.values[block]?.[action];
  const press = (button) => post("/press-home", { user: me, action_id: button.action_id });
  const nothing = element("p", "hint", `${state.app.name} shows nothing here yet.`);
  at("home").replaceChildren(view ? renderBlocks(view.blocks, { names, value, press }) : nothing);
}

function drawSidebar() {
  const atHome = channel === HOME;
  const place = atHome ? state.app.name : `# ${names.channel(channel)}`;
  document.title = `${place.replace("# ", "#")} · ${state.team.name}`;
  at("team").textContent = state.team.name;
  at("channel").textContent = place;
  at("text").placeholder = `${state.app.command} … in ${place.replace("# ", "#")} as ${names.user(me)}`;
  const choose = (id) => {
    channel = id;
    thread = null;
    if (id === HOME) post("/home", { user: me });
  };
  choices(at("channels"), state.channels, "aria-current", channel, (it) => [`# ${it.name}`], choose);
  const app = { id: HOME, name: `${state.app.name}, home` };
  choices(at("apps"), [app], "aria-current", channel, () => [avatar(state.app.user_id), state.app.name], choose);
  const person = (it) => {
    const may = element("small", "may", rights[it.id] ?? "");
    may.dataset.user = it.id;
    return [avatar(it.id), element("span", "who", element("b", "", it.real_name), element("small", "", it.title), may)];
  };
  choices(at("people"), state.people, "aria-pressed", me, person, (id) => {
    me = id;
    localStorage.setItem("me", id);
    if (channel === HOME) post("/home", { user: me });
  });
  drawRights();
  const offered = JSON.stringify(state.suggestions);
  if (at("suggestions").dataset.offered !== offered) {
    at("suggestions").dataset.offered = offered;
    at("suggestions").replaceChildren(...state.suggestions.map(suggestion));
  }
}

function drawRights() {
  for (const node of document.querySelectorAll("#people .may")) node.textContent = rights[node.dataset.user] ?? "";
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
        at("beside-messages").replaceChildren();
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

/** Posts what the person does. A refusal is told, unless it is `shown` in its place anyway. */
async function post(path, body, shown) {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body ?? {}),
    });
    if (response.ok) return;
    const refusal = await response.json().catch(() => null);
    if (!shown || refusal?.kind !== shown) toast(refusal?.error ?? `${path}: HTTP ${response.status}`);
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
  if (event.key === "Escape" && thread && !dialogOpen()) at("close-thread").click();
  if (event.key === "/" && document.activeElement.tagName !== "INPUT" && !dialogOpen() && channel !== HOME) {
    event.preventDefault();
    at("text").focus();
    at("text").value ||= `${state?.app.command ?? "/"} `;
  }
});

at("modal").addEventListener("cancel", (event) => {
  event.preventDefault();
  post("/close", { user: me });
});

function dialogOpen() {
  return at("confirm").open || at("modal").open;
}

let stream;
/** Listens to what is played; anew where that is something else. */
function connect() {
  stream?.close();
  stream = new EventSource("/events");
  stream.addEventListener("state", (event) => {
    state = JSON.parse(event.data);
    draw();
  });
  stream.addEventListener("scene", (event) => {
    const scene = JSON.parse(event.data);
    rights = scene.rights;
    drawRights();
    drawScene(at("scene"), scene, { act: (action) => post(`/world/${encodeURIComponent(action)}`), begin });
  });
  stream.addEventListener("open", () => (at("connection").textContent = ""));
  stream.addEventListener("error", () => (at("connection").textContent = "Connection lost, trying again…"));
}

async function begin(scenario) {
  at("connection").textContent = "The stage is being set…";
  await post(`/scenario/${encodeURIComponent(scenario)}`);
  at("connection").textContent = "";
  channel = thread = null;
  connect();
}

connect();
at("text").focus();
