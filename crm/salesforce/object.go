package salesforce

import "github.com/socialcrm/socialcrm/ticket"

// The org has these fields. Keys are text of 40 characters, External ID and Unique: without Unique, two writers at once may make two records.
const (
	apiPath       = "/services/data/v60.0"
	compositePath = apiPath + "/composite"

	contactObject     = "Contact"
	caseObject        = "Case"
	interactionObject = "Social_Interaction__c"

	keyField = "Social_Key__c" // on all three

	// mergedField and parentField are plain text: the record they name may come later, or never, and must not hold this one up.
	mergedField = "Social_Merged_Into__c"
	parentField = "Social_Parent__c"
)

// Lengths of fields, in UTF-16 units as Salesforce counts.
const (
	maxName     = 80
	maxSubject  = 255
	maxText     = 131_072 // long text area
	maxShort    = 255
	maxPhone    = 40
	maxEmail    = 80
	maxProfiles = 32_768
)

// caseStatus is Case.Status, of which every org has New and Closed; Social_Status__c holds our own word.
func caseStatus(s ticket.Status) string {
	switch {
	case s == ticket.New:
		return "New"
	case s.Done():
		return "Closed"
	}
	return "Working"
}

// casePriority is Case.Priority in the words that every org has.
func casePriority(p ticket.Priority) string {
	switch {
	case p >= ticket.High:
		return "High"
	case p <= ticket.Low:
		return "Low"
	}
	return "Medium"
}
