package rt

import (
	"encoding/json"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
)

// classify is what RT's answers mean beyond their status. A redirect comes from what stands before RT (a login page, a move to https), and so does a 404 that is not in
// RT's words; RT has done nothing then.
//
// 500 is left to the status: RT fails so when its database is away, and also on input that it did not expect, then with a part of it done.
func classify(r *remote.Response) *remote.Error {
	switch {
	case r.Status >= 300 && r.Status < 400:
		return &remote.Error{Kind: remote.Unavailable, Message: "RT sends us elsewhere: is Address right, and may our user in?"}
	case r.Status == 404 && !theirs(r.Body):
		return &remote.Error{Kind: remote.Unavailable, Message: "there is no RT: is Address right?"} // or else all that is in RT would be taken for gone
	}
	return nil
}

// theirs reports whether an error is RT's own: those have a message in JSON.
func theirs(body []byte) bool {
	var told struct{ Message string }
	return json.Unmarshal(body, &told) == nil && told.Message != ""
}

// refuses reports whether RT will never take what was sent, as opposed to not now, or not from us.
func refuses(err error) bool {
	e, ok := err.(*remote.Error)
	return ok && e.Kind == remote.Rejected && (e.Status == 0 || e.Status == 400 || e.Status == 413 || e.Status == 422)
}

// said are the messages in which RT tells what became of a change, joined. They are in the language of our user, and so for people only.
func said(body []byte) string {
	var messages []string
	if json.Unmarshal(body, &messages) != nil {
		return ""
	}
	text := ""
	for _, m := range messages {
		if m != "" {
			text += "; " + m
		}
	}
	return crm.Shorten(text, 300)
}

// gone reports whether an error says that what was asked for is not there.
func gone(err error) bool { return err != nil && remote.KindOf(err) == remote.NotFound }
