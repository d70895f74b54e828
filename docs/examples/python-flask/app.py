"""An API that checks authd's access tokens itself. Needs Flask and PyJWT: pip install flask 'pyjwt[crypto]'

AUTHD_URL=https://auth.example.com AUDIENCE=https://api.example.com python3 app.py
"""
import os
import threading
import time
from urllib.request import urlopen

import jwt
from flask import Flask, request
from werkzeug.serving import make_server

ISSUER = os.environ.get("AUTHD_URL", "http://localhost:3000")
AUDIENCE = os.environ.get("AUDIENCE", ISSUER)
app = Flask(__name__)

class Keys:
    """authd's public keys. PyJWKClient either loses its keys during an outage or never drops a removed key."""
    def __init__(self):
        self.by_id, self.tried_at, self.lock = {}, float("-inf"), threading.Lock()

    def find(self, kid):
        # Every 5 minutes, so that a removed key is noticed, and for an unknown key, but not for each forged token.
        with self.lock:
            age = time.monotonic() - self.tried_at
            if age > 300 or (kid not in self.by_id and age > 10):
                self.tried_at = time.monotonic()
                try:
                    with urlopen(ISSUER + "/.well-known/jwks.json", timeout=5) as response:
                        self.by_id = {key.key_id: key.key for key in jwt.PyJWKSet.from_json(response.read()).keys}
                except OSError:
                    app.logger.warning("authd does not answer: keeping %d keys", len(self.by_id))
            return self.by_id.get(kid)
keys = Keys()

@app.get("/")
def hello():
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return "", 401, {"WWW-Authenticate": "Bearer"}
    try:
        header = jwt.get_unverified_header(token)
        key = keys.find(header.get("kid"))
        if not keys.by_id:
            return "", 503, {"Retry-After": "10"}
        if key is None or header.get("typ") != "at+jwt":
            raise jwt.InvalidTokenError
        rules = {"issuer": ISSUER, "audience": AUDIENCE, "leeway": 5, "options": {"require": ["exp", "sub", "sid"]}}
        claims = jwt.decode(token, key, algorithms=["ES256"], **rules)
    except jwt.InvalidTokenError:
        return "", 401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return {"hello": claims["sub"]}


with make_server("127.0.0.1", int(os.environ.get("PORT", "4000")), app, threaded=True) as server:
    print(f"listening on {server.port}", flush=True)
    server.serve_forever()
