package wire

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/sethvargo/go-envconfig"
)

// Configure fills the structs from env and returns one error that lists every
// problem: by name, and without values, because a value may be a secret.
//
// A field's tag alias:"OLD_NAME" keeps a setting's old name working beside the name
// in its tag env. Both may be set to the same value; two values are an error.
func Configure(ctx context.Context, env envconfig.Lookuper, targets ...any) error {
	var problems []error
	for _, target := range targets {
		problems = append(problems, configureStruct(ctx, env, reflect.ValueOf(target).Elem()))
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("the configuration is not complete:\n%w", err)
	}
	return nil
}

// configureStruct reads a struct's fields and those of the structs that it embeds.
func configureStruct(ctx context.Context, env envconfig.Lookuper, v reflect.Value) error {
	var problems []error
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.Anonymous && f.Type.Kind() == reflect.Struct {
			problems = append(problems, configureStruct(ctx, env, v.Field(i)))
		} else {
			problems = append(problems, configureField(ctx, env, f, v.Field(i)))
		}
	}
	return errors.Join(problems...)
}

// configureField reads one field alone, so that one error does not hide the next.
func configureField(ctx context.Context, env envconfig.Lookuper, f reflect.StructField, into reflect.Value) error {
	name, options, _ := strings.Cut(f.Tag.Get("env"), ",")
	if name == "" {
		return nil
	}
	env, err := aliased(env, name, f.Tag.Get("alias"))
	if err != nil {
		return err
	}
	// A variable that is set but empty is a placeholder that nobody filled.
	if value, _ := env.Lookup(name); value == "" && strings.Contains(options, "required") {
		return fmt.Errorf("  %s is missing", name)
	}
	alone := reflect.New(reflect.StructOf([]reflect.StructField{f}))
	err = envconfig.ProcessWith(ctx, &envconfig.Config{Target: alone.Interface(), Lookuper: env})
	if err != nil {
		kind := f.Type.Kind().String()
		if f.Type == reflect.TypeFor[time.Duration]() {
			kind = "duration"
		}
		return fmt.Errorf("  %s cannot be read: want %s", name, cmp.Or(Takes(kind), "what returnsync help config says"))
	}
	into.Set(alone.Elem().Field(0))
	return nil
}

// Takes says what a value of a kind may be, by the kind's name as a flag or package reflect
// writes it; empty where the name does not say it.
func Takes(kind string) string {
	switch {
	case kind == "duration":
		return "a duration such as 24h, 30m or 90s"
	case kind == "bool":
		return "true or false"
	case strings.HasPrefix(kind, "float"):
		return "a number"
	case strings.HasPrefix(kind, "int"), strings.HasPrefix(kind, "uint"), kind == "count":
		return "a whole number"
	}
	return ""
}

// aliased returns a lookuper that knows a setting by its old name too.
func aliased(env envconfig.Lookuper, name, alias string) (envconfig.Lookuper, error) {
	if alias == "" {
		return env, nil
	}
	value, _ := env.Lookup(name)
	old, _ := env.Lookup(alias)
	switch {
	case old == "" || value == old:
		return env, nil
	case value != "":
		return nil, fmt.Errorf("  %s and %s have different values: %s is the old name of %s, set one of them", name, alias, alias, name)
	}
	return envconfig.MapLookuper(map[string]string{name: old}), nil
}
