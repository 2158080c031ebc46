package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestTheSampleIsWhole reads the desk.json that people copy, and makes everything that it names.
func TestTheSampleIsWhole(t *testing.T) {
	t.Parallel()
	c, err := ParseConfig(sample)
	if err != nil {
		t.Fatal(err)
	}
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("a-token-out-of-a-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.RT.Token.File = token
	read := &secrets{getenv: func(name string) string { return "value-of-" + name }}
	made, err := connect(c, read, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, ch := range made.Channels {
		names = append(names, ch.Account().AccountID.String())
	}
	for _, s := range made.Sinks {
		names = append(names, s.Name())
	}
	if got, want := strings.Join(names, " "), "facebook/700100 mastodon/harbourbikes@social.example salesforce rt"; got != want {
		t.Errorf("the sample has %s, want %s", got, want)
	}
	if got := read.read("rt.token", c.RT.Token); got != "a-token-out-of-a-file" {
		t.Errorf("the file holds %q", got)
	}
}

func TestTheReadmeSaysWhatIsInTheFile(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	fields := reflect.TypeFor[Config]()
	for i := range fields.NumField() {
		name, _, _ := strings.Cut(fields.Field(i).Tag.Get("json"), ",")
		if !strings.Contains(string(text), "| `"+name+"` |") {
			t.Errorf("README.md does not say what %s is", name)
		}
	}
}

func TestAWrongFileIsToldByItsField(t *testing.T) {
	t.Parallel()
	const secret = "hunter2-hunter2-hunter2"
	tests := []struct{ name, old, new, want string }{
		{"an unknown field", `"listen":`, `"lisen":`, "line 2: lisen: unknown field"},
		{"no address", `"listen": "127.0.0.1:8080",`, ``, "listen: is missing"},
		{"another store", `"sqlite:desk.db"`, `"mysql:desk"`, "store: want"},
		{"a secret in the file", `{"env": "FACEBOOK_PAGE_TOKEN"}`, `"` + secret + `"`, "facebook.pages[0].token"},
		{"two places of a secret", `{"env": "MASTODON_TOKEN"}`, `{"env": "A", "file": "b"}`, "mastodon[0].token: want"},
		{"no place of a secret", `{"env": "SALESFORCE_CLIENT_SECRET"}`, `{}`, "salesforce.client_secret: want"},
		{"no page", `[{"id": "700100", "name": "Harbour Bikes", "token": {"env": "FACEBOOK_PAGE_TOKEN"}}]`, `[]`, "facebook.pages: is missing"},
		{"no user of RT", `"user": "socialcrm"`, `"user": ""`, "rt.user: is missing"},
		{"a token for nobody", `"ana": {"env"`, `"eve": {"env"`, "agents.eve: setup.agents names nobody of that name"},
		{"a lane of a team that is not there", `"team": "workshop"`, `"team": "worksop"`, "worksop"},
		{"a wrong duration", `"every": "1m"`, `"every": "1 minute"`, "salesforce.every"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(string(sample), test.old, test.new, 1)
			if text == string(sample) {
				t.Fatal("the sample does not hold what the test replaces")
			}
			_, err := ParseConfig([]byte(text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want an error with %q", err, test.want)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error tells the secret: %v", err)
			}
		})
	}
}

func TestASecretThatIsNotThereIsTold(t *testing.T) {
	t.Parallel()
	c, err := ParseConfig(sample)
	if err != nil {
		t.Fatal(err)
	}
	gone, empty := filepath.Join(t.TempDir(), "gone"), filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.RT.Token.File, c.Agents["ben"] = gone, Secret{File: empty}
	_, err = open(t.Context(), c, func(string) string { return "" }, slog.New(slog.DiscardHandler))
	if err == nil {
		t.Fatal("a desk without secrets opens")
	}
	for _, want := range []string{"FACEBOOK_APP_SECRET is empty", "facebook.pages[0].token: ", "rt.token: open " + gone, "agents.ben: the file " + empty + " is empty", "DESK_TOKEN_ANA"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
}

func TestTokensOfAgentsAreLongAndTheirOwn(t *testing.T) {
	t.Parallel()
	agents := map[string]Secret{"ana": {Env: "A"}, "ben": {Env: "B"}}
	for _, test := range []struct{ a, b, want string }{
		{"long-enough-for-a-token", "short", "agents.ben: the token is shorter than 20 characters"},
		{"long-enough-for-a-token", "long-enough-for-a-token", "the token is that of"},
		{"long-enough-for-a-token", "another-token-of-somebody", ""},
	} {
		k := newKeys(agents, &secrets{getenv: func(name string) string { return map[string]string{"A": test.a, "B": test.b}[name] }})
		err := k.check()
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%q and %q: %v, want %q", test.a, test.b, err, test.want)
		}
	}
}
