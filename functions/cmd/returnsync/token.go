package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
)

const tokenHelp = `token prints a token for a person who looks after the syncs: for the console's page,
and for programs that call the console or the scopes function. It is signed with a
private key that token keygen has made, and whose public half those functions have
in OPERATOR_JWKS. Nobody else is asked, so no network is needed.

The subject stands in the audit for every change. A token cannot be called back
before it ends, except by taking the key's public half away.`

// maxToken is how long a token may hold.
const maxToken = 12 * time.Hour

// tokenSettings is what the settings say about operators' tokens.
type tokenSettings struct {
	Key      string `env:"OPERATOR_KEY"`
	Audience string `env:"OPERATOR_JWT_AUDIENCE, default=return-sync-operators"`
	Issuer   string `env:"OPERATOR_JWT_ISSUER"`
	// Claim names accounts; a token with it would be a tenant's.
	Claim string `env:"JWT_CLAIM, default=account" alias:"SEARCH_JWT_CLAIM"`
}

// tokenOptions are what the flags say.
type tokenOptions struct {
	subject  string
	life     time.Duration
	readOnly bool
}

// token is the command that signs a token, with the one that makes its key.
func (a *app) token() *cobra.Command {
	var o tokenOptions
	cmd := &cobra.Command{
		Use: "token", Short: "Sign a token for an operator", Long: tokenHelp, Args: cobra.NoArgs,
		Example: `  returnsync token keygen --out operator.key
  returnsync token --key operator.key --subject ann@example.com --for 8h
  returnsync token --key operator.key --subject bob@example.com --read-only`,
		RunE: a.run(func(ctx context.Context, s *session, _ []string) error { return s.printToken(ctx, o) }),
	}
	f := cmd.Flags()
	f.StringVar(&o.subject, "subject", "", "whom the token is for, such as an e-mail address")
	f.DurationVar(&o.life, "for", time.Hour, fmt.Sprintf("how long it holds, at most %v", maxToken))
	f.BoolVar(&o.readOnly, "read-only", false, "its bearer may look and change nothing")
	addSettings(f, onToken)
	cmd.AddCommand(a.tokenKeygen())
	return cmd
}

// printToken signs and prints a token.
func (s *session) printToken(ctx context.Context, o tokenOptions) error {
	var cfg tokenSettings
	var roles identity.Roles
	if err := wire.Configure(ctx, s.Lookup, &cfg, &roles); err != nil {
		return err
	}
	switch {
	case strings.TrimSpace(o.subject) == "":
		return errors.New("--subject is missing: whom the token is for; the audit names them")
	case o.life < time.Minute || o.life > maxToken:
		return fmt.Errorf("--for is %v; want from 1m to %v", o.life, maxToken)
	case cfg.Key == "":
		return errors.New("--key is missing: the file that returnsync token keygen has written (OPERATOR_KEY)")
	case roles.Claim == cfg.Claim:
		return fmt.Errorf("SCOPES_ROLE_CLAIM and JWT_CLAIM (or SEARCH_JWT_CLAIM) are both %q: such a token would be a tenant's", cfg.Claim)
	}
	key, err := readKey(cfg.Key)
	if err != nil {
		return err
	}
	now := s.now()
	claims := identity.OperatorClaims{
		Subject: strings.TrimSpace(o.subject), Audience: cfg.Audience, Issuer: cfg.Issuer, Roles: roles, Issued: now, Expires: now.Add(o.life),
	}
	if o.readOnly {
		claims.Roles = identity.Roles{}
	}
	token, err := key.Sign(claims)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(s.log, "for %s, until %s UTC\n", oneLine(claims.Subject), claims.Expires.UTC().Format(clock))
	_, err = fmt.Fprintln(s.out, token)
	return err
}

// maxKey is more than a key's file has bytes.
const maxKey = 64 << 10

// readKey reads a private key that only its owner can read.
func readKey(path string) (identity.SigningKey, error) {
	f, err := os.Open(path)
	if err != nil {
		return identity.SigningKey{}, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	switch {
	case err != nil:
		return identity.SigningKey{}, err
	case info.Mode().Perm()&0o077 != 0:
		return identity.SigningKey{}, fmt.Errorf("others can read %s (mode %v): run chmod 600 %s, and make a new key if somebody may have read it", path, info.Mode().Perm(), path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKey))
	if err != nil {
		return identity.SigningKey{}, err
	}
	key, err := identity.ParseSigningKey(text)
	if err != nil {
		return key, fmt.Errorf("%s: %w: make one with returnsync token keygen", path, err)
	}
	return key, nil
}

// tokenKeygen is the command that makes a key.
func (a *app) tokenKeygen() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "keygen", Short: "Make a key that operators' tokens are signed with", Args: cobra.NoArgs,
		Long: `keygen writes a new private key into a file that only its owner can read, and prints
the key set with its public half: the value of OPERATOR_JWKS, which is no secret.
Whoever has the file can make operators.`,
		Example: "  returnsync token keygen --out operator.key",
		RunE:    a.run(func(_ context.Context, s *session, _ []string) error { return s.makeKey(out) }),
	}
	cmd.Flags().StringVar(&out, "out", "", "the file to write; it must not be there yet")
	return cmd
}

// makeKey writes a private key and prints its public half.
func (s *session) makeKey(out string) error {
	if out == "" {
		return errors.New("--out is missing: the file for the private key")
	}
	key, err := identity.NewSigningKey()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(key.Private, '\n'))
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(s.log, "the private key is in %s; the functions console and scopes take its tokens with OPERATOR_JWKS set to:\n", out)
	_, err = fmt.Fprintf(s.out, "%s\n", key.Public)
	return err
}
