// Slack's mrkdwn as DOM nodes. Text only ever becomes text nodes, so nothing in a message can become markup.
// https://docs.slack.dev/messaging/formatting-message-text

const EMOJI = {
  alarm_clock: "⏰", arrow_down: "⬇️", arrow_forward: "▶️", arrow_right: "➡️", arrow_up: "⬆️",
  arrows_counterclockwise: "🔄", ballot_box_with_check: "☑️", bar_chart: "📊", bell: "🔔", black_circle: "⚫",
  black_square_for_stop: "⏹️", book: "📖", bulb: "💡", chart_with_upwards_trend: "📈", clipboard: "📋", clock1: "🕐",
  construction: "🚧", crystal_ball: "🔮", double_vertical_bar: "⏸️", earth_americas: "🌎", exclamation: "❗",
  eyes: "👀", fast_forward: "⏩", file_cabinet: "🗄️", fire: "🔥", globe_with_meridians: "🌐", gear: "⚙️",
  green_heart: "💚", grey_question: "❔", heavy_check_mark: "✔️", heavy_minus_sign: "➖", hourglass: "⌛",
  hourglass_flowing_sand: "⏳", information_source: "ℹ️", key: "🔑", large_blue_circle: "🔵", large_green_circle: "🟢",
  large_orange_circle: "🟠", large_yellow_circle: "🟡", link: "🔗", lock: "🔒", mag: "🔍", memo: "📝",
  negative_squared_cross_mark: "❎", no_entry: "⛔", no_entry_sign: "🚫", octagonal_sign: "🛑", page_facing_up: "📄",
  partying_face: "🥳", question: "❓", radio_button: "🔘", raised_hand: "✋", recycle: "♻️", red_circle: "🔴",
  repeat: "🔁", robot_face: "🤖", rocket: "🚀", rotating_light: "🚨", satellite_antenna: "📡", scroll: "📜",
  shield: "🛡️", stop_sign: "🛑", stopwatch: "⏱️", tada: "🎉", test_tube: "🧪", thumbsup: "👍", traffic_light: "🚥",
  unlock: "🔓", warning: "⚠️", wave: "👋", white_check_mark: "✅", white_circle: "⚪", wrench: "🔧", x: "❌", zap: "⚡",
};
const ENTITIES = { amp: "&", lt: "<", gt: ">" };

