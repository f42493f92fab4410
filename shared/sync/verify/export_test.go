package verify

// HoldNames has a verifier hold fewer names at once, as in a large index.
func (v *Verifier) HoldNames(n uint64) { v.names = n }
