// Block Kit as DOM nodes.
import { renderInput } from "./inputs.js";
import { element, mrkdwn, plain } from "./mrkdwn.js";

/** All blocks of a message. `context.names` resolves ids, `context.press(button)` is called for a pressed button. */
export function renderBlocks(blocks, context) {
  return element("div", "blocks", ...blocks.map((block) => renderBlock(block, context)));
}

function renderBlock(block, context) {
  switch (block.type) {
    case "header":
      return element("div", "header", plain(block.text.text));
    case "divider":
      return element("hr", "divider");
    case "section":
      return section(block, context);
    case "context":
      return element("div", "context", ...block.elements.map((item) => contextItem(item, context)));
    case "actions":
      return element("div", "actions", ...block.elements.map((item) => interactive(item, context)));
    case "input":
      return renderInput(block, context);
    case "table":
      return table(block);
    case "plan":
      return element("div", "plan", element("b", "", block.title), element("ol", "", ...(block.tasks ?? []).map(task)));
    case "markdown":
      return element("p", "", block.text);
    default:
      return element("div", "unsupported", `A ${block.type} block, which this page does not draw`);
  }
}

/** The first row is the head. */
function table({ rows, column_settings: columns = [] }) {
  const cell = (kind) => (content, column) => {
    const node = element(kind, "", words(content));
    node.style.textAlign = columns[column]?.align ?? "left";
    return node;
  };
  const [head, ...body] = rows;
  const line = (kind) => (row) => element("tr", "", ...row.map(cell(kind)));
  const node = element("table", "", element("thead", "", line("th")(head)), element("tbody", "", ...body.map(line("td"))));
  return element("div", "table", node);
}

function task({ title, status, details, output }) {
  const more = [details, output].filter(Boolean).map((text) => element("p", "", words(text)));
  const item = element("li", `task ${status}`, element("span", "", title), ...more);
  item.dataset.status = status;
  return item;
}

/** The text of a table's cell, or of rich text. */
function words({ text, elements = [] }) {
  return typeof text === "string" ? text : elements.map(words).join("");
}

function section(block, context) {
  const content = element("div", "content");
  if (block.text) content.append(element("p", "", text(block.text, context)));
  if (block.fields) {
    content.append(element("div", "fields", ...block.fields.map((field) => element("div", "", text(field, context)))));
  }
  return element("div", "section", content, block.accessory && interactive(block.accessory, context));
}

function contextItem(item, context) {
  return item.type === "image" ? element("span", "", item.alt_text) : element("span", "", text(item, context));
}

function text(object, context) {
  return object.type === "mrkdwn" ? mrkdwn(object.text, context.names) : plain(object.text);
}

function interactive(item, context) {
  if (item.type !== "button") return element("span", "unsupported", `A ${item.type}, which this page does not play`);
  const button = element("button", `button ${item.style ?? ""}`, plain(item.text.text));
  button.type = "button";
  button.dataset.action = item.action_id;
  if (item.accessibility_label) button.setAttribute("aria-label", item.accessibility_label);
  button.addEventListener("click", async () => {
    if (item.confirm && !(await confirmed(item.confirm, context))) return;
    button.disabled = true;
    await context.press(item);
    button.disabled = false;
  });
  return button;
}

/** Asks in a dialog; the answer is whether the person went ahead. */
function confirmed(confirm, context) {
  const dialog = document.getElementById("confirm");
  const ok = document.getElementById("confirm-ok");
  const deny = document.getElementById("confirm-deny");
  document.getElementById("confirm-title").textContent = plain(confirm.title.text);
  document.getElementById("confirm-text").replaceChildren(text(confirm.text, context));
  ok.textContent = plain(confirm.confirm.text);
  ok.className = `button ${confirm.style ?? "primary"}`;
  deny.textContent = plain(confirm.deny.text);
  return new Promise((resolve) => {
    ok.onclick = () => dialog.close("ok");
    deny.onclick = () => dialog.close("");
    dialog.oncancel = () => (dialog.returnValue = "");
    dialog.onclose = () => resolve(dialog.returnValue === "ok");
    dialog.returnValue = "";
    dialog.showModal();
    // The irreversible is never one stray Enter away.
    deny.focus();
  });
}
