package oidc

import (
	"encoding/base64"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"
)

func TestTokenHasGoogleShape(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	signer := NewSigner("", nil, func() time.Time { return now })
	text, err := signer.Token("a@b.iam.gserviceaccount.com", "https://run.test")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(text, ".")
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(payload, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"iss": DefaultIssuer, "aud": "https://run.test", "sub": "a@b.iam.gserviceaccount.com", "azp": "a@b.iam.gserviceaccount.com",
		"email": "a@b.iam.gserviceaccount.com", "email_verified": true, "iat": float64(now.Unix()), "exp": float64(now.Unix() + 3600),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	recorder := httptest.NewRecorder()
	signer.ServeHTTP(recorder, nil)
	keys, err := jwk.Parse(recorder.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jwt.Parse([]byte(text), jwt.WithKeySet(keys), jwt.WithValidate(false)); err != nil {
		t.Error(err)
	}
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(`{"email":"boss"}`))
	if _, err := jwt.Parse([]byte(strings.Join(parts, ".")), jwt.WithKeySet(keys), jwt.WithValidate(false)); err == nil {
		t.Error("a forged token was verified")
	}
}

func TestTokensAreReusedForAWhile(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	signer := NewSigner("", nil, func() time.Time { return now })
	token := func(audience string) string {
		t.Helper()
		text, err := signer.Token("e", audience)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	first := token("a")
	now = now.Add(reuse - time.Second)
	if token("a") != first || token("b") == first {
		t.Error("a token is reused for its own audience only")
	}
	now = now.Add(time.Second)
	if token("a") == first {
		t.Error("a token is handed out with less than half of its life left")
	}
}
