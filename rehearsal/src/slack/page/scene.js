// The top bar: the two regions, and what can be done to them.
import { element } from "./mrkdwn.js";

/** Draws the scene; `room.act(id)` and `room.begin(id)` are called for actions and scenarios. What can be pressed stays, so that focus does. */
export function drawScene(bar, scene, room) {
  const clock = element("div", "clock", element("b", "", `${scene.now.slice(11, 19)} UTC`), speed(scene.speed));
  const pair = element("div", "pair");
  scene.regions.forEach((region, index) => {
    if (index > 0) pair.append(lag(scene.lag_ms));
    pair.append(drawRegion(region));
  });
  const note = element("div", "note", scene.note ?? "");
  const scenarios = same(bar, ".scenarios", scene.scenarios) ?? drawScenarios(scene.scenarios, room.begin);
  const actions = same(bar, ".actions", scene.actions) ?? drawActions(bar, scene.actions, room.act);
  const kept = [scenarios, actions];
  [...bar.children].filter((node) => !kept.includes(node)).forEach((node) => node.remove());
  if (!scenarios.isConnected) bar.prepend(scenarios);
  if (!actions.isConnected) bar.append(actions);
  scenarios.before(clock);
  actions.before(pair, note);
}

function speed(factor) {
  return factor === 1 ? "real time" : `${Number(factor.toFixed(1))} × real time`;
}

function lag(milliseconds) {
  const known = milliseconds !== null;
  return element("div", "lag", element("small", "", "lag"), known ? amount(milliseconds) : "—");
}

function amount(milliseconds) {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

function drawRegion(region) {
  const badges = element("span", "badges");
  if (region.dark) badges.append(element("span", "badge bad", "dark"));
  if (region.serves) badges.append(element("span", "badge ok", "serves"));
  if (region.writes) badges.append(element("span", "badge", "writer"));
  const tasks = element("div", "tasks");
  for (const { name, running, desired } of region.services) {
    tasks.append(element("span", running < desired ? "short" : "", `${name} ${running}/${desired}`));
  }
  const className = `region${region.serves ? " serves" : ""}${region.dark ? " dark" : ""}`;
  return element("div", className, element("b", "", region.name), element("span", "role", ` ${region.role}`), badges, tasks);
}

function same(bar, selector, content) {
  const drawn = bar.querySelector(selector);
  return drawn?.dataset.content === JSON.stringify(content) ? drawn : null;
}

function drawActions(bar, actions, act) {
  const drawn = bar.querySelector(".actions") ?? element("div", "actions");
  drawn.dataset.content = JSON.stringify(actions);
  const offered = new Set(actions.map(({ id }) => id));
  [...drawn.children].filter((button) => !offered.has(button.dataset.id)).forEach((button) => button.remove());
  const known = new Map([...drawn.children].map((button) => [button.dataset.id, button]));
  for (const { id, label, danger, active } of actions) {
    const button = known.get(id) ?? element("button", danger ? "danger" : "", label);
    if (!known.has(id)) {
      button.type = "button";
      button.dataset.id = id;
      button.addEventListener("click", () => act(id));
      drawn.append(button);
    }
    if (danger) button.setAttribute("aria-pressed", active);
  }
  return drawn;
}

function drawScenarios(scenarios, begin) {
  const options = scenarios.map(({ id, label, chosen }) => {
    const option = element("option", "", label);
    [option.value, option.selected] = [id, chosen];
    return option;
  });
  const select = element("select", "", ...options);
  select.setAttribute("aria-label", "Scenario");
  const button = element("button", "", "Start anew");
  button.type = "button";
  button.addEventListener("click", async () => {
    button.disabled = true;
    await begin(select.value);
    button.disabled = false;
  });
  const drawn = element("div", "scenarios", select, button);
  drawn.dataset.content = JSON.stringify(scenarios);
  drawn.hidden = scenarios.length === 0;
  return drawn;
}
