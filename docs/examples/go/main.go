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

// keySet holds authd's public keys. go-oidc keeps them during an outage, but never drops a removed key.
type keySet struct{ current atomic.Value }

func (k *keySet) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	return k.current.Load().(oidc.KeySet).VerifySignature(ctx, token)
}

// renewEvery5Minutes starts with an empty set, unless authd is away.
func (k *keySet) renewEvery5Minutes(url string) {
	for range time.Tick(5 * time.Minute) {
		if answer, err := http.Head(url); err == nil && answer.StatusCode == http.StatusOK {
			k.current.Store(oidc.NewRemoteKeySet(context.Background(), url))
		}
	}
}

func main() {
	issuer, keys := os.Getenv("AUTHD_URL"), &keySet{}
	keys.current.Store(oidc.NewRemoteKeySet(context.Background(), issuer+"/.well-known/jwks.json"))
	go keys.renewEvery5Minutes(issuer + "/.well-known/jwks.json")
	verifier := oidc.NewVerifier(issuer, keys, &oidc.Config{
		ClientID:             os.Getenv("AUDIENCE"), // What go-oidc calls the client is the audience.
		SupportedSigningAlgs: []string{"ES256"},     // By default, go-oidc accepts only RS256.
		Now:                  func() time.Time { return time.Now().Add(-5 * time.Second) },
	})
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		claims, err := verifier.Verify(r.Context(), token)
		if err != nil && strings.Contains(err.Error(), "fetching keys") {
			w.WriteHeader(http.StatusServiceUnavailable) // Without keys, no token can be judged.
		} else if err != nil {
			w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			w.WriteHeader(http.StatusUnauthorized)
		} else {
			fmt.Fprintf(w, `{"hello":%q}`, claims.Subject)
		}
	})
	listener, _ := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	fmt.Println("listening on", listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, nil)
}
