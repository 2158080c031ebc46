package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// keys tells by a bearer token which agent it is. It knows the tokens' hashes only.
type keys struct {
	hashes [][sha256.Size]byte
	names  []string
	err    error
}

// shortest is how long a token must be: 16 bytes from a random source, written as 22 characters or more, are plenty.
const shortest = 20

// newKeys reads the tokens of the agents.
func newKeys(agents map[string]Secret, read *secrets) *keys {
	k := new(keys)
	for name, where := range agents {
		token := read.read("agents."+name, where)
		if token != "" && len(token) < shortest {
			k.err = errors.Join(k.err, fmt.Errorf("agents.%s: the token is shorter than %d characters", name, shortest))
		}
		hash := sha256.Sum256([]byte(token))
		for i, other := range k.hashes {
			if token != "" && other == hash {
				k.err = errors.Join(k.err, fmt.Errorf("agents.%s: the token is that of %s, too", name, k.names[i]))
			}
		}
		k.hashes, k.names = append(k.hashes, hash), append(k.names, name)
	}
	return k
}

func (k *keys) check() error { return k.err }

// agent returns whose token it is. It compares all of them, hashed, each in constant time, so that the time tells nothing about any.
func (k *keys) agent(token string) (string, bool) {
	hash, found := sha256.Sum256([]byte(token)), -1
	for i := range k.hashes {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(hash[:], k.hashes[i][:]), i, found)
	}
	if found < 0 {
		return "", false
	}
	return k.names[found], true
}

type agentKey struct{}

// only lets agents in. Behind it, agentOf tells who it is.
func (k *keys) only(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		name, known := k.agent(token)
		if !known || !strings.EqualFold(scheme, "Bearer") {
			w.Header().Set("WWW-Authenticate", `Bearer realm="desk"`)
			refuse(w, http.StatusUnauthorized, "the token is not that of an agent")
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), agentKey{}, name)))
	})
}

func agentOf(r *http.Request) string { name, _ := r.Context().Value(agentKey{}).(string); return name }
