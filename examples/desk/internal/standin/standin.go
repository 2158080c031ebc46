// Package standin plays the platforms of the demo and of the tests, on addresses of this machine: a Facebook Page, a Mastodon server and a Salesforce org with invented
// people. They know what examples/desk asks of them, and little more; the stand-ins that try the adapters hard are beside the adapters' tests.
package standin

import (
	"encoding/json"
	"net"
	"net/http"
	"time"
)

// Serve answers at a free port of this machine until stop is called, and returns the address.
func Serve(h http.Handler) (address string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(l) }() // until it is closed
	return "http://" + l.Addr().String(), func() { _ = server.Close() }, nil
}

// object is a JSON object.
type object map[string]any

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
