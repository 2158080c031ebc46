package salesforce

import "github.com/socialcrm/socialcrm/ticket"

// The org has the fields that metadata declares. Keys are text of 40 characters, External ID and Unique: without Unique, two writers at once may make two records.
const (
	apiPath       = "/services/data/v60.0"
	compositePath = apiPath + "/composite"
	queryPath     = apiPath + "/query"

	caseObject        = "Case"
	interactionObject = "Social_Interaction__c"
	leadObject        = "Lead"
	commentObject     = "CaseComment"

	keyField = "Social_Key__c" // on the customer, the case, the interaction and the lead

	// mergedField and parentField are plain text: the record they name may come later, or never, and must not hold this one up.
	mergedField = "Social_Merged_Into__c"
	parentField = "Social_Parent__c"
)

// Lengths of fields, in UTF-16 units as Salesforce counts.
const (
	maxKey         = 40
	maxName        = 80
	maxCompany     = 255
	maxSubject     = 255
	maxText        = 131_072 // long text area
	maxShort       = 255
	maxPhone       = 40
	maxEmail       = 80
	maxProfiles    = 32_768
	maxDescription = 32_000
)

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
