package wire

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/sethvargo/go-envconfig"
)

// Configure fills the structs from the environment (or another lookup) and returns all
// problems at once: by name, and without values, because a value may be a secret.
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
	// A variable that is set but empty is a placeholder without a value.
	if value, _ := env.Lookup(name); value == "" && strings.Contains(options, "required") {
		return fmt.Errorf("  %s is missing", name)
	}
	alone := reflect.New(reflect.StructOf([]reflect.StructField{f}))
	err := envconfig.ProcessWith(ctx, &envconfig.Config{Target: alone.Interface(), Lookuper: env})
	if err != nil {
		return fmt.Errorf("  %s cannot be read as %s", name, f.Type)
	}
	into.Set(alone.Elem().Field(0))
	return nil
}
