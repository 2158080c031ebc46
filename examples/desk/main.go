// Command desk is the service that a small company would deploy, and the program to copy: channels, CRMs and the company from a file, secrets from the environment or
// from files, tickets in SQLite, webhooks, an HTTP API for agents, probes and counts.
//
//	go run ./examples/desk -config desk.json
//	go run ./examples/desk -demo
//
// README.md beside this file says what is in the file and in the API. With -demo it runs against stand-ins of the platforms inside the same process, with customers
// who never were. The exit code is 2 for wrong flags or a wrong file, 1 when the service fails, and 0 when it was asked to stop.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, getenv func(string) string, out, errs io.Writer) int {
	flags := flag.NewFlagSet("desk", flag.ContinueOnError)
	flags.SetOutput(errs)
	file := flags.String("config", "", "the `file` that says what this desk is")
	demo := flags.Bool("demo", false, "run against stand-ins of the platforms, with invented customers")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case (*file == "") != *demo || flags.NArg() > 0:
		fmt.Fprintln(errs, "usage: desk -config FILE | desk -demo")
		return 2
	}
	log := slog.New(slog.NewTextHandler(errs, nil))
	if *demo {
		if err := runDemo(ctx, out, log); err != nil {
			log.Error("demo ended", "error", err)
			return 1
		}
		return 0
	}
	data, err := os.ReadFile(*file)
	var c Config
	if err == nil {
		c, err = ParseConfig(data)
	}
	if err != nil {
		fmt.Fprintf(errs, "desk: %s: %v\n", *file, err)
		return 2
	}
	l, err := net.Listen("tcp", c.Listen)
	if err == nil {
		err = openAndServe(ctx, c, getenv, log, l)
	}
	if err != nil {
		log.Error("desk ended", "error", err)
		return 1
	}
	return 0
}

// openAndServe takes the listener over.
func openAndServe(ctx context.Context, c Config, getenv func(string) string, log *slog.Logger, l net.Listener) error {
	s, err := open(ctx, c, getenv, log)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	return s.serve(ctx, l)
}
