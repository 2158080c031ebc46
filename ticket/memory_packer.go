package ticket

import (
	"bytes"
	"encoding/binary"
	"time"
)

// packer writes a record into one string and reads it back: the form in which the memory Store keeps records. A packed record shares nothing with the caller's,
// cannot change, is a third of the size of the struct, and costs one allocation; what is read back points into it. One method serves both ways, a line for
// each field, so that the two cannot differ; a new field of a record needs a line here (a test tells). Times keep their instant and come back as UTC.
type packer struct {
	buf     []byte // when writing
	record  string // when reading: all of it
	src     string // when reading: what is left
	reading bool
}

func unpacker(record string) packer { return packer{record: record, src: record, reading: true} }

func (p *packer) uint() uint64 {
	var v uint64
	for shift := 0; ; shift += 7 {
		b := p.src[0]
		p.src = p.src[1:]
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
}

func (p *packer) putUint(v uint64) { p.buf = binary.AppendUvarint(p.buf, v) }

// packKey packs a text that is a part of a key: the same text always gives the same bytes.
func packKey[S ~string](p *packer, s *S) {
	if p.reading {
		n := p.uint() >> 1
		*s, p.src = S(p.src[:n]), p.src[n:]
		return
	}
	p.putUint(uint64(len(*s)) << 1)
	p.buf = append(p.buf, *s...)
}

// packText packs a text; one that occurs earlier in the record, as keys of accounts and authors do again and again, as a reference to there. The lowest bit of
// the length tells.
func packText[S ~string](p *packer, s *S) {
	if p.reading {
		if n := p.uint(); n&1 == 0 {
			*s, p.src = S(p.src[:n>>1]), p.src[n>>1:]
		} else {
			from := p.uint()
			*s = S(p.record[from : from+n>>1])
		}
		return
	}
	if n := len(*s); n >= shortText && n <= longText {
		end := len(p.buf)
		p.buf = append(p.buf, *s...) // at the end for a moment, which spares a copy
		from := bytes.Index(p.buf[:end], p.buf[end:])
		if p.buf = p.buf[:end]; from >= 0 {
			p.putUint(uint64(n)<<1 | 1)
			p.putUint(uint64(from))
			return
		}
	}
	packKey(p, s)
}

// Texts shorter than these cost no more than a reference, longer ones are hardly ever repeated.
const shortText, longText = 5, 256

func packBytes[B ~[]byte](p *packer, b *B) {
	if p.reading {
		if n := p.uint(); n > 0 {
			*b, p.src = B(p.src[:n]), p.src[n:]
		}
		return
	}
	p.putUint(uint64(len(*b)))
	p.buf = append(p.buf, *b...)
}

func packInt[I ~int | ~int8 | ~uint8 | ~int32 | ~int64](p *packer, i *I) {
	if p.reading {
		u := p.uint()
		*i = I(int64(u>>1) ^ -int64(u&1))
		return
	}
	v := int64(*i)
	p.putUint(uint64(v<<1) ^ uint64(v>>63))
}

func packList[T any](p *packer, list *[]T, each func(*packer, *T)) {
	if !p.reading {
		p.putUint(uint64(len(*list)))
	} else if n := p.uint(); n > 0 {
		*list = make([]T, n)
	}
	for i := range *list {
		each(p, &(*list)[i])
	}
}

// maybe says whether an optional part is there; the caller packs it when so.
func (p *packer) maybe(there bool) bool {
	p.bool(&there)
	return there
}

func (p *packer) bool(b *bool) {
	if p.reading {
		*b, p.src = p.src[0] == 1, p.src[1:]
		return
	}
	if *b {
		p.buf = append(p.buf, 1)
	} else {
		p.buf = append(p.buf, 0)
	}
}

func (p *packer) time(t *time.Time) {
	if p.reading {
		*t = p.instant().time()
		return
	}
	at := instantOf(*t)
	packInt(p, &at.seconds)
	if at.seconds != 0 {
		packInt(p, &at.nanos)
	}
}

// instant reads a time.
func (p *packer) instant() (at instant) {
	packInt(p, &at.seconds)
	if at.seconds != 0 {
		packInt(p, &at.nanos)
	}
	return at
}

// instant is a time.Time without its location, in two thirds of the space. The zero instant is the zero time.
type instant struct {
	seconds int64 // since year 1, so that the zero time is the zero value
	nanos   int32
}

const unixToYearOne = 62135596800

func instantOf(t time.Time) instant {
	return instant{t.Unix() + unixToYearOne, int32(t.Nanosecond())}
}

func (a instant) time() time.Time {
	if a == (instant{}) {
		return time.Time{}
	}
	return time.Unix(a.seconds-unixToYearOne, int64(a.nanos)).UTC()
}

func (a instant) compare(b instant) int {
	switch {
	case a.seconds != b.seconds:
		return order(a.seconds < b.seconds)
	case a.nanos != b.nanos:
		return order(a.nanos < b.nanos)
	}
	return 0
}

func order(before bool) int {
	if before {
		return -1
	}
	return 1
}
