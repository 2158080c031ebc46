package salesforce

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/ticket"
)

// declared are the custom fields of a package of metadata, "Object.Field".
func declared(dir string) map[string]field {
	all := make(map[string]field)
	for _, file := range metadataFiles(dir + "/objects/*.object") {
		var object struct {
			Fields []field `xml:"fields"`
		}
		readMetadata(file, &object)
		for _, f := range object.Fields {
			all[strings.TrimSuffix(filepath.Base(file), ".object")+"."+f.Name] = f
		}
	}
	return all
}

var packages = []string{"base", "contact", "person-account"}

// The stand-in refuses every field that is not declared; so what is left to show is that none is declared in vain.
func TestMetadataDeclaresNoFieldInVain(t *testing.T) {
	t.Parallel()
	unused := make(map[string]field)
	for _, dir := range packages {
		maps.Copy(unused, declared(dir))
	}
	for _, persons := range []bool{false, true} {
		m := mapping()
		m.PersonAccounts = persons
		o, sink := openWith(t, Options{Mapping: m, MirrorComments: true})
		do := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		c := change(2, "Where is my bag?")
		c.Contact.Language = "en"
		_, err := sink.Push(t.Context(), c)
		do(err)
		_, err = sink.PushLead(t.Context(), crm.Lead{Key: "lead-1", Contact: *c.Contact, Title: "Bags"})
		do(err)
		batch, err := sink.Changes(t.Context(), "")
		do(err)
		_, err = sink.Changes(t.Context(), batch.Cursor)
		do(err)
		do(sink.Erase(t.Context(), "contact-1", ""))
		for name := range o.used {
			delete(unused, name)
		}
	}
	if len(unused) > 0 {
		t.Errorf("declared and never used: %s", slices.Sorted(maps.Keys(unused)))
	}
}

func TestMetadataMakesKeysUnique(t *testing.T) {
	t.Parallel()
	keys := 0
	for _, dir := range packages {
		for name, f := range declared(dir) {
			if !strings.HasSuffix(name, "."+keyField) {
				continue
			}
			keys++
			if f.Type != "Text" || f.Length != 40 || !f.ExternalID || !f.Unique {
				t.Errorf("%s is %+v, want a unique external ID of 40 characters", name, f)
			}
		}
	}
	if keys != 5 {
		t.Errorf("%d keys, want those of Contact, Account, Case, Lead and %s", keys, interactionObject)
	}
}

// A field that came by deployment is seen by nobody before a permission set says so.
func TestMetadataGivesTheIntegrationUserEveryField(t *testing.T) {
	t.Parallel()
	for _, dir := range packages {
		granted := make(map[string]bool)
		for _, file := range metadataFiles(dir + "/permissionsets/*.permissionset") {
			var set struct {
				Fields []struct {
					Name     string `xml:"field"`
					Editable bool   `xml:"editable"`
					Readable bool   `xml:"readable"`
				} `xml:"fieldPermissions"`
			}
			readMetadata(file, &set)
			for _, f := range set.Fields {
				granted[f.Name] = granted[f.Name] || f.Editable && f.Readable
			}
		}
		for name, f := range declared(dir) {
			if _, ok := granted[name]; f.Type == "MasterDetail" {
				if ok {
					t.Errorf("%s: Salesforce refuses a permission for %s, which a record must have", dir, name)
				}
				continue
			}
			if !granted[name] {
				t.Errorf("%s: no permission set lets anybody write %s", dir, name)
			}
			delete(granted, name)
		}
		for name := range granted {
			if !strings.HasSuffix(name, ".Social_Case__c") {
				t.Errorf("%s: a permission for %s, which is not declared", dir, name)
			}
		}
	}
}

// A package deploys what its package.xml names.
func TestMetadataNamesAllThatItHolds(t *testing.T) {
	t.Parallel()
	for _, dir := range packages {
		var manifest struct {
			Types []struct {
				Members []string `xml:"members"`
				Name    string   `xml:"name"`
			} `xml:"types"`
			Version string `xml:"version"`
		}
		readMetadata("metadata/"+dir+"/package.xml", &manifest)
		got := make(map[string][]string)
		for _, types := range manifest.Types {
			got[types.Name] = slices.Sorted(slices.Values(types.Members))
		}
		want := make(map[string][]string)
		for name := range declared(dir) {
			object, _, _ := strings.Cut(name, ".")
			kind := "CustomField"
			if strings.HasSuffix(object, "__c") {
				kind, name = "CustomObject", object
			}
			if !slices.Contains(want[kind], name) {
				want[kind] = append(want[kind], name)
			}
		}
		for _, file := range metadataFiles(dir + "/permissionsets/*.permissionset") {
			want["PermissionSet"] = append(want["PermissionSet"], strings.TrimSuffix(filepath.Base(file), ".permissionset"))
		}
		for _, members := range want {
			slices.Sort(members)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s/package.xml (-want +got):\n%s", dir, diff)
		}
		if version := "/services/data/v" + manifest.Version; version != apiPath {
			t.Errorf("%s/package.xml is of version %s, the calls are to %s", dir, manifest.Version, apiPath)
		}
	}
}

// A status that the host maps is one that the org must know; the words that are not mapped, every org has.
func TestMappingReadsWhatItWrites(t *testing.T) {
	t.Parallel()
	w := readWords(mapping())
	for status, want := range map[ticket.Status]ticket.Status{
		ticket.New: ticket.New, ticket.Open: ticket.Open, ticket.Pending: ticket.Pending, ticket.OnHold: ticket.OnHold, ticket.Solved: ticket.Solved, ticket.Closed: ticket.Solved,
	} {
		if got := w.status[w.caseStatus(status)]; got != want {
			t.Errorf("%s is written as %q, which is read as %q, want %q", status, w.caseStatus(status), got, want)
		}
	}
	for _, agent := range []string{"jo", "sam", ""} {
		if got, known := w.agent(w.owner(agent)); got != agent || !known {
			t.Errorf("the cases of %q belong to %s, which is read as %q (%v)", agent, w.owner(agent), got, known)
		}
	}
	if _, known := w.agent(us); known {
		t.Error("our own user stands for an agent")
	}
}
