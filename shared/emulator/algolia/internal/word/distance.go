package word

// Distance measures typing mistakes against one query word: an insertion, a
// deletion, a substitution or a swap of two neighbours is one mistake.
//
// It works a byte at a time down a candidate, so that candidates that share a
// beginning share the work: the state after n bytes is row n. Not safe for
// concurrent use. A letter outside ASCII takes several bytes, so that a mistake
// in it may count more than once.
type Distance struct {
	query string
	limit int
	rows  [][]uint8
	text  []byte
}

// NewDistance prepares for candidates at most limit mistakes away from query.
func NewDistance(query string, limit int) *Distance {
	d := &Distance{query: query, limit: limit, text: make([]byte, MaxLen+8)}
	first := make([]uint8, len(query)+1)
	for i := range first {
		first[i] = uint8(min(i, 200))
	}
	d.rows = append(d.rows, first)
	return d
}

// Step extends the candidate's first n bytes with b and returns the least
// distance that any continuation can still reach. Steps of a candidate are made
// in order; going back to a smaller n starts another branch.
func (d *Distance) Step(n int, b byte) int {
	if n+1 >= len(d.rows) {
		d.rows = append(d.rows, make([]uint8, len(d.query)+1))
	}
	prev, row := d.rows[n], d.rows[n+1]
	d.text[n] = b
	row[0] = uint8(n + 1)
	low := row[0]
	for j := 1; j <= len(d.query); j++ {
		cost := uint8(1)
		if d.query[j-1] == b {
			cost = 0
		}
		v := min(prev[j-1]+cost, prev[j]+1, row[j-1]+1)
		if n > 0 && j > 1 && d.query[j-1] == d.text[n-1] && d.query[j-2] == b {
			v = min(v, d.rows[n-1][j-2]+1)
		}
		row[j] = v
		low = min(low, v)
	}
	return int(low)
}

// At returns the distance between the query and the candidate's first n bytes.
func (d *Distance) At(n int) int { return int(d.rows[n][len(d.query)]) }

// Of compares a whole candidate. With prefix set the candidate may be longer
// than the query: the best of its beginnings counts, and length is how many of
// its bytes were matched. ok is false beyond the limit.
func (d *Distance) Of(candidate string, prefix bool) (mistakes, length int, ok bool) {
	if len(candidate) > MaxLen {
		candidate = candidate[:MaxLen]
	}
	mistakes, length = d.At(0), 0
	for n := range len(candidate) {
		if d.Step(n, candidate[n]) > d.limit {
			if !prefix {
				return 0, 0, false
			}
			break
		}
		if at := d.At(n + 1); at <= mistakes {
			mistakes, length = at, n+1
		}
	}
	if !prefix {
		mistakes, length = d.At(len(candidate)), len(candidate)
	}
	return mistakes, length, mistakes <= d.limit
}
