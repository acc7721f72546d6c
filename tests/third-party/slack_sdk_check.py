#!/usr/bin/env python3
"""Holds the stand-in Slack, and what the bot sends it, to Slack's own Python SDK.

    slack_sdk_check.py signature < {"secret", "headers", "body"}       a request signed by the stand-in verifies
    slack_sdk_check.py client URL < {"token", "channel", …}            WebClient posts, updates, opens views, uploads, and
                                                                       gets Slack's errors
    slack_sdk_check.py blocks < {"messages", "views"}                  the SDK's models accept every message and view

Exits 1 at the first thing that is not as it must be.
"""

import json
import sys

from http.client import HTTPException

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View
from slack_sdk.signature import SignatureVerifier

METADATA = {"event_type": "run", "event_payload": {"run": "promote-1"}}
BUTTON = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
HOME = {"type": "home", "blocks": [{"type": "actions", "elements": [BUTTON]}]}

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

    identity = slack.auth_test()
    demand("chat:write" in identity.headers["x-oauth-scopes"].split(","), "auth.test, with the token's scopes")
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
    metadata(slack, channel)
    people(slack, given)
    views(slack, given)
    files(slack, channel)
    troubled(given, url)
    rate_limited(slack, channel)


def metadata(slack, channel):
    ts = slack.chat_postMessage(channel=channel, text="with metadata", metadata=METADATA)["ts"]
    slack.chat_update(channel=channel, ts=ts, text="still with metadata")
    history = slack.conversations_history(channel=channel, include_all_metadata=True, limit=1)["messages"]
    demand(history[0]["metadata"] == METADATA, "conversations.history returns metadata to who asks")
    demand("metadata" not in slack.conversations_history(channel=channel, limit=1)["messages"][0], "and only then")
    pages = list(slack.conversations_history(channel=channel, limit=1))
    demand(len(pages) >= 2, "and goes on where a page ends")


def people(slack, given):
    members = slack.usergroups_users_list(usergroup=given["group"])["users"]
    demand(given["user"] in members, "usergroups.users.list")
    user = slack.users_info(user=given["user"])["user"]
    demand(not user["is_restricted"] and "@" in user["profile"]["email"] and user["tz_offset"], "users.info")


def views(slack, given):
    once, spare = given["triggers"]
    opened = slack.views_open(trigger_id=once, view=given["view"])["view"]
    demand(opened["state"]["values"] and opened["callback_id"] == "confirm", "views.open returns the view")
    refused(slack.views_open, "exchanged_trigger_id", trigger_id=once, view=given["view"])
    refused(slack.views_open, "invalid_trigger_id", trigger_id="1.2.abc", view=given["view"])
    long = {**given["view"], "title": {"type": "plain_text", "text": "x" * 25}}
    said = refused(slack.views_open, "invalid_arguments", trigger_id=spare, view=long)
    demand("/view/title/text" in said["response_metadata"]["messages"][0], "and points at what is wrong with a view")
    updated = slack.views_update(view_id=opened["id"], hash=opened["hash"], view=given["view"])["view"]
    demand(updated["id"] == opened["id"], "views.update")
    refused(slack.views_update, "hash_conflict", view_id=opened["id"], hash=opened["hash"], view=given["view"])
    demand(slack.views_publish(user_id=given["user"], view=HOME)["view"]["type"] == "home", "views.publish")


def files(slack, channel):
    shared = slack.files_upload_v2(channel=channel, filename="export.jsonl", content="{}\n", title="Export")
    demand(shared["file"]["title"] == "Export", "files_upload_v2, in three requests")


def troubled(given, url):
    """Faults that the test has put in the way of these calls, once each."""
    slack = WebClient(token=given["token"], base_url=url, retry_handlers=[])
    retrying = WebClient(token=given["token"], base_url=url)
    try:
        slack.conversations_join(channel=given["channel"])
    except SlackApiError as error:
        demand(error.response.status_code == 429 and error.response.headers["Retry-After"] == "1", "429 is an error")
    else:
        raise SystemExit("not rate limited")
    retrying.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=1))
    demand(retrying.conversations_open(users=given["user"])["ok"], "or waited for, by the SDK's own handler")
    try:
        slack.chat_getPermalink(channel=given["channel"], message_ts="1.000000")
    except SlackApiError as error:
        demand(error.response.status_code == 500, "HTTP 500 is an error")
    else:
        raise SystemExit("no server error")
    try:
        slack.chat_delete(channel=given["channel"], ts="1.000000")
    except (HTTPException, OSError) as error:
        demand(True, f"a broken connection is {type(error).__name__}")
    else:
        raise SystemExit("the connection did not break")


def refused(method, code, **arguments):
    try:
        method(**arguments)
    except SlackApiError as error:
        demand(error.response["error"] == code, f"refused: {error.response['error']} is {code}")
        return error.response
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
    given = json.load(sys.stdin)
    kinds = {}
    for message in given["messages"]:
        demand(message["text"].strip(), message["text"].splitlines()[0])
        understood(message["blocks"], kinds)
    for view in given["views"]:
        model = View(**view)
        model.validate_json()
        # Its blocks are models too: what comes out is what the SDK would send.
        demand(model.to_dict() == view, f"the {view['type']} {view.get('title', {}).get('text', '')!r}")
        understood(view["blocks"], kinds)
    print(f"{len(given['messages'])} messages, {len(given['views'])} views; blocks: {kinds}")


def understood(blocks, kinds):
    for given in blocks:
        block = Block.parse(given)
        block.validate_json()
        if block.to_dict() != given:
            raise SystemExit(f"the model of {given['type']} understands\n{given}\nas\n{block.to_dict()}")
        kinds[given["type"]] = kinds.get(given["type"], 0) + 1


def main(command, *arguments):
    {"signature": signature, "client": client, "blocks": blocks}[command](*arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])
