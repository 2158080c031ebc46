package salesforce

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf16"
)

// field is a field of the org.
type field struct {
	Type       string `xml:"type"` // Text, LongTextArea, Checkbox, DateTime, Email, ID, Bytes (text that is counted in bytes)
	Name       string `xml:"fullName"`
	Length     int    `xml:"length"`
	ExternalID bool   `xml:"externalId"`
	Unique     bool   `xml:"unique"`
	Parent     string `xml:"referenceTo"`
	custom     bool
}

// schema is what fields the org has: the custom ones of the directory metadata, the standard ones, and some that a host has added.
var schema = sync.OnceValue(func() map[string]map[string]field {
	text := func(length int) field { return field{Type: "Text", Length: length} }
	email, id := field{Type: "Email", Length: 80}, field{Type: "ID", Length: 18}
	host := map[string]field{"Facebook_Profile__c": text(255), "Mastodon_Profile__c": text(255), "Tier__c": text(20), "Segment__c": text(20), "OwnerId": id, "Name": text(121)}
	all := map[string]map[string]field{
		"Contact":     {"LastName": text(80), "Email": email, "Phone": text(40), "MobilePhone": text(40)},
		"Account":     {"LastName": text(80), "PersonEmail": email, "Phone": text(40), "PersonMobilePhone": text(40), "RecordTypeId": id, "IsPersonAccount": {Type: "Checkbox"}},
		caseObject:    {"Subject": text(255), "Status": text(255), "Priority": text(255), "Origin": text(255), "OwnerId": id, "Order_Number__c": text(10), "Score__c": {Type: "Number"}},
		leadObject:    {"LastName": text(80), "Company": text(255), "Email": email, "Phone": text(40), "Description": {Type: "LongTextArea", Length: 32_000}},
		commentObject: {"CommentBody": {Type: "Bytes", Length: 4000}, "IsPublished": {Type: "Checkbox"}},
	}
	for _, object := range []string{"Contact", "Account"} {
		for name, f := range host {
			all[object][name] = f
		}
	}
	for _, file := range metadataFiles("*/objects/*.object") {
		object := strings.TrimSuffix(filepath.Base(file), ".object")
		if all[object] == nil {
			all[object] = make(map[string]field)
		}
		var declared struct {
			Fields []field `xml:"fields"`
		}
		readMetadata(file, &declared)
		for _, f := range declared.Fields {
			f.custom = true
			all[object][f.Name] = f
		}
	}
	for object := range all {
		for _, name := range []string{"Id", "CreatedById", "LastModifiedById"} {
			all[object][name] = id
		}
		all[object]["SystemModstamp"] = field{Type: "DateTime"}
	}
	return all
})

func metadataFiles(pattern string) []string {
	files, err := filepath.Glob("metadata/" + pattern)
	if err != nil || len(files) == 0 {
		panic(fmt.Sprintf("no metadata %s: %v", pattern, err))
	}
	return files
}

func readMetadata(file string, into any) {
	data, err := os.ReadFile(file)
	if err == nil {
		err = xml.Unmarshal(data, into)
	}
	if err != nil {
		panic(fmt.Sprintf("%s: %v", file, err))
	}
}

// refuse says what Salesforce has against a value.
func (f field) refuse(name string, value any) *failed {
	text, isText := value.(string)
	_, isBool := value.(bool)
	_, isNumber := value.(float64)
	length := len(utf16.Encode([]rune(text)))
	if f.Type == "Bytes" {
		length = len(text)
	}
	switch {
	case f.Type == "Checkbox" && isBool, f.Type == "Number" && isNumber:
	case value == nil && f.Type != "Checkbox":
	case !isText || f.Type == "Checkbox":
		return &failed{400, "JSON_PARSER_ERROR", fmt.Sprintf("%s: cannot be %v", name, value)}
	case f.Type == "DateTime":
		if _, err := time.Parse(stampLayout, text); err != nil {
			return &failed{400, "JSON_PARSER_ERROR", "Cannot deserialize instance of datetime from " + text}
		}
	case f.Type == "ID":
		if !isID(longID(text)) {
			return &failed{400, "MALFORMED_ID", name + ": id value of incorrect type: " + text}
		}
	case length > f.Length:
		return &failed{400, "STRING_TOO_LONG", fmt.Sprintf("%s: data value too large (max length=%d)", name, f.Length)}
	case f.Type == "Email" && !strings.Contains(text, "@"):
		return &failed{400, "INVALID_EMAIL_ADDRESS", name + ": invalid email address: " + text}
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }):
		return &failed{400, "JSON_PARSER_ERROR", "Illegal character in " + name}
	}
	return nil
}
