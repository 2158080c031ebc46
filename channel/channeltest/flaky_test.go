package channeltest_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/socialcrm/socialcrm/channel/channeltest"
)

func TestFlaky(t *testing.T) {
	t.Parallel()
	posted := 0
	flaky := &channeltest.Flaky{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				posted++
			}
			_, _ = io.WriteString(w, "fine")
		}),
		Posts: func(r *http.Request) bool { return r.URL.Path == "/post" },
		Answer: func(w http.ResponseWriter, tr channeltest.Trouble) bool {
			if tr != channeltest.TokenExpired {
				return false
			}
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, "code 190")
			return true
		},
	}
	server := httptest.NewServer(flaky)
	defer server.Close()
	// call returns the status and body, or "broken".
	call := func(method, path string) string {
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		response, err := server.Client().Do(r)
		if errors.Is(err, io.EOF) {
			return "broken"
		} else if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		body, _ := io.ReadAll(response.Body)
		return response.Status + " " + response.Header.Get("Retry-After") + " " + string(body)
	}
	for _, tr := range []channeltest.Trouble{channeltest.Throttled, channeltest.TokenExpired, channeltest.AnswerLost, channeltest.RequestLost} {
		flaky.Break(tr)
	}
	var got []string
	for _, path := range []string{"GET /", "GET /", "GET /", "POST /other", "POST /post", "POST /post", "POST /post"} {
		method, path, _ := strings.Cut(path, " ")
		got = append(got, call(method, path))
	}
	same(t, []string{`429 Too Many Requests 60 {"error":"throttled"}`, "400 Bad Request  code 190", "200 OK  fine", "200 OK  fine", "broken", "broken", "200 OK  fine"}, got)
	if posted != 3 || flaky.Calls() != 3 {
		t.Errorf("%d posts were carried out, %d calls counted", posted, flaky.Calls())
	}
}
