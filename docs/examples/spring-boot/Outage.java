// Answers 503 while there are no keys, because no token can be judged then. Spring Boot's own answer is 500. Written from
// the documentation of Spring Security; the tests do not run it.
package com.example;

import jakarta.servlet.*;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.core.annotation.Order;
import org.springframework.security.authentication.AuthenticationServiceException;
import org.springframework.stereotype.Component;

@Component
@Order(-200) // Before the filters of Spring Security, which have -100.
class Outage implements Filter {
    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain next)
        throws IOException, ServletException {
        try {
            next.doFilter(request, response);
        } catch (AuthenticationServiceException away) {
            ((HttpServletResponse) response).setHeader("Retry-After", "10");
            ((HttpServletResponse) response).setStatus(503);
        }
    }
}
