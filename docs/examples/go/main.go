// An API that checks authd's access tokens itself.
//
//	go mod init example && go get github.com/coreos/go-oidc/v3/oidc
//	AUTHD_URL=https://auth.example.com AUDIENCE=https://api.example.com PORT=4000 go run main.go
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

var issuer, client = os.Getenv("AUTHD_URL"), &http.Client{Timeout: 5 * time.Second}
var verifier atomic.Pointer[oidc.IDTokenVerifier]

// renew forgets all keys, because go-oidc never drops a removed one. The next token downloads them.
func renew() {
	keys := oidc.NewRemoteKeySet(oidc.ClientContext(context.Background(), client), issuer+"/.well-known/jwks.json")
	verifier.Store(oidc.NewVerifier(issuer, keys, &oidc.Config{
		ClientID:             os.Getenv("AUDIENCE"), // What go-oidc calls the client is the audience.
		SupportedSigningAlgs: []string{"ES256"},     // By default, go-oidc accepts only RS256.
		Now:                  func() time.Time { return time.Now().Add(-5 * time.Second) },
	}))
}

func hello(w http.ResponseWriter, r *http.Request) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	claims, err := verifier.Load().Verify(r.Context(), token)
	if !strings.EqualFold(scheme, "Bearer") {
		refuse(w, http.StatusUnauthorized, "WWW-Authenticate", "Bearer")
	} else if err == nil {
		fmt.Fprintf(w, `{"hello":%q}`, claims.Subject)
	} else if strings.Contains(err.Error(), "fetching keys") { // Without keys, no token can be judged.
		refuse(w, http.StatusServiceUnavailable, "Retry-After", "10")
	} else {
		refuse(w, http.StatusUnauthorized, "WWW-Authenticate", `Bearer error="invalid_token"`)
	}
}

func refuse(w http.ResponseWriter, status int, header, value string) {
	w.Header().Set(header, value)
	w.WriteHeader(status)
}

func main() {
	renew()
	go func() {
		for range time.Tick(5 * time.Minute) { // The keys stay while authd is away.
			if answer, err := client.Head(issuer + "/.well-known/jwks.json"); err == nil && answer.StatusCode == 200 {
				renew()
			}
		}
	}()
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		panic(err)
	}
	fmt.Println("listening on", listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, http.HandlerFunc(hello))
}
