package verify

// HoldNames lowers a verifier's number of names held at once, as for a large index.
func (v *Verifier) HoldNames(n uint64) { v.names = n }
