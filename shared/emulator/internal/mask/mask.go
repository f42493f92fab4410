// Package mask applies field masks of update calls.
package mask

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Apply copies from src to dst, both of one type, what the paths name. No
// paths means every writable field. A path below a field that is not writable
// is ignored, as the APIs document for output-only fields; a path that the
// message does not have is an error.
func Apply(dst, src proto.Message, paths, writable []string) error {
	if len(paths) == 0 {
		paths = writable
	}
	for _, path := range paths {
		segments := strings.Split(path, ".")
		if err := copyField(dst.ProtoReflect(), src.ProtoReflect(), segments, slices.Contains(writable, segments[0])); err != nil {
			return fmt.Errorf("update_mask %q: %w", path, err)
		}
	}
	return nil
}

func copyField(dst, src protoreflect.Message, segments []string, write bool) error {
	field := dst.Descriptor().Fields().ByName(protoreflect.Name(segments[0]))
	if field == nil {
		return fmt.Errorf("%s has no field %q", dst.Descriptor().Name(), segments[0])
	}
	if len(segments) > 1 {
		if field.Message() == nil || field.IsMap() || field.IsList() {
			return fmt.Errorf("%q has no fields of its own", segments[0])
		}
		if !write {
			return nil
		}
		return copyField(dst.Mutable(field).Message(), src.Get(field).Message(), segments[1:], write)
	}
	switch {
	case !write:
	case src.Has(field):
		dst.Set(field, src.Get(field))
	default:
		dst.Clear(field)
	}
	return nil
}
