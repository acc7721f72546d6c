// A list of messages that is updated in place: only what changed is drawn again, so focus and scrolling survive.
import { renderBlocks } from "./blocks.js";
import { element, mrkdwn } from "./mrkdwn.js";

/** Messages of one author within this many seconds are drawn as one. */
const TOGETHER = 300;
/** How near to the bottom, in pixels, counts as reading along. */
const AT_BOTTOM = 80;

/** Draws `rows` (messages and notices in order) into `list`. */
export function drawMessages(list, rows, context) {
  const atBottom = list.scrollHeight - list.scrollTop - list.clientHeight < AT_BOTTOM;
  const drawn = new Map([...list.children].map((node) => [node.dataset.key, node]));
  const first = drawn.size === 0;
  let previous = null;
  let at = list.firstElementChild;
  for (const row of rows) {
    const view = { row, follows: follows(previous, row), replies: context.replies?.(row) };
    const key = `${row.channel}/${row.kind ?? "message"}/${row.ts}`;
    const content = JSON.stringify([view, context.me]);
    let node = drawn.get(key);
    if (!node || node.dataset.content !== content) {
      const fresh = drawMessage(view, context);
      fresh.dataset.key = key;
      fresh.dataset.content = content;
      if (!node && !first) fresh.classList.add("fresh");
      if (node) {
        if (at === node) at = fresh;
        node.replaceWith(fresh);
      }
      node = fresh;
    }
    drawn.delete(key);
    if (node === at) at = at.nextElementSibling;
    else list.insertBefore(node, at);
    previous = row;
  }
  for (const node of drawn.values()) node.remove();
  if (atBottom || first) list.scrollTop = list.scrollHeight;
}

function follows(previous, row) {
  return Boolean(
    previous && !previous.kind && !row.kind && previous.user === row.user && row.blocks.length === 0 && row.files.length === 0 &&
      (row.only_visible_to ?? previous.only_visible_to ?? null) === null &&
      Number(row.ts) - Number(previous.ts) < TOGETHER,
  );
}

function drawMessage({ row, follows, replies }, context) {
  if (row.kind) return drawNotice(row);
  const author = context.author(row.user);
  const body = element("div", "body");
  if (!follows) {
    const tag = author.app && element("span", "tag", "APP");
    const onlyYou = row.only_visible_to && element("span", "only-you", "Only visible to you");
    body.append(element("div", "head", element("b", "", author.name), tag, time(row.ts), onlyYou));
  }
  const press = (button) => context.press(row, button);
  const hasBlocks = row.blocks.length > 0;
  if (hasBlocks || row.text) body.append(hasBlocks ? renderBlocks(row.blocks, { ...context, press }) : element("p", "", mrkdwn(row.text, context.names)));
  for (const file of row.files) body.append(element("div", "file", "📄 ", element("b", "", file.title), ` ${file.size} bytes`));
  // Slack marks edits of plain text only: https://docs.slack.dev/reference/methods/chat.update
  if (row.edited && !hasBlocks) body.append(element("span", "edited", `(edited ${clock(row.edited.ts)})`));
  if (replies?.length > 0) body.append(threadLink(row, replies, context));
  const item = element("li", `message${follows ? " follows" : ""}${row.only_visible_to ? " ephemeral" : ""}`);
  item.append(context.avatar(row.user), body);
  return item;
}

/** A line between messages: what the person typed, or what failed. */
function drawNotice({ kind, text }) {
  const words = kind === "command" ? ["You typed ", element("code", "", text)] : [`⚠️ ${text}`];
  return element("li", `notice ${kind}`, ...words);
}

function threadLink(row, replies, context) {
  const count = `${replies.length} ${replies.length === 1 ? "reply" : "replies"}`;
  const last = element("small", "", `last at ${clock(replies[replies.length - 1])}`);
  const button = element("button", "open-thread", count, last);
  button.type = "button";
  button.addEventListener("click", () => context.openThread(row.ts));
  return button;
}

function time(ts) {
  const node = element("time", "", clock(ts));
  node.dateTime = node.title = new Date(Number(ts) * 1000).toISOString();
  return node;
}

/** A `ts` as time of day, UTC. */
function clock(ts) {
  return new Date(Number(ts) * 1000).toISOString().slice(11, 19);
}
