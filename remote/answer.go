package remote

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"strings"
)

// ErrTooLarge is what a body over its limit is: errors.Is(err, ErrTooLarge). Nothing of this package cuts a body short in silence.
var ErrTooLarge = errors.New("too large")

// maxMessage bounds, in bytes, what an error repeats of an answer.
const maxMessage = 300

// Response is an answer that was read whole.
type Response struct {
	// Status is the HTTP status, for example 201.
	Status int
	// Header holds the answer's headers.
	Header http.Header
	// Body is the body, decompressed. It is the other side's raw text and may repeat anything, secrets included: do not log it.
	Body []byte
}

// ok reports whether the status is 2xx.
func (r *Response) ok() bool { return r.Status >= 200 && r.Status < 300 }

// decode unmarshals the body into v. It says what came instead where that is not JSON.
func (r *Response) decode(v any) error {
	if r.Status == http.StatusNoContent || r.Status == http.StatusResetContent {
		return nil
	}
	body := bytes.TrimSpace(r.Body)
	switch {
	case len(body) == 0:
		return errors.New("answer is empty where JSON was expected")
	case body[0] == '<':
		return fmt.Errorf("answer is not JSON but an %s", htmlSummary(body))
	}
	if err := json.Unmarshal(body, v); err != nil {
		if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return fmt.Errorf("answer has a JSON %s at %q, which does not fit %s", wrong.Value, wrong.Field, wrong.Type)
		}
		return fmt.Errorf("answer is not JSON: %w", err)
	}
	return nil
}

// readBody reads a body of at most limit bytes, counted after decompression. What was read is returned beside the error.
func readBody(resp *http.Response, limit int64) ([]byte, error) {
	var r io.Reader = resp.Body
	switch coding := strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Encoding"))); coding {
	case "", "identity":
	case "gzip", "x-gzip": // the transport has already dealt with what it asked for itself
		unzip, err := gzip.NewReader(resp.Body)
		if err == io.EOF {
			return nil, nil
		} else if err != nil {
			return nil, fmt.Errorf("answer is not the gzip it says: %w", err)
		}
		r = unzip
	default:
		return nil, fmt.Errorf("answer is compressed with %q, which was not asked for", coding)
	}
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	if int64(len(body)) > limit {
		return body[:limit], tooLarge("answer", limit)
	}
	return body, err
}

func tooLarge(what string, limit int64) error {
	return &redacted{text: fmt.Sprintf("%s has more than %d bytes", what, limit), is: []error{ErrTooLarge}}
}

// summary says in a few words what an answer tells of its failure.
func summary(body []byte) string {
	body = bytes.TrimSpace(body)
	const parse = 64 << 10 // a longer one is not worth the work
	switch {
	case len(body) == 0:
		return ""
	case body[0] == '<':
		return htmlSummary(body)
	case len(body) <= parse && (body[0] == '{' || body[0] == '['):
		var v any
		if json.Unmarshal(body, &v) == nil {
			return jsonSummary(v, 4)
		}
	}
	return string(body[:min(len(body), 4*maxMessage)])
}

// jsonSummary finds the text in the shapes that error answers have: {"error":{"message":...}}, [{"message":...}], {"errors":["..."]} and so on.
func jsonSummary(v any, depth int) string {
	if depth == 0 {
		return ""
	}
	switch v := v.(type) {
	case string:
		return v
	case []any:
		for _, element := range v {
			if s := jsonSummary(element, depth-1); s != "" {
				return s
			}
		}
	case map[string]any:
		for _, name := range [...]string{"error_description", "detail", "message", "error", "errors", "description", "title"} {
			if s := jsonSummary(v[name], depth-1); s != "" {
				return s
			}
		}
	}
	return ""
}

// htmlSummary names an HTML page by its title.
func htmlSummary(body []byte) string {
	head := string(body[:min(len(body), 4<<10)])
	folded := strings.ToLower(head)
	from := strings.Index(folded, "<title>")
	if from < 0 || len(folded) != len(head) {
		return "HTML page"
	}
	from += len("<title>")
	to := strings.Index(folded[from:], "</title>")
	if to < 0 {
		return "HTML page"
	}
	return fmt.Sprintf("HTML page %q", shorten(html.UnescapeString(head[from:from+to]), maxMessage/2))
}
