package mssql

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"gitlab.com/eshopbox-team/return-sync/shared/emulator/mssql/internal/tds"
)

// executes begins a batch that calls sp_executesql by hand, as people do who have no
// driver with parameters.
const executes = "exec sp_executesql"

// batch makes a call of a batch: of sp_executesql with literals, or of the text as it is.
func batch(text string) (tds.Call, error) {
	rest := strings.TrimSpace(text)
	call := tds.Call{Name: "sp_executesql"}
	if len(rest) < len(executes) || !strings.EqualFold(rest[:len(executes)], executes) {
		call.Params = []tds.Param{{Value: text}}
		return call, nil
	}
	rest = rest[len(executes):]
	for {
		p, after, err := argument(rest)
		if err != nil {
			return call, err
		}
		if call.Params = append(call.Params, p); len(call.Params) > 200 {
			return call, errors.New("too many arguments")
		}
		rest = strings.TrimSpace(after)
		if rest == "" || rest == ";" {
			return call, nil
		}
		if rest[0] != ',' {
			return call, fmt.Errorf("a comma is expected before %.20q", rest)
		}
		rest = rest[1:]
	}
}

// argument reads one argument: a literal, with or without a name.
func argument(text string) (p tds.Param, rest string, err error) {
	rest = strings.TrimSpace(text)
	if strings.HasPrefix(rest, "@") {
		name, after, ok := strings.Cut(rest, "=")
		if !ok {
			return p, rest, errors.New("a name has no value")
		}
		p.Name, rest = strings.TrimSpace(name), strings.TrimSpace(after)
	}
	switch {
	case strings.HasPrefix(rest, "N'"), strings.HasPrefix(rest, "'"):
		return quoted(p, strings.TrimPrefix(rest, "N"))
	case len(rest) >= 4 && strings.EqualFold(rest[:4], "null"):
		p.Type = tds.Type{Kind: tds.NVarChar, Length: 1}
		return p, rest[4:], nil
	}
	return number(p, rest)
}

// quoted reads a text in quotes, in which two stand for one.
func quoted(p tds.Param, text string) (tds.Param, string, error) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] != '\'':
			b.WriteByte(text[i])
		case i+1 < len(text) && text[i+1] == '\'':
			b.WriteByte('\'')
			i++
		default:
			p.Type, p.Value = tds.Type{Kind: tds.NVarChar, Length: tds.Max}, b.String()
			return p, text[i+1:], nil
		}
	}
	return p, "", errors.New("a text has no closing quote")
}

// number reads a whole or decimal number.
func number(p tds.Param, text string) (tds.Param, string, error) {
	end := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsDigit(r) && r != '-' && r != '.' })
	if end < 0 {
		end = len(text)
	}
	if end == 0 || end > 40 {
		return p, text, fmt.Errorf("%.20q is no literal that is emulated", text)
	}
	// The declared type reads the digits.
	p.Type, p.Value = tds.Type{Kind: tds.NVarChar, Length: 40}, text[:end]
	return p, text[end:], nil
}

// declarations reads the names and types of a statement's parameters, such as
// "@id bigint, @Name nvarchar(200)".
func declarations(text string) (names []string, types []tds.Type, err error) {
	depth, start := 0, 0
	flush := func(part string) {
		part = strings.TrimSpace(part)
		name, declared, ok := strings.Cut(part, " ")
		declared = strings.TrimSuffix(strings.TrimSpace(declared), " output")
		t, bad := tds.ParseType(declared)
		if !ok || !strings.HasPrefix(name, "@") || len(name) < 2 {
			bad = fmt.Errorf("%q declares no parameter", part)
		}
		if bad != nil && err == nil {
			err = bad
		}
		names, types = append(names, name), append(types, t)
	}
	if strings.TrimSpace(text) == "" {
		return nil, nil, nil
	}
	for i, r := range text {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == ',' && depth == 0:
			flush(text[start:i])
			start = i + 1
		}
	}
	flush(text[start:])
	return names, types, err
}
