package crmtest

// Field is a set of what a Change tells and a CRM may have no place for. Whatever is not named here, every CRM holds.
type Field uint16

const (
	FieldEmails      Field = 1 << iota // crm.Contact.Emails, the first at least
	FieldPhones                        // crm.Contact.Phones, the first at least
	FieldIdentities                    // crm.Contact.Identities: of each the platform, and the author's ID, URL or Handle
	FieldPriority                      // crm.Case.Priority; Urgent may be High
	FieldAccount                       // crm.Case.Account
	FieldLane                          // crm.Case.Lane
	FieldTeam                          // crm.Case.Team
	FieldTags                          // crm.Case.Tags
	FieldPrivate                       // Private, of cases and interactions
	FieldAuthor                        // crm.Interaction.Author: ID, URL or Handle
	FieldActor                         // crm.Interaction.Actor: its ID
	FieldAttachments                   // crm.Interaction.Attachments: their addresses
	FieldState                         // crm.Interaction.State
	FieldRelated                       // crm.Case.Related, in any order

	// AllFields is for a CRM that keeps no more than it must.
	AllFields Field = 1<<iota - 1
)

// keeps reports whether the CRM has a place for the field.
func (f Features) keeps(field Field) bool { return f.Lacks&field == 0 }
