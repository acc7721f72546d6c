#!/usr/bin/env python3
"""Holds the stand-in Slack, and what the bot sends it, to Slack's own Python SDK.

    slack_sdk_check.py signature < {"secret", "headers", "body"}       a request signed by the stand-in verifies
    slack_sdk_check.py client URL < {"token", "channel"}               WebClient posts, updates, and gets Slack's errors
    slack_sdk_check.py blocks < [{"text", "blocks"}, …]                the SDK's models accept every message

Exits 1 at the first thing that is not as it must be.
"""

import json
import sys

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import Block
from slack_sdk.signature import SignatureVerifier

# Far above any burst that the stand-in tolerates.
ENOUGH_POSTS = 50


def demand(holds, what):
    if not holds:
        raise SystemExit(f"not so: {what}")
    print(f"ok    {what}")


def signature():
    request = json.load(sys.stdin)
    body, headers = request["body"], request["headers"]
    verifier = SignatureVerifier(request["secret"])
    demand(verifier.is_valid_request(body, headers), "a request of the stand-in verifies")
    demand(not verifier.is_valid_request(body + "x", headers), "with another body it does not")
    demand(not SignatureVerifier("another").is_valid_request(body, headers), "nor with another secret")


def client(url):
    given = json.load(sys.stdin)
    channel = given["channel"]
    slack = WebClient(token=given["token"], base_url=url)
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*Hello*"}}]

    demand(slack.auth_test()["ok"], "auth.test")
    demand(slack.conversations_info(channel=channel)["channel"]["id"] == channel, "conversations.info")
    posted = slack.chat_postMessage(channel=channel, text="Hello", blocks=blocks)
    demand(posted["message"]["text"] == "Hello", "chat.postMessage returns the message")
    reply = slack.chat_postMessage(channel=channel, text="Detail", thread_ts=posted["ts"])
    demand(reply["message"]["thread_ts"] == posted["ts"], "chat.postMessage answers in the thread")
    updated = slack.chat_update(channel=channel, ts=posted["ts"], text="Goodbye")
    demand(updated["message"]["text"] == "Goodbye", "chat.update returns the new message")
    read = slack.conversations_replies(channel=channel, ts=posted["ts"])["messages"]
    demand([message["text"] for message in read] == ["Goodbye", "Detail"], "conversations.replies reads both")

    refused(slack.chat_postMessage, "channel_not_found", channel="C0NOWHERE", text="x")
    refused(slack.chat_postMessage, "invalid_blocks", channel=channel, text="x", blocks=[{"type": "section"}])
    refused(slack.chat_postMessage, "no_text", channel=channel, text="")
    refused(slack.chat_update, "message_not_found", channel=channel, ts="1.000000", text="x")
    refused(WebClient(token="xoxb-wrong", base_url=url).auth_test, "invalid_auth")
    rate_limited(slack, channel)


def refused(method, code, **arguments):
    try:
        method(**arguments)
    except SlackApiError as error:
        demand(error.response["error"] == code, f"refused: {error.response['error']} is {code}")
    else:
        raise SystemExit(f"accepted, not refused as {code}")


def rate_limited(slack, channel):
    """Posts until the stand-in has had enough."""
    for number in range(ENOUGH_POSTS):
        try:
            slack.chat_postMessage(channel=channel, text=f"burst {number}")
        except SlackApiError as error:
            answer = error.response
            demand(answer.status_code == 429 and answer["error"] == "ratelimited", "a burst is rate limited")
            demand(int(answer.headers["Retry-After"]) >= 1, "with Retry-After in whole seconds")
            return
    raise SystemExit(f"{ENOUGH_POSTS} posts in a row were not rate limited")


def blocks():
    """What a model does not know it drops or skips: only what comes out as it went in was understood in full."""
    messages = json.load(sys.stdin)
    kinds = {}
    for message in messages:
        demand(message["text"].strip(), message["text"].splitlines()[0])
        for given in message["blocks"]:
            block = Block.parse(given)
            block.validate_json()
            if block.to_dict() != given:
                raise SystemExit(f"the model of {given['type']} understands\n{given}\nas\n{block.to_dict()}")
            kinds[given["type"]] = kinds.get(given["type"], 0) + 1
    print(f"{len(messages)} messages; blocks: {kinds}")


def main(command, *arguments):
    {"signature": signature, "client": client, "blocks": blocks}[command](*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
