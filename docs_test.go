package socialcrm_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
)

// block is a fenced block of a document.
type block struct {
	file string
	line int // of its first line
	lang string
	text string
}

// String names the block in a failure, and is fit for a folder.
func (b block) String() string {
	return fmt.Sprintf("%s_%d", strings.ToLower(strings.TrimSuffix(b.file, ".md")), b.line)
}

// isTest reports whether the block is a test file.
func (b block) isTest() bool { return strings.Contains(b.text, "\nfunc Test") }

var packageClause = regexp.MustCompile(`(?m)^package (\w+)$`)

// tests returns the test files that testdata holds for the block's package, such as testdata/helpdesk/kit_test.go: what a document shows is run by them.
func (b block) tests(t *testing.T) []string {
	t.Helper()
	name := packageClause.FindStringSubmatch(b.text)
	if name == nil {
		t.Fatalf("%s:%d: there is no package clause", b.file, b.line)
	}
	files, err := filepath.Glob(filepath.Join("testdata", name[1], "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func blocks(t *testing.T, file, lang string) []block {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []block
	var open *block
	for i, line := range strings.SplitAfter(string(data), "\n") {
		fence, isFence := strings.CutPrefix(strings.TrimRight(line, "\n"), "```")
		switch {
		case open == nil && isFence:
			open = &block{file: file, line: i + 2, lang: fence}
		case open != nil && isFence:
			if open.lang == lang {
				all = append(all, *open)
			}
			open = nil
		case open != nil:
			open.text += line
		}
	}
	if open != nil {
		t.Fatalf("%s:%d: the block is never closed", file, open.line)
	}
	return all
}

// workspace writes blocks into a module of their own, each as a package, in one workspace with this module, and returns its folder.
func workspace(t *testing.T, blocks []block) string {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("go.work", fmt.Sprintf("go 1.26.0\n\nuse .\nuse %q\nuse %q\n", root, filepath.Join(root, "ticket", "sqlite")))
	write("go.mod", "module docs\n\ngo 1.26.0\n")
	for _, b := range blocks {
		name := "doc.go"
		if b.isTest() {
			name = "doc_test.go"
		}
		write(filepath.Join(b.String(), name), fmt.Sprintf("//line %s:%d\n%s", filepath.Join(root, b.file), b.line, b.text))
		for _, file := range b.tests(t) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			write(filepath.Join(b.String(), filepath.Base(file)), fmt.Sprintf("//line %s:1\n%s", filepath.Join(root, file), text))
		}
	}
	return dir
}

// run runs the go command in a folder and returns what it printed; it fails the test when the command fails. Only a folder with a go.work of its own is in a
// workspace.
func run(t *testing.T, dir string, args ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GOWORK=off")
	if work, err := filepath.Abs(filepath.Join(dir, "go.work")); err == nil {
		if _, err := os.Stat(work); err == nil {
			command.Env = append(command.Env, "GOWORK="+work)
		}
	}
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return string(output)
}

func TestDocumentedCodeCompiles(t *testing.T) {
	t.Parallel()
	readme, contributing := blocks(t, "README.md", "go"), blocks(t, "CONTRIBUTING.md", "go")
	if len(readme) == 0 || len(contributing) == 0 {
		t.Fatalf("README.md has %d blocks of Go code and CONTRIBUTING.md %d", len(readme), len(contributing))
	}
	run(t, workspace(t, append(readme, contributing...)), "vet", "./...")
}

func TestDocumentedTestsPass(t *testing.T) {
	t.Parallel()
	var tests []block
	for _, b := range append(blocks(t, "README.md", "go"), blocks(t, "CONTRIBUTING.md", "go")...) {
		if b.isTest() || len(b.tests(t)) > 0 {
			tests = append(tests, b)
		}
	}
	if len(tests) < 5 {
		t.Errorf("the documents have %d packages with tests, want the two of README.md and the three kits of CONTRIBUTING.md", len(tests))
	}
	output := run(t, workspace(t, tests), "test", "-count=1", "./...")
	if n := strings.Count(output, "ok  \t"); n != len(tests) || n == 0 {
		t.Errorf("of %d tests %d ran:\n%s", len(tests), n, output)
	}
}

func TestREADMEShowsQuickstart(t *testing.T) {
	t.Parallel()
	program, err := os.ReadFile("examples/quickstart/main.go")
	if err != nil {
		t.Skipf("the examples are not here: %v", err)
	}
	for _, b := range blocks(t, "README.md", "go") {
		if strings.HasPrefix(b.text, "// Quickstart ") {
			if diff := cmp.Diff(string(program), b.text); diff != "" {
				t.Errorf("README.md:%d is not examples/quickstart/main.go (-program +README):\n%s", b.line, diff)
			}
			return
		}
	}
	t.Error("README.md does not show the quickstart")
}

var tested = regexp.MustCompile(`(?m)^ok  \tgithub.com/socialcrm/socialcrm(\S*)\t`)

func TestREADMEShowsWhatIsPrinted(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("examples"); err != nil {
		t.Skipf("the examples are not here: %v", err)
	}
	seen := make(map[string]bool)
	for _, b := range blocks(t, "README.md", "console") {
		command, want, _ := strings.Cut(b.text, "\n")
		seen[command] = true
		switch command {
		case "$ go run ./examples/quickstart":
			got := run(t, "examples", "run", "./quickstart")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("README.md:%d is not what the quickstart prints (-README +printed):\n%s", b.line, diff)
			}
		case "$ go test work": // times differ
			var shown []string
			for _, p := range tested.FindAllStringSubmatch(want, -1) {
				shown = append(shown, p[1])
				if files, err := filepath.Glob("." + p[1] + "/*_test.go"); err != nil || len(files) == 0 {
					t.Errorf("README.md:%d shows package .%s, where there are no tests", b.line, p[1])
				}
			}
			const module = "github.com/socialcrm/socialcrm"
			all := run(t, ".", "list", "-f", "{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}", "./...")
			for name := range strings.FieldsSeq(all) {
				if !slices.Contains(shown, strings.TrimPrefix(name, module)) {
					t.Errorf("README.md:%d does not show package %s", b.line, name)
				}
			}
		}
	}
	for _, command := range []string{"$ go run ./examples/quickstart", "$ go test work"} {
		if !seen[command] {
			t.Errorf("README.md does not show %q", command)
		}
	}
}

