// Input blocks of Block Kit: what a person types and chooses.
import { element, plain } from "./mrkdwn.js";

/** One input block. `context.fill(action_id, value)` is called for what the person puts in. */
export function renderInput(block, context) {
  const { element: input, label, hint, optional } = block;
  const id = `input-${block.block_id}`;
  const error = element("p", "error", context.errors?.[block.block_id] ?? "");
  error.id = `${id}-error`;
  error.dataset.block = block.block_id;
  const control = choice(block, context) ?? text(input, id, context.value(block.block_id, input.action_id));
  control.setAttribute("aria-describedby", error.id);
  const name = element(control.id ? "label" : "span", "label", plain(label.text), optional && element("small", "", "optional"));
  if (control.id) name.htmlFor = control.id;
  return element("div", "input", name, control, hint && element("p", "hint", plain(hint.text)), error);
}

function text(input, id, value) {
  if (input.type !== "plain_text_input") return element("span", "unsupported", `A ${input.type}, which this page does not play`);
  const control = document.createElement(input.multiline ? "textarea" : "input");
  control.id = id;
  control.name = input.action_id;
  control.autocomplete = "off";
  control.autocapitalize = "off";
  control.spellcheck = false;
  control.placeholder = plain(input.placeholder?.text ?? "");
  control.value = value?.value ?? "";
  if (input.max_length) control.maxLength = input.max_length;
  control.dataset.text = "";
  return control;
}

function choice(block, context) {
  const { type, action_id: name, options } = block.element;
  const kind = { radio_buttons: "radio", checkboxes: "checkbox" }[type];
  const value = context.value(block.block_id, name);
  const chosen = value?.selected_options ?? [value?.selected_option];
  const has = (option) => chosen.some((one) => one?.value === option.value);
  if (type === "static_select") {
    const select = element("select", "", ...options.map((option) => {
      const item = element("option", "", plain(option.text.text));
      [item.value, item.selected] = [option.value, has(option)];
      return item;
    }));
    select.id = `input-${block.block_id}`;
    if (!chosen[0]) select.selectedIndex = -1;
    select.addEventListener("change", () => context.fill(name, select.value));
    return select;
  }
  if (!kind) return null;
  return element("div", "options", ...options.map((option) => {
    const box = document.createElement("input");
    Object.assign(box, { type: kind, name, value: option.value, checked: has(option) });
    box.addEventListener("change", () => context.fill(name, option.value));
    return element("label", "", box, plain(option.text.text));
  }));
}
