"""Receives authd's events. Standard library only.

Run with WEBHOOK_SECRET=whsec_... python3 app.py
"""

import base64
import hashlib
import hmac
import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))
# A delivery may arrive twice, with the same id. A real app stores the ids with its data.
SEEN = set()


def verified(headers, body):
    """Return the event if authd sent it within the last five minutes, else None."""
    number, sent_at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "0")
    if not sent_at.isdigit() or abs(time.time() - int(sent_at)) > 300:
        return None
    right = hmac.new(KEY, f"{number}.{sent_at}.".encode() + body, hashlib.sha256).digest()
    right = "v1," + base64.b64encode(right).decode()
    # While the secret is replaced, there are two signatures.
    signatures = headers.get("webhook-signature", "").split(" ")
    return json.loads(body) if any(hmac.compare_digest(right, given) for given in signatures) else None


class App(BaseHTTPRequestHandler):
    def do_POST(self):
        event = verified(self.headers, self.rfile.read(int(self.headers.get("Content-Length", 0))))
        # Answer at once and work afterwards: authd waits 15 seconds, and sends one delivery at a time.
        self.send_response(204 if event else 401)
        self.end_headers()
        number = self.headers.get("webhook-id")
        if event and number not in SEEN:
            SEEN.add(number)
            print(event["type"], event["data"]["user_id"], flush=True)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "4001"))), App)
    print(f"listening on {server.server_port}", flush=True)
    server.serve_forever()
