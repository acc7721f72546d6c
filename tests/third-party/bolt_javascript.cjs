// The slash command in Bolt for JavaScript, to compare with: acknowledges /dr with a text, and does nothing else.
// SLACK_SIGNING_SECRET, SLACK_BOT_TOKEN and PORT say how.

"use strict";

const { App, LogLevel } = require("@slack/bolt");

const app = new App({
  signingSecret: process.env.SLACK_SIGNING_SECRET,
  // Who the app is stands fixed: it would otherwise be asked of Slack.
  authorize: async () => ({ botToken: process.env.SLACK_BOT_TOKEN, botId: "B0STANDBY01", botUserId: "U0STANDBY01" }),
  endpoints: "/slack/commands",
  logLevel: LogLevel.ERROR,
});

app.command("/dr", async ({ command, ack }) => ack(`heard ${command.text}`));

app.start({ port: Number(process.env.PORT), host: "127.0.0.1" });
