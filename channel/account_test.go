package channel_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/socialcrm/socialcrm/channel"
	_ "github.com/socialcrm/socialcrm/internal/fixedseed"
)

func TestAccountIDIsItsText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := channel.AccountID{Platform: rapid.StringMatching(`[a-z0-9]{1,9}`).Draw(t, "platform"), ID: rapid.StringMatching(`[a-z:/ é]{1,9}`).Draw(t, "id")}
		var got channel.AccountID
		if err := got.UnmarshalText([]byte(want.String())); err != nil || got != want {
			t.Fatalf("%v came back as %v, %v", want, got, err)
		}
	})
	for _, text := range []string{"facebook", "/1", "facebook/"} {
		var a channel.AccountID
		if err := a.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), "want platform/id") {
			t.Errorf("%q: got %v, %v", text, a, err)
		}
	}
	if a := (channel.AccountID{}); a.String() != "" || !a.IsZero() {
		t.Errorf("the zero value is %q", a)
	}
}

func TestAccountJSON(t *testing.T) {
	t.Parallel()
	want := channel.Account{AccountID: channel.AccountID{Platform: "facebook", ID: "1"}, Name: "AO.com", Handle: "ao", Since: noon.UTC(), Credential: "token", App: "9"}
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	const text = `{"account":"facebook/1","name":"AO.com","handle":"ao","since":"2026-03-02T11:00:00.005Z","credential":"token","app":"9"}`
	if string(data) != text {
		t.Errorf("got %s", data)
	}
	var got channel.Account
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := json.Unmarshal([]byte(`{"account":"facebook/1","nmae":"x"}`), &got); err == nil || !strings.Contains(err.Error(), `"nmae"`) {
		t.Errorf("a misspelt field gave %v", err)
	}
}

func TestVisibilityText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]channel.Visibility{"": channel.Public, "public": channel.Public, "private": channel.Private} {
		var v channel.Visibility
		if err := v.UnmarshalText([]byte(text)); err != nil || v != want {
			t.Errorf("%q: got %v, %v", text, v, err)
		}
	}
	v := channel.Private
	if err := v.UnmarshalText([]byte("secret")); err == nil || v != channel.Private {
		t.Errorf("got %v, %v", v, err)
	}
}

func TestFindingString(t *testing.T) {
	t.Parallel()
	var zero channel.Finding
	if got := zero.String() + ", " + channel.Found.String() + ", " + channel.Absent.String(); got != "cannot tell, found, absent" {
		t.Error(got)
	}
}
