// Command replay plays an archive of customers' messages, or a scenario, through a Desk in virtual time and tells what came of it.
//
//	go run ./examples/replay -in FILE -format airline|conversations|twcs|jsonl [-desk desk.json] [-agents N|desk -handle 4m] [-redeliver 2 -seed 7] [-store sqlite:FILE|postgres:DSN] [-json] [-explain TICKET]
//
// With -agents, N simulated agents answer instead of the archive's: what staffing would have given. With -agents desk they are those of the desk file, with their teams,
// skills, shifts and capacity, and the report tells how busy they were, how long the queues were and who moved on. With -redeliver, every event comes several times, as
// platforms do, and the result stays the same. With -store, tickets are kept in a database, which must be empty, and stay there.
//
// With -explain, the clocks of one ticket are explained: which time counted, which did not and why. TICKET is the ticket's ID, or the platform's ID of one of its
// messages. With -json, the tickets of a scenario (jsonl) are listed with all their clocks.
//
// Entries that could not be read, and events that could not be taken in, are told on standard error and cost the others nothing. The exit code is 2 for wrong
// flags, 1 when the replay fails, and otherwise 0.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel/archive"
	"github.com/socialcrm/socialcrm/replay"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

const usage = "usage: replay -in FILE -format airline|conversations|twcs|jsonl [-desk desk.json] [-agents N|desk -handle 4m] [-redeliver K -seed S] [-store sqlite:FILE|postgres:DSN] [-json] [-explain TICKET]"

const afterwards = `Entries that cannot be read and events that cannot be taken in are told on standard error; the others are replayed and the exit code is 0.
It is 1 when the replay fails and 2 for wrong flags.
`

// flags are what the command line says.
type flags struct {
	in, desk string
	format   archive.Format
	asJSON   bool
	options  replay.Options
}

func run(ctx context.Context, args []string, out, errs io.Writer) int {
	f, err := parse(args, errs)
	if err == flag.ErrHelp {
		return 0
	}
	if err != nil {
		fmt.Fprintf(errs, "replay: %v\n%s\n", err, usage)
		return 2
	}
	if err := f.play(ctx, out, errs); err != nil {
		fmt.Fprintln(errs, err)
		return 1
	}
	return 0
}

