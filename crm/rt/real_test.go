package rt

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	osuser "os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// server is a Request Tracker that runs here, with its database in a file.
type server struct {
	dir     string
	address *url.URL
	tokens  map[string]string // of RT's users
	as      *syscall.Credential
	opened  atomic.Int64
}

const program = "/usr/share/request-tracker5/libexec/rt-server"

// missing says what to install for the tests against a real RT; empty if all is there.
func missing() string {
	_, err := exec.LookPath("sqlite3")
	if _, err2 := os.Stat(program); err != nil || err2 != nil {
		return "no Request Tracker here; for these tests: apt-get install --no-install-recommends request-tracker5 rt5-standalone rt5-db-sqlite sqlite3"
	}
	return ""
}

// TestRealRequestTracker runs the kit, and what the stand-in is supposed to have right, against a real one. It is started once.
func TestRealRequestTracker(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector finds nothing in another process")
	}
	if os.Getenv("SOCIALCRM_RT") == "no" {
		t.Skip("SOCIALCRM_RT=no")
	}
	if why := missing(); why != "" {
		if os.Getenv("SOCIALCRM_REQUIRE") != "" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	t.Parallel()
	begin := time.Now()
	s := start(t)
	t.Logf("Request Tracker runs after %s", time.Since(begin).Round(time.Second/10))
	t.Run("kit", func(t *testing.T) {
		t.Parallel()
		h := crmtest.Harness{Features: features, Open: func(t crmtest.T) crmtest.Rig { return s.open(t) }}
		if os.Getenv("SOCIALCRM_RT") == "all" {
			crmtest.Run(t, h)
			return
		}
		for _, c := range crmtest.Checks() {
			if !shown(c.Name) {
				continue
			}
			t.Run(c.Name, func(t *testing.T) {
				t.Parallel()
				c.Run(t, h)
			})
		}
	})
	t.Run("oddities", func(t *testing.T) {
		t.Parallel()
		s.oddities(t)
	})
}

// shown reports whether a check is about RT. The others are about calls that fail, which no RT does on order, or the same with more of it; each call keeps a core busy for a
// tenth of a second. SOCIALCRM_RT=all runs them too.
func shown(check string) bool {
	return slices.ContainsFunc([]string{
		"a push is held", "an edited", "a case is reopened", "a contact keeps", "odd text", "lookup", "what the CRM's users", "redacting", "erasing",
	}, func(begin string) bool { return strings.HasPrefix(check, begin) })
}

// start makes a database, loads what docs/crm/rt.md says to load, and starts RT.
func start(t *testing.T) *server {
	dir, err := os.MkdirTemp("", "socialcrm-rt")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &server{dir: dir, tokens: make(map[string]string)}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	_ = listener.Close()
	s.address = &url.URL{Scheme: "http", Host: "127.0.0.1:" + port}
	setup, err := os.ReadFile("setup/social.initialdata")
	if err != nil {
		t.Fatal(err)
	}
	people, err := os.ReadFile("testdata/people.initialdata")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"RT_SiteConfig.pm": fmt.Sprintf(`Set($DatabaseType, 'SQLite'); Set($DatabaseName, '%[1]s/rt.sqlite'); Set($WebPath, ''); Set($WebDomain, '127.0.0.1'); Set($WebPort, %[2]s);
Set($WebBaseURL, 'http://127.0.0.1:%[2]s'); Set($MailCommand, 'testfile'); Set($rtname, 'rt.example'); Set($Organization, 'rt.example');
Set($LogToSyslog, undef); Set($LogToSTDERR, 'error'); Set($LogDir, '%[1]s'); 1;`, dir, port),
		"password": "not used",
		"all":      strings.TrimSuffix(strings.TrimSpace(string(setup)), "1;") + string(people),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "conf.d"), 0o700); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 { // RT is not to run as root
		www, err := osuser.Lookup("www-data")
		if err != nil {
			t.Fatal(err)
		}
		uid, _ := strconv.Atoi(www.Uid)
		gid, _ := strconv.Atoi(www.Gid)
		s.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		for _, name := range []string{"", "RT_SiteConfig.pm", "password", "all", "conf.d"} {
			if err := os.Chown(filepath.Join(dir, name), uid, gid); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.run(t, "rt-setup-database-5", "--action", "init", "--skip-create", "--root-password-file", "password")
	said := s.run(t, "rt-setup-database-5", "--action", "insert", "--skip-create", "--datafile", "all")
	for _, m := range regexp.MustCompile(`(?m)^token (\S+) (\S+)$`).FindAllStringSubmatch(said, -1) {
		s.tokens[m[1]] = m[2]
	}
	if len(s.tokens) != 2 {
		t.Fatalf("no tokens were made:\n%s", said)
	}
	cmd := s.command(context.WithoutCancel(t.Context()), program, "--host", "127.0.0.1", "--port", port, "--workers", "3")
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.SysProcAttr.Setpgid = true
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // the workers too; the database goes with it
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("RT's log ends in\n%s", log.Bytes()[max(0, log.Len()-4000):])
		}
	})
	for range 300 {
		if _, status := s.call(t, "socialcrm", http.MethodGet, "/rt", nil); status == 200 {
			return s
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("RT does not answer")
	return nil
}

func (s *server) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.SysProcAttr = s.dir, &syscall.SysProcAttr{Credential: s.as}
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + s.dir, "RT_SITE_CONFIG=" + s.dir + "/RT_SiteConfig.pm", "RT_SITE_CONFIG_DIR=" + s.dir + "/conf.d"}
	return cmd
}

