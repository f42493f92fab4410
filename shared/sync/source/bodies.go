package source

// Bodies lie one behind the other in chunks of chunkSize bytes. A new chunk is begun
// while the old one still has room for a typical body, because a body that outgrows its
// chunk is copied into memory of its own.
const (
	chunkSize = 64 << 10
	roomy     = 4 << 10
)

// chunks are those that were freed. A first sync fills as many bytes as all its records
// have: more than a third of the memory that it would otherwise leave to be collected. A
// sync.Pool would lose them to each collection of garbage, of which they are then a part.
var chunks = make(chan *[chunkSize]byte, maxFree)

// maxFree bounds what is kept, which is 10 MiB: what seven pages of usual records hold.
const maxFree = 160

// Bodies is the memory of bodies. It is for one goroutine.
type Bodies struct {
	used []*[chunkSize]byte
	rest []byte // of the last chunk, as an empty slice
}

// Room returns an empty slice to append a body to.
func (b *Bodies) Room() []byte {
	if cap(b.rest) < roomy {
		var c *[chunkSize]byte
		select {
		case c = <-chunks:
		default:
			c = new([chunkSize]byte)
		}
		b.used = append(b.used, c)
		b.rest = c[:0]
	}
	return b.rest
}

// Keep returns the body that was appended to Room's slice, so that the next Room lies
// behind the body. A caller that drops the body does not call Keep.
func (b *Bodies) Keep(body []byte) []byte {
	if cap(body) == cap(b.rest) { // it fits into the chunk
		b.rest = body[len(body):]
	}
	return body[:len(body):len(body)]
}

// Free gives the memory to other bodies. From then on nobody may read a body, not even a
// request that is still being sent. Memory that is not freed is garbage as usual.
func (b *Bodies) Free() {
	if b == nil {
		return
	}
	for _, c := range b.used {
		select {
		case chunks <- c:
		default:
		}
	}
	*b = Bodies{}
}
