// Holds the stand-in Slack to Slack's own SDK for Node.
//
//     node slack_web_api_check.cjs URL < {"token", "channel", "user", "group", "triggers", "view"}
//
// NODE_PATH names the folder in which @slack/web-api is installed. Exits 1 at the first thing that is not as it must be.
"use strict";

const { isDeepStrictEqual } = require("node:util");

const { ErrorCode, WebClient } = require("@slack/web-api");

const METADATA = { event_type: "run", event_payload: { run: "promote-1" } };
const BUTTON = { type: "button", action_id: "go", text: { type: "plain_text", text: "Go" } };
const HOME = { type: "home", blocks: [{ type: "actions", elements: [BUTTON] }] };
const ONCE = { retryConfig: { retries: 0 }, rejectRateLimitedCalls: true };

function demand(holds, what) {
  if (!holds) throw new Error(`not so: ${what}`);
  console.log(`ok    ${what}`);
}

/** The error of a call that must fail. */
async function failure(call) {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error("it succeeded, and must not");
}

async function refused(call, code) {
  const error = await failure(call);
  demand(error.code === ErrorCode.PlatformError && error.data.error === code, `refused: ${error.data?.error} is ${code}`);
  return error.data;
}

async function messages(slack, channel) {
  const blocks = [{ type: "section", text: { type: "mrkdwn", text: "*Hello*" } }];
  const posted = await slack.chat.postMessage({ channel, text: "Hello", blocks, metadata: METADATA });
  demand(posted.message.text === "Hello", "chat.postMessage returns the message");
  const reply = await slack.chat.postMessage({ channel, text: "Detail", thread_ts: posted.ts });
  demand(reply.message.thread_ts === posted.ts, "chat.postMessage answers in the thread");
  const updated = await slack.chat.update({ channel, ts: posted.ts, text: "Goodbye" });
  demand(updated.message.text === "Goodbye", "chat.update returns the new message");
  const { messages: read } = await slack.conversations.replies({ channel, ts: posted.ts, include_all_metadata: true });
  demand(read.map((message) => message.text).join() === "Goodbye,Detail", "conversations.replies reads both");
  demand(isDeepStrictEqual(read[0].metadata, METADATA), "with the metadata of the first");
  let pages = 0;
  for await (const page of slack.paginate("conversations.replies", { channel, ts: posted.ts, limit: 1 })) {
    pages += page.messages.length;
  }
  demand(pages === 2, "and goes on where a page ends");
  await refused(slack.chat.postMessage({ channel: "C0NOWHERE", text: "x" }), "channel_not_found");
  const wrong = { channel, text: "x", blocks: [{ type: "section" }] };
  const said = await refused(slack.chat.postMessage(wrong), "invalid_blocks");
  demand(said.response_metadata.messages[0].includes("/blocks/0"), "and points at what is wrong with the blocks");
}

async function people(slack, { group, user }) {
  const identity = await slack.auth.test();
  demand(identity.response_metadata.scopes.includes("chat:write"), "auth.test, with the token's scopes");
  demand((await slack.usergroups.users.list({ usergroup: group })).users.includes(user), "usergroups.users.list");
  demand((await slack.users.info({ user })).user.profile.email.includes("@"), "users.info");
}

async function views(slack, { triggers: [once, spare], user, view }) {
  const { view: opened } = await slack.views.open({ trigger_id: once, view });
  demand(opened.callback_id === "confirm", "views.open returns the view");
  await refused(slack.views.open({ trigger_id: once, view }), "exchanged_trigger_id");
  const long = { ...view, title: { type: "plain_text", text: "x".repeat(25) } };
  const said = await refused(slack.views.open({ trigger_id: spare, view: long }), "invalid_arguments");
  demand(said.response_metadata.messages[0].includes("/view/title/text"), "and points at what is wrong with a view");
  const { view: updated } = await slack.views.update({ view_id: opened.id, hash: opened.hash, view });
  demand(updated.id === opened.id, "views.update");
  await refused(slack.views.update({ view_id: opened.id, hash: opened.hash, view }), "hash_conflict");
  demand((await slack.views.publish({ user_id: user, view: HOME })).view.type === "home", "views.publish");
}

async function files(slack, channel) {
  const file = Buffer.from("{}\n");
  const shared = await slack.filesUploadV2({ channel_id: channel, filename: "export.jsonl", title: "Export", file });
  demand(shared.files[0].files[0].title === "Export", "filesUploadV2, in three requests");
}

/** Faults that the test has put in the way of these calls, once each. */
async function troubled(slack, patient, { channel, user }) {
  const limited = await failure(slack.conversations.join({ channel }));
  demand(limited.code === ErrorCode.RateLimitedError && limited.retryAfter === 1, "429 is an error");
  demand((await patient.conversations.open({ users: user })).ok, "or waited for, as the SDK does by itself");
  const broken = await failure(slack.chat.getPermalink({ channel, message_ts: "1.000000" }));
  demand(broken.code === ErrorCode.HTTPError && broken.statusCode === 500, "HTTP 500 is an error");
  const reset = await failure(slack.chat.delete({ channel, ts: "1.000000" }));
  demand(reset.code !== ErrorCode.PlatformError, `a broken connection is ${reset.code ?? reset.name}`);
}

async function main(url) {
  let input = "";
  for await (const chunk of process.stdin) input += chunk;
  const given = JSON.parse(input);
  const slack = new WebClient(given.token, { slackApiUrl: url, ...ONCE });
  await messages(slack, given.channel);
  await people(slack, given);
  await views(slack, given);
  await files(slack, given.channel);
  await troubled(slack, new WebClient(given.token, { slackApiUrl: url }), given);
  await refused(new WebClient("xoxb-wrong", { slackApiUrl: url, ...ONCE }).auth.test(), "invalid_auth");
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
