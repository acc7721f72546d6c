#!/usr/bin/env python3
"""An app on slack_sdk's Socket Mode client: answers /dr, with a button if that was typed, and acknowledges clicks.

SLACK_API_URL and SLACK_APP_TOKEN say where.
"""

import logging
import os
import threading

from slack_sdk import WebClient
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse

BUTTON = {
    "type": "actions",
    "elements": [{"type": "button", "action_id": "press", "text": {"type": "plain_text", "text": "Press"}}],
}


def listen(client, request):
    payload = None
    if request.type == "slash_commands":
        payload = {"text": f"heard {request.payload['text']}"}
        if request.payload["text"] == "button":
            payload["blocks"] = [BUTTON]
    else:
        print(f"pressed {request.payload['actions'][0]['action_id']}", flush=True)
    client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id, payload=payload))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    client = SocketModeClient(
        app_token=os.environ["SLACK_APP_TOKEN"],
        web_client=WebClient(base_url=os.environ["SLACK_API_URL"]),
    )
    client.socket_mode_request_listeners.append(listen)
    client.connect()
    threading.Event().wait()