func parse(args []string, errs io.Writer) (f flags, err error) {
	set := flag.NewFlagSet("replay", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	format := set.String("format", "", "how the file is written: airline, conversations, twcs or jsonl")
	set.StringVar(&f.in, "in", "", "the `file` to replay")
	set.StringVar(&f.desk, "desk", "", "a desk `file`: lanes, teams, agents, promises; without it one lane with promises of 1, 1 and 48 hours")
	agents := set.String("agents", "", "how many simulated agents answer instead of the archive's; desk: those of the desk file, in their teams and shifts")
	set.DurationVar(&f.options.Handle, "handle", 4*time.Minute, "how long a simulated agent takes for a ticket, on average; needs -agents")
	set.IntVar(&f.options.Redeliver, "redeliver", 0, "how many copies of each event follow within ten minutes")
	set.Uint64Var(&f.options.Seed, "seed", 0, "makes what is random repeatable; needs -agents or -redeliver")
	store := set.String("store", "", "an empty `database` to keep the tickets in: sqlite:FILE or postgres:DSN; without it they are kept in memory")
	set.BoolVar(&f.asJSON, "json", false, "write the totals as JSON, with the same keys whatever happened; of a scenario each ticket with its clocks as well")
	set.StringVar(&f.options.Explain, "explain", "", "explain the clocks of a `ticket`: its ID, or the platform's ID of one of its messages")
	if err := set.Parse(args); err != nil {
		if err == flag.ErrHelp {
			fmt.Fprintln(errs, usage)
			set.SetOutput(errs)
			set.PrintDefaults()
			fmt.Fprint(errs, afterwards)
		}
		return f, err
	}
	if err := f.staff(*agents); err != nil {
		return f, err
	}
	switch {
	case set.NArg() > 0:
		return f, fmt.Errorf("argument %q: want flags only", set.Arg(0))
	case f.in == "":
		return f, fmt.Errorf("-in is missing")
	case f.options.Redeliver < 0:
		return f, fmt.Errorf("-redeliver %d: want 0 or more", f.options.Redeliver)
	case f.options.Handle <= 0:
		return f, fmt.Errorf("-handle %s: want more than 0", f.options.Handle)
	}
	set.Visit(func(given *flag.Flag) {
		switch {
		case given.Name == "handle" && !f.simulates():
			fmt.Fprintln(errs, "replay: -handle has no effect without -agents")
		case given.Name == "seed" && !f.simulates() && f.options.Redeliver == 0:
			fmt.Fprintln(errs, "replay: -seed has no effect without -agents or -redeliver")
		}
	})
	if f.format, err = archive.ParseFormat(*format); err != nil {
		return f, fmt.Errorf("-format %q: want airline, conversations, twcs or jsonl", *format)
	}
	if f.options.Store, err = opener(*store); err != nil {
		return f, err
	}
	f.options.Clocks = f.asJSON && f.format == archive.JSONLines
	return f, nil
}

// staff reads who is to answer.
func (f *flags) staff(agents string) (err error) {
	switch {
	case agents == "":
	case agents != "desk":
		if f.options.Agents, err = strconv.Atoi(agents); err != nil || f.options.Agents < 0 {
			return fmt.Errorf("-agents %s: want 0 or more, or desk", agents)
		}
	case f.desk == "":
		return fmt.Errorf("-agents desk: want -desk FILE, whose agents they are")
	default:
		f.options.DeskAgents = true
	}
	return nil
}

func (f *flags) simulates() bool { return f.options.Agents > 0 || f.options.DeskAgents }

func (f flags) play(ctx context.Context, out, errs io.Writer) error {
	if f.desk != "" {
		setup, err := socialcrm.ReadSetup(f.desk, nil)
		if err != nil {
			return fmt.Errorf("replay: %w", err)
		}
		f.options.Setup = &setup
	}
	steps, bad, err := replay.ReadFile(f.in, f.format)
	if err != nil {
		return err
	}
	complain(errs, bad, len(steps))
	b := bar{out: errs, on: isTerminal(errs)}
	f.options.Progress = b.show
	report, err := replay.Run(ctx, steps, f.options)
	b.clear()
	if err != nil {
		return err
	}
	return f.write(report, out, errs)
}

// write tells what came of it. The JSON has no place for events that the Desk refused.
func (f flags) write(report *replay.Report, out, errs io.Writer) error {
	if report.Quarantined > 0 {
		fmt.Fprintf(errs, "replay: %d events could not be taken in\n", report.Quarantined)
	}
	if f.asJSON {
		complainOfActions(errs, report.Actions)
		return f.writeJSON(report, out)
	}
	if f.options.Explain != "" {
		for _, x := range report.Explained {
			if _, err := fmt.Fprintln(out, x); err != nil {
				return err
			}
		}
		if len(report.Explained) == 0 {
			fmt.Fprintln(out, "no clock ever ran for it: no policy promises it anything")
		}
		return nil
	}
	_, err := fmt.Fprint(out, report)
	return err
}

// writeJSON writes the totals or, where a ticket is to be explained, the explanations.
func (f flags) writeJSON(report *replay.Report, out io.Writer) error {
	if f.options.Explain != "" {
		return json.NewEncoder(out).Encode(report.Explained)
	}
	return json.NewEncoder(out).Encode(report)
}

// complainOfActions tells which actions of a scenario the Desk refused, for whom the JSON has no place.
func complainOfActions(errs io.Writer, actions []replay.Acted) {
	for _, a := range actions {
		if a.Err != nil {
			fmt.Fprintf(errs, "replay: %s: %s by %s: %v\n", a.Action.Time.UTC().Format(time.RFC3339), a.Action.Verb, a.Action.Agent, a.Err)
		}
	}
}

// complain tells of entries that could not be read, the first few in full, beside the number of those that could.
func complain(errs io.Writer, bad []*archive.RowError, read int) {
	const most = 10
	for _, b := range bad[:min(len(bad), most)] {
		fmt.Fprintln(errs, b)
	}
	if len(bad) > 0 {
		fmt.Fprintf(errs, "replay: %d of %d entries could not be read\n", len(bad), len(bad)+read)
	}
}
