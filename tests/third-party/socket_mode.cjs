// An app on Slack's Socket Mode client for Node.js: answers /dr, with a button if that was typed, and acknowledges clicks.
// SLACK_API_URL and SLACK_APP_TOKEN say where.

"use strict";

const { SocketModeClient, LogLevel } = require("@slack/socket-mode");

const client = new SocketModeClient({
  appToken: process.env.SLACK_APP_TOKEN,
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL },
  logLevel: LogLevel.INFO,
});

const button = {
  type: "actions",
  elements: [{ type: "button", action_id: "press", text: { type: "plain_text", text: "Press" } }],
};

client.on("slash_commands", async ({ body, ack }) => {
  const answer = { text: `heard ${body.text}` };
  await ack(body.text === "button" ? { ...answer, blocks: [button] } : answer);
});

client.on("interactive", async ({ body, ack }) => {
  console.log(`pressed ${body.actions[0].action_id}`);
  await ack();
});

client.start();
