package archive

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// plainRow and plainPlace say the rules again, slowly.
type plainRow struct{ id, parent, brand string }

func plainPlace(rows []plainRow, id string) (place, bool) {
	byID := make(map[string]plainRow)
	var first []plainRow // of each ID
	for _, r := range rows {
		if _, again := byID[r.id]; !again {
			if r.parent == r.id {
				r.parent = ""
			}
			byID[r.id] = r
			first = append(first, r)
		}
	}
	named := make(map[string]int) // in the order in which the file names them
	for _, r := range rows {
		for _, id := range []string{r.id, r.parent} {
			if _, ok := named[id]; !ok && id != "" {
				named[id] = len(named)
			}
		}
	}
	root := func(id string) string {
		seen := map[string]bool{}
		for byID[id].parent != "" && !seen[id] {
			seen[id] = true
			id = byID[id].parent
		}
		if byID[id].parent == "" {
			return id
		}
		earliest := id // a ring
		for at := byID[id].parent; at != id; at = byID[at].parent {
			if named[at] < named[earliest] {
				earliest = at
			}
		}
		return earliest
	}
	r, ok := byID[id]
	if !ok {
		return place{}, false
	}
	p := place{thread: root(id)}
	candidates := []string{r.brand, byID[r.parent].brand}
	for _, other := range first {
		if other.parent == id {
			candidates = append(candidates, other.brand)
		}
	}
	for _, other := range first {
		if root(other.id) == p.thread {
			candidates = append(candidates, other.brand)
		}
	}
	for _, c := range candidates {
		if c != "" {
			p.account = c
			break
		}
	}
	return p, true
}

func TestTreesFollowTheRules(t *testing.T) {
	t.Parallel()
	id := rapid.SampledFrom([]string{"1", "2", "3", "4", "5", "6", "7", "x", "07", "18446744073709551615"})
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) plainRow {
			return plainRow{
				id.Draw(t, "id"), rapid.OneOf(id, rapid.Just("")).Draw(t, "parent"),
				rapid.SampledFrom([]string{"", "", "A", "B"}).Draw(t, "brand"),
			}
		}), 0, 12).Draw(t, "rows")
		trees := newTrees()
		for _, r := range rows {
			trees.add(r.id, r.parent, r.brand)
		}
		trees.finish()
		for _, id := range []string{"1", "2", "3", "4", "5", "6", "7", "x", "07", "18446744073709551615", "unheard of"} {
			want, known := plainPlace(rows, id)
			got, ok := trees.place(id)
			if ok != known || ok && got != want {
				t.Errorf("place(%s) = %v, %t; want %v, %t", id, got, ok, want, known)
			}
		}
	})
}

func TestLongChainOfAnswers(t *testing.T) {
	t.Parallel()
	const n = 200_000
	trees := newTrees()
	for i := n; i > 0; i-- { // answers come first
		parent := ""
		if i > 1 {
			parent = strconv.Itoa(i - 1)
		}
		brand := ""
		if i == 3 {
			brand = "Brand"
		}
		trees.add(strconv.Itoa(i), parent, brand)
	}
	trees.finish()
	got, _ := trees.place(strconv.Itoa(n))
	if want := (place{"1", "Brand"}); got != want {
		t.Errorf("the last of the chain is at %v, want %v", got, want)
	}
}

// writeTWCS makes an archive of n rows: conversations of four messages, each after its answer, as in the original.
func writeTWCS(tb testing.TB, n int) string {
	path := filepath.Join(tb.TempDir(), "twcs.csv")
	f, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	fmt.Fprintln(f, "tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id")
	for i := 1; i <= n; i++ {
		author, inbound, parent := strconv.Itoa(100000+i/4), "True", strconv.Itoa(i+1)
		if i%2 == 1 {
			author, inbound = "Brand"+strconv.Itoa(i/4%100), "False"
		}
		if i%4 == 0 {
			parent = ""
		}
		fmt.Fprintf(f, "%d,%s,%s,Tue Oct 31 22:%02d:%02d +0000 2017,\"@Brand%d my parcel is late &amp; wet, for the second time #fail\",%d,%s\n",
			i, author, inbound, i/60%60, i%60, i/4%100, max(i-1, 1), parent)
	}
	return path
}

// heap is how much memory is in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// size is how much memory the nodes and the table take.
func (t *trees) size() int {
	return len(t.chunks)*chunkSize*int(unsafe.Sizeof(node{})) + len(t.slots)*int(unsafe.Sizeof(t.slots[0]))
}

func TestMemoryGrowsByIDsOnly(t *testing.T) { // not parallel: it measures the heap
	const rows = 300_000
	path := writeTWCS(t, rows)
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	before := heap()
	n, most := 0, int64(0)
	for e, err := range ReadFile(path, TWCS) {
		if err != nil {
			t.Fatal(err)
		}
		if want := strconv.Itoa((n/4 + 1) * 4); e.Message.Thread != want {
			t.Fatalf("row %d is in thread %s, want %s", n+1, e.Message.Thread, want)
		}
		if n++; n%(rows/4) == 0 {
			most = max(most, heap()-before)
		}
	}
	if n != rows {
		t.Errorf("%d events, want %d", n, rows)
	}
	t.Logf("%d rows of %d bytes: at most %d bytes of memory, %.1f a row", rows, info.Size(), most, float64(most)/rows)
	if limit := int64(rows*48 + 2<<20); most > limit {
		t.Errorf("reading took %d bytes of memory, want at most %d", most, limit)
	}
}

func BenchmarkTrees(b *testing.B) {
	const rows = 300_000
	path := writeTWCS(b, rows)
	b.ReportAllocs()
	size := 0
	for b.Loop() {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		t, err := readTrees(f, path)
		if err != nil {
			b.Fatal(err)
		}
		size = t.size()
		f.Close()
	}
	b.ReportMetric(float64(size)/rows, "index-B/row")
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkRead(b *testing.B) {
	const rows = 300_000
	twcs := writeTWCS(b, rows)
	lines := filepath.Join(b.TempDir(), "events.jsonl")
	f, err := os.Create(lines)
	if err != nil {
		b.Fatal(err)
	}
	w, n := NewWriter(f), 0
	for e, err := range ReadFile(twcs, TWCS) {
		if n++; err != nil || n > rows/10 {
			break
		}
		if err := w.Write(e); err != nil {
			b.Fatal(err)
		}
	}
	f.Close()
	for _, archive := range []struct {
		path   string
		format Format
	}{
		{twcs, TWCS}, {lines, JSONLines}, {"testdata/airline.csv", Airline}, {"testdata/conversations.json", Conversations},
	} {
		b.Run(string(archive.format), func(b *testing.B) {
			b.ReportAllocs()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			n := 0
			for b.Loop() {
				for range ReadFile(archive.path, archive.format) {
					n++
				}
			}
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(n), "allocs/event")
		})
	}
}

func TestTreesDoNotTakeAFileThatChanged(t *testing.T) {
	t.Parallel()
	trees := newTrees()
	trees.finish()
	path := writeTWCS(t, 1)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := newDecoder(f, "", TWCS, trees)
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.next()
	want := "archive: line 2 (row 1): tweet_id: is new: the file has changed while it was read"
	if err == nil || err == io.EOF || err.Error() != want {
		t.Errorf("%s", cmp.Diff(want, fmt.Sprint(err)))
	}
}
