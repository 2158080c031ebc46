package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheNextRunIsTheNextDay(t *testing.T) {
	db := filepath.Join(t.TempDir(), "shop.db")
	printed := func() string {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		out := os.Stdout
		os.Stdout = w
		run(db)
		os.Stdout = out
		w.Close()
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		return string(bytes.TrimSpace(text))
	}
	first, second := printed(), printed()
	if !strings.Contains(first, "Max") || strings.Count(first, "Mia") != 1 {
		t.Errorf("the first day:\n%s", first)
	}
	// Jon's matter of the day before is taken up again, Mia's new post is a new one, and nobody has answered Max.
	for _, want := range []string{"Mia", "Jon", `resolution breached, messages in the CRM: 0`, "lane questions, Ben answered after 7 minutes"} {
		if strings.Count(second, want) != 1 {
			t.Errorf("the second day tells %q %d times, want once:\n%s", want, strings.Count(second, want), second)
		}
	}
}

func Example() {
	run("")
	// Output:
	// 08:55 Mia on plaza: "Where is my parcel? It was due yesterday."
	//       lane parcels, Ana answered after 15 minutes; first_response met, resolution met, messages in the CRM: 2
	// 09:20 Jon on chirp: "Can I change the delivery address of order 1042?"
	//       lane parcels, Ana answered after 40 minutes; first_response met, resolution met, messages in the CRM: 2
	// 10:05 Lea on plaza: "Do you sell gift cards?"
	//       lane questions, Ben answered after 7 minutes; first_response met, resolution met, messages in the CRM: 2
	// 11:30 Tom on plaza: "My parcel arrived wet. I want my money back."
	//       lane parcels, Ana answered after 95 minutes; first_response breached, resolution met, messages in the CRM: 2
	// 12:15 Zoe on chirp: "Is the blue lamp coming back?"
	//       lane questions, Ben answered after 30 minutes; first_response met, resolution met, messages in the CRM: 2
	// 12:50 Kai on plaza: "Third late delivery this month, really?"
	//       lane parcels, Ana answered after 35 minutes; first_response met, resolution met, messages in the CRM: 2
	// 15:10 Ida on chirp: "My voucher is refused."
	//       lane questions, Ben answered after 20 minutes; first_response met, resolution met, messages in the CRM: 4
	// 17:30 Max on plaza: "Are you open on Sunday?"
	//       lane questions, Ben has not answered; first_response breached, resolution running, messages in the CRM: 1
	// The CRM has 8 contacts and 8 cases.
}
