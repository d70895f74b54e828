"""An API that asks authd about each token, so it notices a revoked session at once. Standard library only.

Run with AUTHD_URL=https://auth.example.com python3 app.py
"""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import Request, urlopen

AUTHD = os.environ.get("AUTHD_URL", "http://localhost:3000")


def answer_to(authorization):
    """Return the status, headers and body for a request with this Authorization header."""
    if not authorization.lower().startswith("bearer "):
        return 401, {"WWW-Authenticate": "Bearer"}, None
    request = Request(AUTHD + "/v1/session", headers={"Authorization": authorization})
    try:
        with urlopen(request, timeout=5) as response:
            return 200, {}, {"hello": json.load(response)["user"]["id"]}
    except HTTPError as error:
        if error.code == 401:
            return 401, {"WWW-Authenticate": error.headers["WWW-Authenticate"]}, None
        if error.code == 403:
            # The user must set up or prove a second factor first: the body says which.
            return 403, {}, json.load(error)
    except OSError:
        pass
    # authd is away or too busy. That says nothing about the token, so the answer is not 401.
    return 503, {"Retry-After": "10"}, None


class App(BaseHTTPRequestHandler):
    def do_GET(self):
        status, headers, body = answer_to(self.headers.get("Authorization", ""))
        content = json.dumps(body).encode() if body else b""
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "4000"))), App)
    print(f"listening on {server.server_port}", flush=True)
    server.serve_forever()
