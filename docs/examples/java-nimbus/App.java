// An API that checks authd's access tokens itself. Needs nimbus-jose-jwt 9.28, and Java 17, or later. Written from the
// documentation of Nimbus; the tests do not run it.
//
//   AUTHD_URL=https://auth.example.com AUDIENCE=https://api.example.com PORT=4000 java -cp nimbus-jose-jwt.jar App.java
import com.nimbusds.jose.*;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.*;
import com.nimbusds.jose.util.DefaultResourceRetriever;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.*;
import com.sun.net.httpserver.*;
import java.net.*;
import java.util.Set;
import java.util.concurrent.Executors;

public class App {
    public static void main(String[] args) throws Exception {
        var processor = processor(System.getenv("AUTHD_URL"), System.getenv("AUDIENCE"));
        var port = Integer.parseInt(System.getenv().getOrDefault("PORT", "4000"));
        var server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.createContext("/", exchange -> {
            var header = String.valueOf(exchange.getRequestHeaders().getFirst("Authorization"));
            if (!header.regionMatches(true, 0, "Bearer ", 0, 7)) {
                refuse(exchange, 401, "WWW-Authenticate", "Bearer");
                return;
            }
            try {
                var claims = processor.process(header.substring(7), null);
                var hello = ("{\"hello\":\"" + claims.getSubject() + "\"}").getBytes();
                exchange.sendResponseHeaders(200, hello.length);
                exchange.getResponseBody().write(hello);
                exchange.close();
            } catch (KeySourceException outage) {
                refuse(exchange, 503, "Retry-After", "10"); // Without keys, no token can be judged.
            } catch (java.text.ParseException | BadJOSEException | JOSEException refused) {
                refuse(exchange, 401, "WWW-Authenticate", "Bearer error=\"invalid_token\"");
            }
        });
        server.setExecutor(Executors.newFixedThreadPool(16));
        server.start();
    }

    static JWTProcessor<SecurityContext> processor(String issuer, String audience) throws Exception {
        // Keys are read every 5 minutes and for an unknown key, and stay for an hour while authd is away.
        var url = URI.create(issuer + "/.well-known/jwks.json").toURL();
        var keys = JWKSourceBuilder.<SecurityContext>create(url, new DefaultResourceRetriever(5000, 5000))
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

    static void refuse(HttpExchange exchange, int status, String header, String value) throws java.io.IOException {
        exchange.getResponseHeaders().set(header, value);
        exchange.sendResponseHeaders(status, -1);
        exchange.close();
    }
}