func (s *server) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := s.command(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

// call is what somebody does in RT.
func (s *server) call(t crmtest.T, who, method, path string, body any) (answer []byte, status int) {
	t.Helper()
	var payload io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			t.Fatalf("%v", err)
		}
		payload = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, s.address.String()+"/REST/2.0"+path, payload)
	if err != nil {
		t.Fatalf("%v", err)
	}
	r.Header.Set("Authorization", "token "+s.tokens[who])
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, 0
	}
	defer resp.Body.Close()
	answer, _ = io.ReadAll(resp.Body)
	return answer, resp.StatusCode
}

// open returns a sink whose keys nobody else uses, so that RT is empty to it.
func (s *server) open(t crmtest.T) crmtest.Rig {
	proxy := httputil.NewSingleHostReverseProxy(s.address)
	var stall atomic.Bool
	flaky := &crmtest.Flaky{Handler: proxy, Writes: writes}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if stall.CompareAndSwap(true, false) { // in front of RT, which takes longer than the kit waits
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		}
		flaky.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	prefix := fmt.Sprintf("kit%d-", s.opened.Add(1))
	sink := New(Options{
		Address: front.URL, HTTP: front.Client(), Token: s.tokens["socialcrm"], User: "socialcrm", Prefix: prefix, Settle: 1, Shred: s.shred,
		Mapping: Mapping{Owners: map[string]string{"jo": "jo", "sam": "sam"}},
	})
	reader := New(Options{Address: s.address.String(), Token: s.tokens["mara"], Prefix: prefix})
	colleague := colleague{s, t, reader}
	return crmtest.Rig{
		Sink: sink, Secrets: []string{s.tokens["socialcrm"]}, Users: colleague,
		Fault: func(f crmtest.Fault) {
			if f.Stall {
				stall.Store(true)
				return
			}
			flaky.Fault(f)
		},
		Contacts: func(key string) []crmtest.HeldContact {
			u, found, err := reader.user(t.Context(), "look", prefix+key)
			if err != nil {
				t.Fatalf("%v", err)
			}
			if !found {
				return nil
			}
			return []crmtest.HeldContact{heldContact(key, string(u.RealName), u.Fields.plain())}
		},
		Cases: func(key string) (held []crmtest.HeldCase) {
			for _, found := range colleague.tickets(key) {
				var requestors []string
				for _, r := range found.Requestors {
					requestors = append(requestors, string(r.ID))
				}
				held = append(held, heldCase(prefix, key, string(found.ID), string(found.Subject), string(found.Priority), requestors, found.Fields.plain()))
			}
			return held
		},
		Interactions: func(caseKey string) []crmtest.HeldInteraction {
			var all []written
			for _, found := range colleague.tickets(caseKey) {
				all = append(all, s.comments(t, string(found.ID))...)
			}
			return heldInteractions(prefix, all)
		},
	}
}

// plain are custom fields by name.
func (all fields) plain() map[string][]string {
	out := make(map[string][]string)
	for _, f := range all {
		for _, v := range f.Values {
			out[f.Name] = append(out[f.Name], string(v))
		}
	}
	return out
}

// comments reads our comments on a ticket from the database: RT itself takes a call for each.
func (s *server) comments(t crmtest.T, id string) (all []written) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "sqlite3", "-readonly", "-json", "-cmd", ".timeout 20000", s.dir+"/rt.sqlite",
		"SELECT t.id, t.Data AS subject, a.Content AS body, a.ContentEncoding AS encoding FROM Transactions t LEFT JOIN Attachments a ON a.TransactionId = t.id JOIN Users u ON u.id = t.Creator"+
			" WHERE u.Name = 'socialcrm' AND t.Type = 'Comment' AND t.ObjectType = 'RT::Ticket' AND t.ObjectId = "+id+" ORDER BY t.id").Output()
	if err != nil {
		t.Fatalf("sqlite3: %v", err)
	}
	if len(out) == 0 {
		return nil
	}
	var rows []struct {
		ID                      int64
		Subject, Body, Encoding string
	}
	if err := json.Unmarshal(out, &rows); err != nil {
		t.Fatalf("sqlite3: %v: %.500s", err, out)
	}
	for _, r := range rows {
		if r.Encoding == "quoted-printable" { // SQLite's way to keep what is not ASCII
			plain, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(r.Body)))
			if err != nil {
				t.Fatalf("transaction %d: %v", r.ID, err)
			}
			r.Body = string(plain)
		}
		all = append(all, written{strconv.FormatInt(r.ID, 10), r.Subject, r.Body})
	}
	return all
}

