// An API that checks authd's access tokens itself.
//
//   AUTHD_URL=https://auth.example.com AUDIENCE=https://api.example.com PORT=4000 cargo run
use jsonwebtoken::{decode, decode_header, jwk::JwkSet, Algorithm, DecodingKey, Validation};
use std::{env, time::Duration, time::Instant};
use tiny_http::{Header, Response, Server};

#[derive(serde::Deserialize)]
struct Claims { sub: String }

/// authd's public keys. They stay while authd is away.
struct Keys {
    url: String,
    set: JwkSet,
    tried: Option<Instant>,
}

impl Keys {
    fn find(&mut self, kid: &str) -> Option<DecodingKey> {
        // Every 5 minutes, so that a removed key is noticed, and for an unknown key, but not for each forged token.
        let age = self.tried.map_or(Duration::MAX, |at| at.elapsed());
        if age.as_secs() > 300 || (age.as_secs() > 10 && self.set.find(kid).is_none()) {
            self.tried = Some(Instant::now());
            let answer = ureq::get(&self.url).timeout(Duration::from_secs(5)).call();
            match answer.map(|answer| answer.into_json()) {
                Ok(Ok(set)) => self.set = set,
                _ => eprintln!("authd does not answer"),
            }
        }
        DecodingKey::from_jwk(self.set.find(kid)?).ok()
    }
}

fn user_of(token: &str, keys: &mut Keys, rules: &Validation) -> Option<String> {
    let header = decode_header(token).ok().filter(|header| header.typ.as_deref() == Some("at+jwt"))?;
    Some(decode::<Claims>(token, &keys.find(&header.kid?)?, rules).ok()?.claims.sub)
}

fn main() {
    let issuer = env::var("AUTHD_URL").expect("AUTHD_URL");
    let mut keys = Keys { url: format!("{issuer}/.well-known/jwks.json"), set: JwkSet { keys: vec![] }, tried: None };
    let mut rules = Validation::new(Algorithm::ES256);
    rules.set_issuer(&[issuer]);
    rules.set_audience(&[env::var("AUDIENCE").expect("AUDIENCE")]);
    rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    rules.leeway = 5; // The default is 60 s.
    let server = Server::http(format!("127.0.0.1:{}", env::var("PORT").expect("PORT"))).expect("listen");
    println!("listening on {}", server.server_addr().to_ip().expect("ip").port());
    for request in server.incoming_requests() {
        let sent = request.headers().iter().find(|header| header.field.equiv("Authorization"));
        let parts = sent.and_then(|header| header.value.as_str().split_once(' '));
        let token = parts.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer")).map(|(_, token)| token);
        let user = token.and_then(|token| user_of(token, &mut keys, &rules));
        let reason = if token.is_some() { "Bearer error=\"invalid_token\"" } else { "Bearer" };
        let challenge = Header::from_bytes("WWW-Authenticate", reason).unwrap();
        let answer = match user {
            Some(user) => Response::from_string(format!("{{\"hello\":\"{user}\"}}")),
            None if keys.set.keys.is_empty() && token.is_some() => Response::from_string("").with_status_code(503),
            None => Response::from_string("").with_status_code(401).with_header(challenge),
        };
        request.respond(answer).ok();
    }
}
