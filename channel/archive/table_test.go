package archive

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// readTable returns the rows of a CSV file, each field as it is, and what is wrong with the bad ones.
func readTable(tb testing.TB, r io.Reader) (rows [][]string) {
	w := newWindow(r)
	if err := w.begin(); err != nil {
		tb.Fatal(err)
	}
	t, err := newTable(w, "")
	if err != nil {
		tb.Fatal(err)
	}
	for {
		err := t.next()
		if err == io.EOF {
			return rows
		}
		if bad, ok := errors.AsType[*RowError](err); ok {
			rows = append(rows, []string{bad.Where() + ": " + bad.Reason})
			continue
		}
		if err != nil {
			tb.Fatal(err)
		}
		var row []string
		for i := range t.ends {
			row = append(row, string(t.bytes(i)))
		}
		rows = append(rows, row)
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	kilobyte := strings.Repeat("x", 1024)
	tests := []struct {
		name, in string
		want     [][]string
	}{
		{"plain", "a,b\n1,2\n3,4", [][]string{{"1", "2"}, {"3", "4"}}},
		{"CRLF, and none at the end", "a,b\r\n1,2\r\n3,4\r", [][]string{{"1", "2"}, {"3", "4"}}},
		{"byte order mark", "\ufeffa,b\n1,2\n", [][]string{{"1", "2"}}},
		{"empty lines", "\n\r\na,b\n\n1,2\n\r\n\n3,4\n\n", [][]string{{"1", "2"}, {"3", "4"}}},
		{"quoted", "\"a\",b\n\"1,\"\"x\"\"\",\"\"\n", [][]string{{`1,"x"`, ""}}},
		{"lines within quotes", "a,b\n\"x\r\ny\n\nz\",2\n3,4\n", [][]string{{"x\ny\n\nz", "2"}, {"3", "4"}}},
		{"a carriage return alone is text", "a,b\n\"x\ry\",p\rq\n", [][]string{{"x\ry", "p\rq"}}},
		{"quotes in plain text", "a,b\nsize 5\" is \"big\",2\n", [][]string{{`size 5" is "big"`, "2"}}},
		{"quotes not doubled", "a,b\n\"say \"hi\" now\",2\n3,4\n", [][]string{{`say "hi" now`, "2"}, {"3", "4"}}},
		{"trailing columns left out", "a,b,c\n1\n1,2\n", [][]string{{"1"}, {"1", "2"}}},
		{"an empty column too many", "a,b\n1,2,,\n", [][]string{{"1", "2", "", ""}}},
		{"a column too many", "a,b\n1,2,3\n3,4\n", [][]string{{"line 2 (row 1): has 3 columns, the header 2"}, {"3", "4"}}},
		{"a quote never closed", "a,b\n1,\"x\n3,4\n5,6\n", [][]string{{"line 2 (row 1): has a quote that is not closed"}, {"3", "4"}, {"5", "6"}}},
		{"a quote closed by the next row's", "a,b\n1,\"x\n3,\"y\"\n5,6\n", [][]string{{"line 2 (row 1): has a quote that is not closed"}, {"3", "y"}, {"5", "6"}}},
		{"a quote that makes one row of two", "a,b\n1,\"x\n3,4\",5\n6,7\n",
			[][]string{{"line 2 (row 1): has 3 columns, the header 2"}, {"line 3 (row 2): has 3 columns, the header 2"}, {"6", "7"}}},
		{"a row with too few columns over several lines", "a,b\n\"x\n3,4\"\n5,6\n",
			[][]string{{"line 2 (row 1): has 1 columns, the header 2"}, {"3", `4"`}, {"5", "6"}}},
		{"a quote at the end", "a,b\n1,\"", [][]string{{"line 2 (row 1): has a quote that is not closed"}}},
		{"a line too long", "a,b\n1," + strings.Repeat("x", maxEntry-1) + "\n3,4\n", [][]string{{"line 2 (row 1): is longer than 1 MiB"}, {"3", "4"}}},
		{"a line much too long", "a,b\n1,\"" + strings.Repeat("x,", 2*maxEntry) + "\n3,4", [][]string{{"line 2 (row 1): is longer than 1 MiB"}, {"3", "4"}}},
		{"many lines in an open quote", "a,b\n1,\"x\n" + strings.Repeat("3,"+kilobyte+"\n", 1100),
			append([][]string{{"line 2 (row 1): has a quote that is not closed"}}, slices.Repeat([][]string{{"3", kilobyte}}, 1100)...)},
		{"the longest row", "a,b\n1," + strings.Repeat("x", maxEntry-2) + "\n3,4\n", [][]string{{"1", strings.Repeat("x", maxEntry-2)}, {"3", "4"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, readTable(t, strings.NewReader(test.in))); diff != "" {
				t.Errorf("(-want +got)\n%.2000s", diff)
			}
		})
	}
}

func TestWellFormedTablesReadAsByEncodingCSV(t *testing.T) {
	t.Parallel()
	field := rapid.StringMatching(`[ab,"\r\n é]{0,12}`)
	rapid.Check(t, func(t *rapid.T) {
		var in bytes.Buffer
		w := csv.NewWriter(&in)
		w.UseCRLF = rapid.Bool().Draw(t, "CRLF")
		rows := rapid.SliceOf(rapid.SliceOfN(field, 3, 3)).Draw(t, "rows")
		if err := w.WriteAll(append([][]string{{"a", "b", "c"}}, rows...)); err != nil {
			t.Fatal(err)
		}
		text := in.String()
		if rapid.Bool().Draw(t, "without the last line end") {
			text = strings.TrimSuffix(text, "\n")
		}
		want, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		var got [][]string
		r, err := newTable(newWindow(strings.NewReader(text)), "")
		if err != nil {
			t.Fatal(err)
		}
		for err = r.next(); err == nil; err = r.next() {
			got = append(got, []string{string(r.bytes(0)), string(r.bytes(1)), string(r.bytes(2))})
		}
		if err != io.EOF {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fmt.Sprint(want[1:]), fmt.Sprint(got)); diff != "" {
			t.Errorf("%q (-want +got)\n%s", text, diff)
		}
	})
}