// shred is Options.Shred as docs/crm/rt.md shows it.
func (s *server) shred(ctx context.Context, records []string) error {
	args := []string{"--force"}
	for _, r := range records {
		args = append(args, "--plugin", "Objects="+r)
	}
	if out, err := s.command(ctx, "rt-shredder-5", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("rt-shredder: %w: %s", err, out)
	}
	return nil
}

// colleague is mara, who works in RT.
type colleague struct {
	*server
	t      crmtest.T
	reader *Sink
}

// tickets returns those under a key, doubles included.
func (c colleague) tickets(key string) (all []*task) {
	c.t.Helper()
	var found page[task]
	query := url.Values{"query": {"'CF.{SocialKey}' = '" + c.reader.key(key) + "'"}}
	if err := c.reader.get(c.t.Context(), "look", "/tickets?"+query.Encode(), &found); err != nil {
		c.t.Fatalf("%v", err)
	}
	list, _ := found.list()
	for _, hit := range list {
		t, err := c.reader.ticket(c.t.Context(), "look", string(hit.ID))
		if err != nil {
			c.t.Fatalf("%v", err)
		}
		all = append(all, t)
	}
	return all
}

func (c colleague) does(caseKey, method, path string, body any) error {
	tickets := c.tickets(caseKey)
	if len(tickets) != 1 {
		return fmt.Errorf("there are %d tickets of case %s", len(tickets), caseKey)
	}
	if answer, status := c.call(c.t, "mara", method, "/ticket/"+string(tickets[0].ID)+path, body); status >= 300 || status == 0 {
		return fmt.Errorf("RT answers %d: %s", status, answer)
	}
	return nil
}

func (c colleague) SetStatus(_, caseKey string, s ticket.Status) error {
	return c.does(caseKey, http.MethodPut, "", object{"Status": readWords(Mapping{}).word(s)})
}

func (c colleague) Reply(_, caseKey, text string) error {
	return c.does(caseKey, http.MethodPost, "/correspond", object{"Content": text, "ContentType": "text/plain"})
}

func (c colleague) Note(_, caseKey, text string) error {
	return c.does(caseKey, http.MethodPost, "/comment", object{"Content": text, "ContentType": "text/plain"})
}

// oddities are what the stand-in repeats of RT, and what only a real one can show.
func (s *server) oddities(t *testing.T) {
	r := s.open(t)
	sink := r.Sink.(*Sink)
	c := change(2, "Where is my bag?")
	receipt, err := sink.Push(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ticket4 := "/ticket/" + receipt.Case
	batch, err := sink.Changes(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}

	wrong := New(sink.opts)
	wrong.words = readWords(Mapping{Status: map[ticket.Status]string{ticket.Open: "no-such-status"}})
	if _, err = wrong.Push(t.Context(), c); remote.KindOf(err) != remote.Rejected || !strings.Contains(err.Error(), "no-such-status") {
		t.Errorf("a status that RT does not have: error %v, want rejected, in RT's words", err)
	}
	stranger := New(sink.opts)
	stranger.client.Authorize = func(r *http.Request, _ *oauth2.Token) error { r.Header.Set("Authorization", "token 1-2-3"); return nil }
	if _, err = stranger.Push(t.Context(), c); remote.KindOf(err) != remote.Unauthorized {
		t.Errorf("a token that RT does not know: error %v, want unauthorized", err)
	}
	if _, status := s.call(t, "socialcrm", http.MethodPut, ticket4, object{"Requestor": []string{"nobody-knows"}}); status != 500 {
		t.Errorf("RT answers %d to a requestor that it does not know; the stand-in says 500", status)
	}

	for _, did := range []struct {
		who, method, path string
		body              any
	}{
		{"mara", http.MethodPut, "", object{"Owner": "sam", "Status": "resolved"}},
		{"mara", http.MethodPost, "/correspond", object{"ContentType": "text/html", "Content": "<p>It is <b>on</b> its way.<br/>Zo&euml; &amp; Co</p><ul><li>soon</li></ul>"}},
		{"socialcrm", http.MethodPost, "/comment", object{"ContentType": "text/plain", "Content": "our own"}},
	} {
		if answer, status := s.call(t, did.who, did.method, ticket4+did.path, did.body); status >= 300 {
			t.Fatalf("RT answers %d: %s", status, answer)
		}
	}
	batch, err = sink.Changes(t.Context(), batch.Cursor)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, u := range batch.Updates {
		if u.Case != c.Case.Key {
			continue
		}
		agent := ""
		if u.Agent != nil {
			agent = *u.Agent
		}
		told = append(told, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", u.Actor.Name, u.Status, agent, u.Reply+u.Note)))
	}
	slices.Sort(told) // which of two changes of one call comes first is RT's whim
	want := []string{"Mara   It is on its way.\nZoë & Co\n\n- soon", "Mara  sam", "Mara solved", "The RT System itself open"}
	if strings.Join(told, "|") != strings.Join(want, "|") {
		t.Errorf("the changes tell %q, want %q", told, want)
	}
	if err := sink.Erase(t.Context(), c.Contact.Key, ""); err != nil {
		t.Errorf("erase: %v", err)
	}
}
