package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Request is one call to make through a [Client].
type Request struct {
	// Op says what is done, object included, for errors: "post reply to 1123". Empty: method and path.
	Op string
	// Method is the HTTP method. Empty: POST with a body, GET without.
	Method string
	// Path is joined to the client's Base; escape IDs in it with [Path]. It may hold a query. It may also be a whole URL, as answers link to their next
	// page, if that has the scheme and host of Base.
	Path string
	// Query is added to the query.
	Query url.Values
	// Header is added to the client's own headers, and replaces those of the same name.
	Header http.Header

	// JSON is marshalled as the body. At most one of JSON, Form and Body may be set.
	JSON any
	// Form is encoded as the body.
	Form url.Values
	// Body is sent as it is, with ContentType.
	Body []byte
	// ContentType of Body; empty means application/octet-stream.
	ContentType string

	// Into is where the JSON of a 2xx answer is unmarshalled to; nil keeps the bytes only. After 204 and 205, which have no body, it stays as it is.
	Into any
	// MaxValues is how many values an answer in JSON may hold; a longer one is as one over Client.MaxResponse. 0 means [MaxValues].
	MaxValues int
	// Idempotent says that carrying the call out twice does no more than once: it names its result (PUT, DELETE, upsert) or carries an idempotency key.
	// GET, HEAD and OPTIONS always are. Whatever is not ends in Unknown when the answer is lost.
	Idempotent bool
	// Scopes are what this call counts against beside the client's: its recipient, its endpoint.
	Scopes []Scope
}

// Path joins segments to a path that begins with a slash, each escaped, so that no ID can reach another path. It is meant for [Request.Path].
func Path(segments ...string) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteByte('/')
		switch s {
		case ".", "..": // which servers would take as directions
			b.WriteString(strings.ReplaceAll(s, ".", "%2E"))
		default:
			b.WriteString(url.PathEscape(s))
		}
	}
	return b.String()
}

func (r *Request) method() string {
	switch {
	case r.Method != "":
		return r.Method
	case r.JSON != nil || r.Form != nil || r.Body != nil:
		return http.MethodPost
	}
	return http.MethodGet
}

// repeatable reports whether a lost answer can simply be asked for again.
func (r *Request) repeatable() bool {
	switch r.method() {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return true
	}
	return r.Idempotent
}

// body returns the encoded body and its type.
func (r *Request) body() ([]byte, string, error) {
	set := 0
	for _, b := range [...]bool{r.JSON != nil, r.Form != nil, r.Body != nil} {
		if b {
			set++
		}
	}
	switch {
	case set > 1:
		return nil, "", fmt.Errorf("only one of JSON, Form and Body may be set")
	case r.JSON != nil:
		data, err := json.Marshal(r.JSON)
		if err != nil {
			return nil, "", fmt.Errorf("body does not marshal: %w", err)
		}
		return data, "application/json", nil
	case r.Form != nil:
		return []byte(r.Form.Encode()), "application/x-www-form-urlencoded", nil
	case r.Body != nil && r.ContentType == "":
		return r.Body, "application/octet-stream", nil
	}
	return r.Body, r.ContentType, nil
}

// address joins Base and Path.
func (c *Client) address(r *Request) (*url.URL, error) {
	base, err := url.Parse(c.Base)
	if err != nil {
		return nil, fmt.Errorf("base is not a URL: %w", err)
	}
	raw := r.Path
	whole := hasScheme(raw)
	if !whole && c.Base != "" {
		raw = strings.TrimRight(c.Base, "/")
		if r.Path != "" && r.Path[0] != '?' {
			raw += "/"
		}
		raw += strings.TrimLeft(r.Path, "/")
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, fmt.Errorf("path is not a path: %w", err)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("neither base nor path is an http or https address")
	case whole && c.Base != "" && !sameOrigin(u, base):
		return nil, fmt.Errorf("address is on %s, not on %s, where the token belongs", u.Host, base.Host)
	}
	if len(r.Query) > 0 {
		if u.RawQuery != "" {
			u.RawQuery += "&"
		}
		u.RawQuery += r.Query.Encode()
	}
	return u, nil
}

func hasScheme(s string) bool {
	return len(s) >= 7 && strings.EqualFold(s[:7], "http://") || len(s) >= 8 && strings.EqualFold(s[:8], "https://") || strings.HasPrefix(s, "//")
}

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host)
}

// build makes the http.Request, without the token.
func (c *Client) build(ctx context.Context, r *Request) (*http.Request, error) {
	u, err := c.address(r)
	if err != nil {
		return nil, err
	}
	body, contentType, err := r.body()
	if err != nil {
		return nil, err
	}
	if limit := c.maxRequest(); int64(len(body)) > limit {
		return nil, tooLarge("body", limit)
	}
	req, err := http.NewRequestWithContext(ctx, r.method(), u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if contentType == "" && len(body) == 0 {
		req.Body, req.GetBody = http.NoBody, nil
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if r.Into != nil {
		req.Header.Set("Accept", "application/json")
	}
	req.Header.Set("User-Agent", "socialcrm")
	if c.UserAgent != "" {
		req.Header.Set("User-Agent", c.UserAgent)
	}
	for name, values := range r.Header {
		for _, v := range values {
			if strings.ContainsAny(v, "\r\n\x00") {
				return nil, fmt.Errorf("header %s holds a line break", name)
			}
		}
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	if !r.repeatable() {
		keepOnce(req.Header)
	}
	return req, nil
}

// keepOnce hides from the standard transport that a request has an idempotency key: it would repeat one that has, by itself, when its connection breaks, also towards a
// server that knows no such keys. Servers do not mind how the name of a header is written.
func keepOnce(h http.Header) {
	for _, name := range [...]string{"Idempotency-Key", "X-Idempotency-Key"} {
		if values, ok := h[name]; ok {
			delete(h, name)
			h[strings.ToLower(name)] = values
		}
	}
}
