package jsonscan

// Leaf receives one scalar of a record: path is the dotted name of the
// attribute that holds it (array positions leave no trace in it), value its
// JSON text. Both are valid only during the call.
type Leaf func(path, value []byte)

// Walk calls leaf for every scalar inside a compact value, in document order.
// Nested objects extend the path with a dot, arrays are walked element by
// element under the path of the array itself.
func Walk(value []byte, leaf Leaf) {
	w := walker{leaf: leaf, path: make([]byte, 0, 64)}
	w.value(value)
}

type walker struct {
	leaf Leaf
	path []byte
}

// value visits the value at the start of text and returns its length.
func (w *walker) value(text []byte) int {
	switch text[0] {
	case '{':
		return w.object(text)
	case '[':
		return w.array(text)
	}
	n := skip(text)
	w.leaf(w.path, text[:n])
	return n
}

func (w *walker) object(text []byte) int {
	pos, depth := 1, len(w.path)
	for text[pos] == '"' {
		end := pos + skipText(text[pos:])
		if depth > 0 {
			w.path = append(w.path, '.')
		}
		w.path = appendText(w.path, text[pos:end])
		pos = end + 1
		pos += w.value(text[pos:])
		w.path = w.path[:depth]
		if text[pos] != ',' {
			break
		}
		pos++
	}
	return pos + 1
}

func (w *walker) array(text []byte) int {
	pos := 1
	for text[pos] != ']' {
		pos += w.value(text[pos:])
		if text[pos] == ',' {
			pos++
		}
	}
	return pos + 1
}

func appendText(dst, quoted []byte) []byte {
	inner := quoted[1 : len(quoted)-1]
	for _, b := range inner {
		if b == '\\' {
			return append(dst, Text(quoted)...)
		}
	}
	return append(dst, inner...)
}
