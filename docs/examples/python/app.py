"""An API that asks authd on each request, so it rejects a revoked session at once. Standard library only.

Run with AUTHD_URL=https://auth.example.com python3 app.py
"""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import Request, urlopen

AUTHD = os.environ.get("AUTHD_URL", "http://localhost:3000")


def user_of(authorization):
    """Return the user of an Authorization header, or None."""
    request = Request(AUTHD + "/v1/session", headers={"Authorization": authorization or ""})
    try:
        with urlopen(request, timeout=5) as response:
            return json.load(response)["user"]
    except HTTPError as error:
        if error.code == 401:
            return None
        raise


class App(BaseHTTPRequestHandler):
    def do_GET(self):
        user = user_of(self.headers.get("Authorization"))
        body = json.dumps({"hello": user["id"]}).encode() if user else b""
        self.send_response(200 if user else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "4000"))), App)
    print(f"listening on {server.server_port}", flush=True)
    server.serve_forever()
