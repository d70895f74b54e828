// An API that checks authd's access tokens itself. Needs nimbus-jose-jwt, and Java 17 or later. Written from the
// documentation of Nimbus; the tests do not run it.
//
//   AUTHD_URL=https://auth.example.com AUDIENCE=https://api.example.com java -cp nimbus-jose-jwt.jar App.java
import com.nimbusds.jose.*;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.*;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.*;
import com.sun.net.httpserver.*;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.Set;

public class App {
    public static void main(String[] args) throws Exception {
        var processor = processor(System.getenv("AUTHD_URL"), System.getenv("AUDIENCE"));
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", 4000), 0);
        server.createContext("/", exchange -> {
            var header = String.valueOf(exchange.getRequestHeaders().getFirst("Authorization"));
            if (!header.regionMatches(true, 0, "Bearer ", 0, 7)) {
                refuse(exchange, "Bearer");
                return;
            }
            try {
                var claims = processor.process(header.substring(7), null);
                answer(exchange, 200, "{\"hello\":\"" + claims.getSubject() + "\"}");
            } catch (KeySourceException outage) {
                answer(exchange, 503, ""); // Without keys, no token can be judged.
            } catch (ParseException | BadJOSEException | JOSEException refused) {
                refuse(exchange, "Bearer error=\"invalid_token\"");
            }
        });
        server.start();
    }

    static JWTProcessor<SecurityContext> processor(String issuer, String audience) throws Exception {
        // Keys are read every 5 minutes and for an unknown key, and stay for an hour while authd is away.
        var keys = JWKSourceBuilder.<SecurityContext>create(URI.create(issuer + "/.well-known/jwks.json").toURL())
            .cache(300_000, 15_000).rateLimited(false).outageTolerant(3_600_000).build();
        var rules = new DefaultJWTClaimsVerifier<SecurityContext>(
            audience, new JWTClaimsSet.Builder().issuer(issuer).build(), Set.of("exp", "sub", "sid"));
        rules.setMaxClockSkew(5);
        var processor = new DefaultJWTProcessor<SecurityContext>();
        processor.setJWSTypeVerifier(new DefaultJOSEObjectTypeVerifier<>(new JOSEObjectType("at+jwt")));
        processor.setJWSKeySelector(new JWSVerificationKeySelector<>(JWSAlgorithm.ES256, keys));
        processor.setJWTClaimsSetVerifier(rules);
        return processor;
    }

    static void refuse(HttpExchange exchange, String challenge) throws java.io.IOException {
        exchange.getResponseHeaders().set("WWW-Authenticate", challenge);
        answer(exchange, 401, "");
    }

    static void answer(HttpExchange exchange, int status, String body) throws java.io.IOException {
        var bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        if (bytes.length > 0) exchange.getResponseBody().write(bytes);
        exchange.close();
    }
}