/** An element with a class, and children that are nodes or text. */
export function element(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Plain text with emoji names resolved, as in headers and on buttons. */
export function plain(text) {
  return unescaped(text).replace(/:([a-z0-9_+-]+):/g, (all, name) => EMOJI[name] ?? all);
}

function unescaped(text) {
  return text.replace(/&(amp|lt|gt);/g, (_, name) => ENTITIES[name]);
}

/** mrkdwn as a fragment. `names` resolves ids: `names.user(id)`, `names.channel(id)`. */
export function mrkdwn(text, names) {
  const fragment = document.createDocumentFragment();
  for (const part of text.split(/(```[\s\S]+?```)/)) {
    if (/^```[^]+```$/.test(part)) {
      const code = part.slice(3, -3).replace(/^\n|\n$/g, "");
      fragment.append(element("pre", "", plainCode(code)));
    } else {
      quotes(part, names, fragment);
    }
  }
  return fragment;
}

/** Lines that begin with `>` become quotes, the rest is inline text. */
function quotes(text, names, into) {
  let quoted = null;
  const lines = text.replace(/^\n|\n$/g, "").split("\n");
  lines.forEach((line, index) => {
    const quote = /^(?:&gt;|>) ?/.exec(line);
    if (quote) {
      if (quoted) quoted.append(document.createElement("br"));
      else into.append((quoted = document.createElement("blockquote")));
      quoted.append(inline(line.slice(quote[0].length), names));
      return;
    }
    if (index > 0 && !quoted) into.append(document.createElement("br"));
    quoted = null;
    into.append(inline(line, names));
  });
}

const RULES = [
  [/`([^`]+)`/y, (match) => element("code", "", plainCode(match[1]))],
  [/<([^<>]+)>/y, (match, names) => token(match[1], names)],
  [/\*(?!\s)([^*]+?)(?<!\s)\*(?!\w)/y, (match, names) => element("strong", "", inline(match[1], names)), true],
  [/_(?!\s)([^_]+?)(?<!\s)_(?!\w)/y, (match, names) => element("em", "", inline(match[1], names)), true],
  [/~(?!\s)([^~]+?)(?<!\s)~(?!\w)/y, (match, names) => element("s", "", inline(match[1], names)), true],
  [/:([a-z0-9_+-]+):/y, (match) => EMOJI[match[1]] && element("span", "emoji", EMOJI[match[1]])],
  [/&(amp|lt|gt);/y, (match) => ENTITIES[match[1]]],
];

function inline(text, names) {
  const fragment = document.createDocumentFragment();
  let at = 0;
  let from = 0;
  while (at < text.length) {
    const found = firstRule(text, at, names);
    if (!found) {
      at += 1;
      continue;
    }
    fragment.append(text.slice(from, at), found.node);
    at = from = found.end;
  }
  fragment.append(text.slice(from));
  return fragment;
}

function firstRule(text, at, names) {
  for (const [pattern, build, atWordStart] of RULES) {
    if (atWordStart && at > 0 && /\w/.test(text[at - 1])) continue;
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    const node = match && build(match, names);
    if (node) return { node, end: at + match[0].length };
  }
  return null;
}

function plainCode(text) {
  return unescaped(text.replace(/<(?:[^<>|]*\|)?([^<>]+)>/g, "$1"));
}

/** What stands in `<…>`: a mention, a channel, a date, a special mention or a link. */
function token(inside, names) {
  const [target, label] = split(inside, "|");
  if (target.startsWith("@")) return element("span", "mention", `@${names.user(target.slice(1)) ?? label ?? target}`);
  if (target.startsWith("#")) return element("span", "mention", `#${names.channel(target.slice(1)) ?? label ?? target}`);
  if (target.startsWith("!date^")) return date(target, label);
  if (target.startsWith("!subteam^")) return element("span", "mention", label ?? "@group");
  if (target.startsWith("!")) return element("span", "mention", `@${label ?? target.slice(1)}`);
  return link(target, label);
}

function link(target, label) {
  if (!/^(https?|mailto):/i.test(target)) return label ?? target;
  const anchor = element("a", "", plain(label ?? target));
  anchor.href = unescaped(target);
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer";
  return anchor;
}

/** `<!date^seconds^format^link|fallback>`, in UTC like every time on this page. */
function date(target, fallback) {
  const [, seconds, format, href] = target.split("^");
  const moment = new Date(Number(seconds) * 1000);
  if (!format || Number.isNaN(moment.getTime())) return fallback ?? target;
  const shown = (options) => moment.toLocaleString("en-GB", { timeZone: "UTC", ...options });
  const day = { day: "numeric", month: "long", year: "numeric" };
  const shortDay = { ...day, month: "short" };
  const longDay = { ...day, weekday: "long" };
  const forms = {
    date_num: () => moment.toISOString().slice(0, 10), date: () => shown(day), date_short: () => shown(shortDay),
    date_long: () => shown(longDay), date_pretty: () => shown(day), date_short_pretty: () => shown(shortDay),
    date_long_pretty: () => shown(longDay), time: () => moment.toISOString().slice(11, 16),
    time_secs: () => moment.toISOString().slice(11, 19), ago: () => `at ${moment.toISOString().slice(11, 19)}`,
  };
  const text = format.replace(/\{(\w+)\}/g, (all, name) => (forms[name] ? forms[name]() : all));
  const node = element("time", "", href ? link(href, text) : text);
  node.dateTime = moment.toISOString();
  node.title = moment.toISOString();
  return node;
}

function split(text, separator) {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}
