#!/usr/bin/env python3
"""The slash command in Bolt for Python, to compare with: acknowledges /dr with a text, and does nothing else.

SLACK_SIGNING_SECRET, SLACK_BOT_TOKEN and PORT say how.
"""

import logging
import os

from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult


async def authorize(**_):
    # Who the app is stands fixed: it would otherwise be asked of Slack.
    return AuthorizeResult(
        enterprise_id=None,
        team_id="T0SHOP00001",
        bot_token=os.environ["SLACK_BOT_TOKEN"],
        bot_id="B0STANDBY01",
        bot_user_id="U0STANDBY01",
    )


logging.basicConfig(level=logging.ERROR)
app = AsyncApp(signing_secret=os.environ["SLACK_SIGNING_SECRET"], authorize=authorize)


@app.command("/dr")
async def dr(ack, command):
    await ack(f"heard {command['text']}")


if __name__ == "__main__":
    server = app.web_app(path="/slack/commands")
    web.run_app(server, host="127.0.0.1", port=int(os.environ["PORT"]), print=None, access_log=None)