var verb = regexp.MustCompile("`([A-Z][A-Za-z]+)`")

// What people do is what takes a By.
func TestREADMEListsTheVerbs(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(data), "\n## What people do\n")
	section, _, _ = strings.Cut(section, "\n\n`")
	listed := make(map[string]bool)
	for _, name := range verb.FindAllStringSubmatch(section, -1) {
		listed[name[1]] = true
	}
	desk, by := reflect.TypeFor[*socialcrm.Desk](), reflect.TypeFor[socialcrm.By]()
	for method := range desk.Methods() {
		takesBy := false
		for in := range method.Type.Ins() {
			takesBy = takesBy || in == by
		}
		if takesBy != listed[method.Name] {
			t.Errorf("README.md, What people do: that it lists %s is %t, that Desk.%s takes a By is %t", method.Name, listed[method.Name], method.Name, takesBy)
		}
		delete(listed, method.Name)
	}
	for name := range listed {
		t.Errorf("README.md, What people do: there is no Desk.%s", name)
	}
}

var floor = regexp.MustCompile("(?m)^\\| (\\d) \\| `([a-z/]+)` \\|")

func TestRoomsImportLowerFloorsOnly(t *testing.T) {
	t.Parallel()
	const module = "github.com/socialcrm/socialcrm"
	data, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	floors, found := make(map[string]string), 0
	for _, row := range floor.FindAllStringSubmatch(string(data), -1) {
		name := module
		if row[2] != "socialcrm" {
			name += "/" + row[2]
		}
		floors[name] = row[1]
	}
	for line := range strings.Lines(run(t, ".", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")) {
		names := strings.Fields(line)
		own, known := floors[names[0]]
		if !known {
			t.Errorf("ARCHITECTURE.md has no floor for %s", names[0])
		}
		for _, imported := range names[1:] {
			if strings.HasPrefix(imported, module) && floors[imported] >= own {
				t.Errorf("%s on floor %s imports %s on floor %s", names[0], own, imported, floors[imported])
			}
		}
		found++
	}
	if found != len(floors) {
		t.Errorf("ARCHITECTURE.md names %d packages, the module has %d", len(floors), found)
	}
}
