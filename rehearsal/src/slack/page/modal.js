// The modal that the person sees. It is drawn anew only when the app shows something else, so what is typed stays.
import { renderBlocks } from "./blocks.js";
import { element, plain } from "./mrkdwn.js";

/** Draws `view`, or nothing if there is none. `act` posts what the person does: `fill`, `submit`, `close`, `press`. */
export function drawModal(dialog, view, names, act) {
  if (!view) {
    if (dialog.open) dialog.close();
    dialog.dataset.drawn = "";
    return;
  }
  const drawn = `${view.id}/${view.hash}`;
  if (dialog.dataset.drawn !== drawn) {
    dialog.dataset.drawn = drawn;
    dialog.replaceChildren(form(view, names, act));
  }
  for (const node of dialog.querySelectorAll(".error[data-block]")) {
    node.textContent = view.errors[node.dataset.block] ?? "";
  }
  dialog.querySelector(".failure").textContent = view.failure ?? "";
  if (!dialog.open) dialog.showModal();
  bringIntoView(dialog, JSON.stringify([drawn, view.errors, view.failure]));
}

/** On a phone what is wrong may be out of sight: what is told first is shown, once. */
function bringIntoView(dialog, told) {
  if (dialog.dataset.told === told) return;
  dialog.dataset.told = told;
  const wrong = [...dialog.querySelectorAll(".error, .failure")].find((node) => node.textContent);
  wrong?.scrollIntoView({ block: "center" });
}

function form(view, names, act) {
  const value = (block, action) => view.values[block]?.[action];
  const context = { names, errors: view.errors, value, fill: act.fill, press: act.press };
  const title = element("h2", "", plain(view.title));
  title.id = "modal-title";
  const close = button(view.close, "");
  close.addEventListener("click", act.close);
  const submit = view.submit && button(view.submit, "primary");
  if (submit) submit.type = "submit";
  const node = element("form", "", title, renderBlocks(view.blocks, context), element("p", "failure"),
    element("footer", "", close, submit));
  node.noValidate = true;
  node.addEventListener("change", ({ target }) => target.dataset.text === "" && act.fill(target.name, target.value));
  node.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    // Enter submits before the field has changed.
    for (const input of node.querySelectorAll("[data-text]")) await act.fill(input.name, input.value);
    await act.submit();
    submit.disabled = false;
  });
  return node;
}

function button(label, style) {
  const node = element("button", `button ${style}`, plain(label));
  node.type = "button";
  return node;
}
