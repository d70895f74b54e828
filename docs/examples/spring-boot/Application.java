// An API that checks authd's access tokens itself. Spring Boot 3.3 or later, with the starters "Spring Web" and "OAuth2
// Resource Server". Written from the documentation of Spring Security and Nimbus; the tests do not run it.
//
//   AUTHD_URL=https://auth.example.com AUDIENCE=https://api.example.com ./gradlew bootRun
package com.example;

import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.DefaultResourceRetriever;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.oauth2.jwt.*;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@SpringBootApplication
@RestController
public class Application {
    public static void main(String[] args) {
        SpringApplication.run(Application.class, args);
    }

    @GetMapping("/")
    Map<String, String> hello(@AuthenticationPrincipal Jwt token) {
        return Map.of("hello", token.getSubject());
    }

    @Bean
    JwtDecoder jwtDecoder(@Value("${AUTHD_URL}") String issuer, @Value("${AUDIENCE}") String audience) throws Exception {
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
        var decoder = new NimbusJwtDecoder(processor);
        decoder.setJwtValidator(new JwtTimestampValidator(Duration.ofSeconds(5))); // The default rejects at+jwt.
        return decoder;
    }
}
