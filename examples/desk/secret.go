package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// Secret says where a secret is: in an environment variable, or in a file, of which white space at the end is no part.
type Secret struct {
	Env  string `json:"env,omitempty"`
	File string `json:"file,omitempty"`
}

func (s Secret) check(field string) error {
	if (s.Env == "") == (s.File == "") {
		return fmt.Errorf(`%s: want {"env": "NAME"} or {"file": "PATH"}, which say where the secret is`, field)
	}
	return nil
}

// secrets reads secrets and remembers the first thing that went wrong, so that a list of them is read without a question behind each.
type secrets struct {
	getenv func(string) string
	err    error
}

// read returns the secret that a field of the Config names.
func (r *secrets) read(field string, s Secret) string {
	var value string
	var err error
	switch {
	case s.Env != "":
		if value = r.getenv(s.Env); value == "" {
			err = fmt.Errorf("the environment variable %s is empty", s.Env)
		}
	default:
		var data []byte
		data, err = os.ReadFile(s.File)
		if value = strings.TrimRight(string(data), " \t\r\n"); err == nil && value == "" {
			err = fmt.Errorf("the file %s is empty", s.File)
		}
	}
	if err != nil {
		r.err = errors.Join(r.err, fmt.Errorf("%s: %w", field, err))
	}
	return value
}
