// Package postgrestest runs a PostgreSQL server of a test's own, from the programs that are installed on the machine.
//
//	server, err := postgrestest.Start()
//	if errors.Is(err, postgrestest.ErrMissing) {
//		t.Skip(err)
//	}
//	defer server.Close()
//	store, err := postgres.Open(ctx, server.DSN, nil)
//
// It listens on a Unix socket in a folder of its own, and keeps its data there until Close. What it commits it keeps through Stop and Kill (fsync is on).
package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrMissing: there is no PostgreSQL on this machine.
var ErrMissing = errors.New("postgrestest: PostgreSQL is not installed: apt-get install postgresql")

// Server is a running server. Its methods are for one goroutine at a time.
type Server struct {
	// DSN leads to the database "postgres", as its superuser.
	DSN    string
	folder string
	bin    string
	as     *syscall.Credential // the user it runs as; nil: this one
	server *exec.Cmd
	pooler *exec.Cmd
	log    *os.File
}

// Start makes an empty server and waits until it can be used. Further settings have the form "shared_buffers=256MB". PostgreSQL refuses to run as root; where
// the test does, the server runs as the user postgres. ErrMissing when it is not installed.
func Start(settings ...string) (*Server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "pg")
	if err != nil {
		return nil, fmt.Errorf("postgrestest: %w", err)
	}
	s := &Server{folder: folder, bin: bin, DSN: "host=" + folder + " user=postgres dbname=postgres sslmode=disable"}
	if err := s.create(settings); err != nil {
		s.Close()
		return nil, fmt.Errorf("postgrestest: start: %w", err)
	}
	return s, nil
}

// programs is the folder of the newest version's programs.
func programs() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", ErrMissing
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(strings.Split(path, "/")[4])
		return n
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

func (s *Server) create(settings []string) error {
	if os.Geteuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			return fmt.Errorf("PostgreSQL does not run as root: %w", err)
		}
		uid, _ := strconv.ParseUint(u.Uid, 10, 32)
		gid, _ := strconv.ParseUint(u.Gid, 10, 32)
		s.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(s.folder, int(uid), int(gid)); err != nil {
			return err
		}
	}
	out, err := s.command("initdb", "-D", s.folder+"/data", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "-N").CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	if s.log, err = os.Create(s.folder + "/log"); err != nil {
		return err
	}
	f, err := os.OpenFile(s.folder+"/data/postgresql.conf", os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	own := []string{"listen_addresses=''", "unix_socket_directories='" + s.folder + "'", "max_connections=200"}
	if _, err := f.WriteString(strings.Join(append(own, settings...), "\n") + "\n"); err != nil {
		return err
	}
	return s.Start()
}

func (s *Server) command(program string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(s.bin, program), args...)
	c.Dir = s.folder
	c.SysProcAttr = &syscall.SysProcAttr{Credential: s.as}
	return c
}

// Start starts a stopped server again and waits until it can be used.
func (s *Server) Start() error {
	s.server = s.command("postgres", "-D", s.folder+"/data")
	s.server.SysProcAttr.Pdeathsig = syscall.SIGQUIT // no server outlives its test
	s.server.Stdout, s.server.Stderr = s.log, s.log
	if err := s.server.Start(); err != nil {
		return err
	}
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if err := s.command("pg_isready", "-q", "-h", s.folder).Run(); err == nil {
			return nil
		}
		if time.Since(begun) > time.Minute {
			log, _ := os.ReadFile(s.log.Name())
			return fmt.Errorf("the server does not come up: %s", log)
		}
	}
}

// Stop ends all connections and stops the server in order.
func (s *Server) Stop() error { return s.stop(syscall.SIGINT) }

// Kill stops the server as a crash does: what is committed is found again by recovery.
func (s *Server) Kill() error { return s.stop(syscall.SIGQUIT) }

func (s *Server) stop(signal syscall.Signal) error {
	if s.server == nil {
		return nil
	}
	if err := s.server.Process.Signal(signal); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = s.server.Process.Kill() })()
	_ = s.server.Wait() // it ends as it was told to
	s.server = nil
	return nil
}

// Close stops the server, and the pooler if there is one, and removes the data.
func (s *Server) Close() {
	if s.pooler != nil {
		_ = s.pooler.Process.Kill()
		_ = s.pooler.Wait()
	}
	if s.server != nil {
		_ = s.Kill()
	}
	if s.log != nil {
		_ = s.log.Close()
	}
	_ = os.RemoveAll(s.folder)
}
