package rule

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWordsAreFoldedOneByOne(t *testing.T) {
	t.Parallel()
	var got []string
	for w := range Words("Réclamation: @AcMe, straße #Delay 退款 no.7!") {
		got = append(got, string(w))
	}
	if diff := cmp.Diff([]string{"reclamation", "@acme", "strasse", "delay", "退", "款", "no", "7"}, got); diff != "" {
		t.Errorf("words (-want +got):\n%s", diff)
	}
}
