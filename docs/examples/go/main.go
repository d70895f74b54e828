// An API that checks authd's access tokens itself. Needs Go 1.19, or the later version that your go-oidc names in go.mod.
//
//	go mod init example && go get github.com/coreos/go-oidc/v3/oidc
//	AUTHD_URL=https://auth.example.com AUDIENCE=https://api.example.com PORT=4000 go run main.go
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

var issuer, verifier = os.Getenv("AUTHD_URL"), new(atomic.Pointer[oidc.IDTokenVerifier])

// static is the key set for go-oidc, which would otherwise ask authd for each forged token, and never drop a removed key.
type static []byte

func (body static) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Body: io.NopCloser(bytes.NewReader(body))}, nil
}

// renew downloads the keys every minute. If authd does not answer, the last ones stay.
func renew() {
	defer time.AfterFunc(time.Minute, renew)
	if answer, err := (&http.Client{Timeout: 5 * time.Second}).Get(issuer + "/.well-known/jwks.json"); err == nil {
		defer answer.Body.Close()
		if keys, err := io.ReadAll(answer.Body); err == nil && answer.StatusCode == 200 {
			ctx := oidc.ClientContext(context.Background(), &http.Client{Transport: static(keys)})
			config := oidc.Config{ClientID: os.Getenv("AUDIENCE"), SupportedSigningAlgs: []string{"ES256"}}
			config.Now = func() time.Time { return time.Now().Add(-5 * time.Second) }
			verifier.Store(oidc.NewVerifier(issuer, oidc.NewRemoteKeySet(ctx, issuer), &config))
		}
	}
}

func hello(w http.ResponseWriter, r *http.Request) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if current := verifier.Load(); current == nil {
		w.WriteHeader(503) // Without keys, no token can be judged.
	} else if !strings.EqualFold(scheme, "Bearer") {
		w.Header().Set("WWW-Authenticate", "Bearer")
		w.WriteHeader(401)
	} else if claims, err := current.Verify(r.Context(), token); err != nil {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		w.WriteHeader(401)
	} else {
		fmt.Fprintf(w, `{"hello":%q}`, claims.Subject)
	}
}

func main() {
	renew()
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		panic(err)
	}
	fmt.Println("listening on", listener.Addr().(*net.TCPAddr).Port)
	http.Serve(listener, http.HandlerFunc(hello))
}
