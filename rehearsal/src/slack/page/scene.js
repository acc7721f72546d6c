// The top bar: the two regions, and what can be done to them.
import { element } from "./mrkdwn.js";

/** Draws the scene; `act(id)` is called for a pressed action. The buttons stay, so that focus does. */
export function drawScene(bar, scene, act) {
  const clock = element("div", "clock", element("b", "", `${scene.now.slice(11, 19)} UTC`), speed(scene.speed));
  const pair = element("div", "pair");
  scene.regions.forEach((region, index) => {
    if (index > 0) pair.append(lag(scene.lag_ms));
    pair.append(drawRegion(region));
  });
  const note = element("div", "note", scene.note ?? "");
  const actions = sameActions(bar, scene.actions) ?? drawActions(scene.actions, act);
  if (actions.isConnected) {
    [...bar.children].filter((node) => node !== actions).forEach((node) => node.remove());
    actions.before(clock, pair, note);
  } else {
    bar.replaceChildren(clock, pair, note, actions);
  }
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

function sameActions(bar, actions) {
  const drawn = bar.querySelector(".actions");
  return drawn?.dataset.actions === JSON.stringify(actions) ? drawn : null;
}

function drawActions(actions, act) {
  const drawn = element("div", "actions");
  drawn.dataset.actions = JSON.stringify(actions);
  for (const { id, label, danger } of actions) {
    const button = element("button", danger ? "danger" : "", label);
    button.type = "button";
    button.addEventListener("click", () => act(id));
    drawn.append(button);
  }
  return drawn;
}
