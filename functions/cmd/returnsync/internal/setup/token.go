package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gitlab.com/eshopbox-team/return-sync/functions/cmd/internal/cli"
	"gitlab.com/eshopbox-team/return-sync/functions/internal/wire"
	"gitlab.com/eshopbox-team/return-sync/shared/identity"
)

const tokenHelp = `token prints a token for an operator: for the console's page, and for programs that
call the console or the scopes function. It is signed with a private key from token
keygen; the functions have the key's public half in OPERATOR_JWKS. Signing needs no
network.

The audit log names the token's subject for every change. A token is valid until it
expires: to revoke it earlier, remove the key's public half from OPERATOR_JWKS.`

// maxToken is the longest validity of a token.
const maxToken = 12 * time.Hour

// TokenSettings is what the settings say about operators' tokens.
type TokenSettings struct {
	Key      string `env:"OPERATOR_KEY"`
	Audience string `env:"OPERATOR_JWT_AUDIENCE, default=return-sync-operators"`
	Issuer   string `env:"OPERATOR_JWT_ISSUER"`
	// Claim is the claim with the accounts of a tenant's token; an operator's has none.
	Claim string `env:"JWT_CLAIM, default=account" alias:"SEARCH_JWT_CLAIM"`
}

// tokenOptions are the flags.
type tokenOptions struct {
	subject  string
	life     time.Duration
	readOnly bool
}

// tokenCmd is the command that signs a token, with the one that makes its key.
func tokenCmd(a *cli.App) *cobra.Command {
	var o tokenOptions
	cmd := &cobra.Command{
		Use: "token", Short: "Sign a token for an operator", Long: tokenHelp, Args: cli.Args,
		Example: `  returnsync token keygen --out operator.key
  returnsync token --key operator.key --subject ann@example.com --for 8h
  returnsync token --key operator.key --subject bob@example.com --read-only`,
		RunE: a.Run(func(ctx context.Context, s *cli.Session, _ []string) error { return printToken(ctx, s, o) }),
	}
	f := cmd.Flags()
	f.StringVar(&o.subject, "subject", "", "the person the token is for, such as an e-mail address")
	f.DurationVar(&o.life, "for", time.Hour, fmt.Sprintf("how long it is valid, at most %v", maxToken))
	f.BoolVar(&o.readOnly, "read-only", false, "a token that may change nothing")
	cli.AddSettings(f, cli.OnToken)
	cmd.AddCommand(tokenKeygenCmd(a))
	return cmd
}

// printToken signs and prints a token.
func printToken(ctx context.Context, s *cli.Session, o tokenOptions) error {
	var cfg TokenSettings
	var roles identity.Roles
	if err := wire.Configure(ctx, s.Env.Lookup, &cfg, &roles); err != nil {
		return err
	}
	switch {
	case strings.TrimSpace(o.subject) == "":
		return errors.New("--subject is missing: the person the token is for, whom the audit log names")
	case o.life < time.Minute || o.life > maxToken:
		return fmt.Errorf("--for is %v; want from 1m to %v", o.life, maxToken)
	case cfg.Key == "":
		return errors.New("--key is missing: the file from returnsync token keygen (OPERATOR_KEY)")
	case roles.Claim == cfg.Claim:
		return fmt.Errorf("SCOPES_ROLE_CLAIM and JWT_CLAIM (or SEARCH_JWT_CLAIM) are both %q, so the token would be a tenant's: change one of them", cfg.Claim)
	}
	key, err := readKey(cfg.Key)
	if err != nil {
		return err
	}
	now := s.Now()
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
	_, _ = fmt.Fprintf(s.Err, "for %s, until %s UTC\n", cli.OneLine(claims.Subject), claims.Expires.UTC().Format(cli.Clock))
	_, err = fmt.Fprintln(s.Out, token)
	return err
}

// maxKey is the most bytes read of a key's file.
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
		return identity.SigningKey{}, fmt.Errorf("other users can read %s (mode %v): run chmod 600 %s, and make a new key if somebody may have read this one", path, info.Mode().Perm(), path)
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

// tokenKeygenCmd is the command that makes a key.
func tokenKeygenCmd(a *cli.App) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "keygen", Short: "Make a key that operators' tokens are signed with", Args: cli.Args,
		Long: `keygen writes a new private key into a file that only its owner can read, and prints
the key set with its public half: the value of OPERATOR_JWKS, which is no secret. With
the file anybody can sign operators' tokens.`,
		Example: "  returnsync token keygen --out operator.key",
		RunE:    a.Run(func(_ context.Context, s *cli.Session, _ []string) error { return makeKey(s, out) }),
	}
	cmd.Flags().StringVar(&out, "out", "", "the file to write; it must not exist yet")
	return cmd
}

// makeKey writes a private key and prints its public half.
func makeKey(s *cli.Session, out string) error {
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
	_, _ = fmt.Fprintf(s.Err, "the private key is in %s; the functions console and scopes accept its tokens with OPERATOR_JWKS set to:\n", out)
	_, err = fmt.Fprintf(s.Out, "%s\n", key.Public)
	return err
}
