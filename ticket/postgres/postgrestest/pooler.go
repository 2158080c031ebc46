package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// ErrNoPooler: there is no pgbouncer on this machine.
var ErrNoPooler = errors.New("postgrestest: pgbouncer is not installed: apt-get install pgbouncer")

// Pool starts a pgbouncer in transaction mode before the server and returns the DSN that leads through it. Close ends it. ErrNoPooler when it is not installed.
func (s *Server) Pool(connections int) (dsn string, err error) {
	bin, err := exec.LookPath("pgbouncer")
	if err != nil {
		if _, err := os.Stat("/usr/sbin/pgbouncer"); err != nil {
			return "", ErrNoPooler
		}
		bin = "/usr/sbin/pgbouncer"
	}
	const port = "6432"
	settings := fmt.Sprintf(`[databases]
postgres = host=%s user=postgres
[pgbouncer]
pool_mode = transaction
default_pool_size = %d
max_client_conn = 1000
unix_socket_dir = %s
listen_port = %s
auth_type = any
`, s.folder, connections, s.folder, port)
	if err := os.WriteFile(s.folder+"/pgbouncer.ini", []byte(settings), 0o644); err != nil {
		return "", fmt.Errorf("postgrestest: start pgbouncer: %w", err)
	}
	c := exec.Command(bin, "-q", s.folder+"/pgbouncer.ini")
	c.SysProcAttr = &syscall.SysProcAttr{Credential: s.as, Pdeathsig: syscall.SIGQUIT}
	c.Stdout, c.Stderr = s.log, s.log
	if err := c.Start(); err != nil {
		return "", fmt.Errorf("postgrestest: start pgbouncer: %w", err)
	}
	s.pooler = c
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for ; ; time.Sleep(20 * time.Millisecond) {
		conn, err := new(net.Dialer).DialContext(ctx, "unix", s.folder+"/.s.PGSQL."+port)
		if err == nil {
			return s.DSN + " port=" + port, conn.Close()
		}
		if ctx.Err() != nil {
			return "", fmt.Errorf("postgrestest: start pgbouncer: %w", err)
		}
	}
}
