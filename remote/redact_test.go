package remote_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/socialcrm/socialcrm/remote"
)

func TestRedactHidesWhatIsSecretByName(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`Get "https://h/me?access_token=EAAB12&fields=id"`:  `Get "https://h/me?access_token=[redacted]&fields=id"`,
		`https://h/t?a=1&client_secret=s3&sig=77&key=k9`:    `https://h/t?a=1&client_secret=[redacted]&sig=[redacted]&key=[redacted]`,
		`next=https%3A%2F%2Fh%2F%3Faccess_token%3DEAAB%26x`: `next=https%3A%2F%2Fh%2F%3Faccess_token%3D[redacted]%26x`,
		`next=https%3A%2F%2Fh%2F%3Fkey%3dEAAB%26x`:          `next=https%3A%2F%2Fh%2F%3Fkey%3d[redacted]%26x`,
		`{"refresh_token":"r1","expires_in":7200}`:          `{"refresh_token":"[redacted]","expires_in":7200}`,
		`{"refresh_token" : "r\"1", "x":1}`:                 `{"refresh_token" : "[redacted]", "x":1}`,
		`body "{\"password\":\"p w\",\"a\":1}"`:             `body "{\"password\":\"[redacted]\",\"a\":1}"`,
		"Authorization: Bearer abc\r\nAccept: x":            "Authorization: [redacted]\r\nAccept: x",
		`sent Bearer eyJ0.eyJ1.sig2 to h`:                   `sent Bearer [redacted] to h`,
		`dial https://user:pw@h/x`:                          `dial https://[redacted]@h/x`,
		`callback ?state=1&code=4/0AX`:                      `callback ?state=1&code=[redacted]`,
		`password='two words' next`:                         `password='[redacted]' next`,
		`Access-Token=abc`:                                  `Access-Token=[redacted]`,
		// and leaves what explains a failure
		`(#190) Error validating access token: expired`: `(#190) Error validating access token: expired`,
		`code=190 subcode=463`:                          `code=190 subcode=463`,
		`lookup social.example: no such host`:           `lookup social.example: no such host`,
		`Bearer token is missing`:                       `Bearer token is missing`,
		`https://h/@jane/9?x=1`:                         `https://h/@jane/9?x=1`,
		`access_token=`:                                 `access_token=`,
		``:                                              ``,
	} {
		if got := remote.Redact(in); got != want {
			t.Errorf("Redact(%q)\n got %q\nwant %q", in, got, want)
		}
	}
}

func TestRedactHidesSecretsHoweverTheyAreWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[a-zA-Z0-9/+=&" ~%-]{6,20}`).Draw(t, "secret")
		before, after := rapid.StringMatching(`[ a-z:]{0,8}`).Draw(t, "before"), rapid.StringMatching(`[ a-z:]{0,8}`).Draw(t, "after")
		quoted, err := json.Marshal(secret)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), string(quoted[1 : len(quoted)-1]), strconv.Quote(secret),
			inside(strconv.Quote(strconv.Quote(secret))), inside(strconv.Quote(string(quoted))), fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret)} {
			if got := remote.Redact(before+form+after, secret, ""); strings.Contains(got, form) {
				t.Fatalf("Redact(%q) = %q, which shows the secret", before+form+after, got)
			}
		}
	})
}

// inside is what stands within the outer quotes of a text that was quoted twice, and within the inner ones.
func inside(quoted string) string { return quoted[3 : len(quoted)-3] }

func TestRedactHidesTheLongerOfTwoSecretsWhole(t *testing.T) {
	t.Parallel()
	if got, want := remote.Redact("it is abc-def", "abc", "abc-def"), "it is [redacted]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// BenchmarkRedactLong shows that the time grows with the text, not with its square, on what would provoke that.
func BenchmarkRedactLong(b *testing.B) {
	for name, text := range map[string]string{
		"spaces": strings.Repeat(" ", 1<<20), "colons": strings.Repeat(`" : `, 1<<18), "queries": strings.Repeat("?token=a&b=c", 1<<16), "addresses": strings.Repeat("://a@b", 1<<17),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				remote.Redact(text, "a secret", "another")
			}
		})
	}
}

func FuzzRedact(f *testing.F) {
	f.Add(`{"access_token":"x"}`, "x")
	f.Add(`a?token=%3D%26key%3D`, "%")
	f.Add(`\"password\":\"`, `\`)
	f.Fuzz(func(t *testing.T, text, secret string) {
		remote.Redact(text, secret)
		if hidden := "q7" + "zz9secretzz9"; strings.Contains(remote.Redact(text+"&access_token="+hidden), hidden) {
			t.Errorf("the token after %q is shown", text)
		}
	})
}
