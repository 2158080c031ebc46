package facebook

import (
	"strconv"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/meta"
)

// attachment is what hangs on a Messenger message. Kinds that nobody has heard of yet pass through under their own name.
type attachment struct {
	Type    string `json:"type"`
	Title   string `json:"title"`
	URL     string `json:"url"`
	Payload struct {
		URL         string  `json:"url"`
		Title       string  `json:"title"`
		Sticker     meta.ID `json:"sticker_id"`
		Coordinates *struct {
			Lat  float64 `json:"lat"`
			Long float64 `json:"long"`
		} `json:"coordinates"`
	} `json:"payload"`
}

// attachments keeps the platform's order. A sticker comes as type "image", as type "sticker", or as both beside each other: it is one attachment.
func attachments(list []attachment) []channel.Attachment {
	if len(list) == 0 {
		return nil
	}
	out := make([]channel.Attachment, 0, len(list))
	var stickers map[string]int // where in out
	for _, in := range list {
		a := channel.Attachment{Type: in.Type, URL: in.Payload.URL, Name: in.Title}
		if a.URL == "" {
			a.URL = in.URL
		}
		if a.Name == "" {
			a.Name = in.Payload.Title
		}
		switch {
		case in.Payload.Sticker != "" || in.Type == "sticker":
			a.Type = "sticker"
			key := string(in.Payload.Sticker)
			if key == "" {
				key = a.URL
			}
			if at, seen := stickers[key]; seen {
				if out[at].URL == "" {
					out[at].URL = a.URL
				}
				continue
			}
			if stickers == nil {
				stickers = make(map[string]int)
			}
			stickers[key] = len(out)
		case in.Type == "fallback": // Meta's word for a link that it shows a preview of
			a.Type = "link"
		}
		if c := in.Payload.Coordinates; c != nil {
			a.Description = strconv.FormatFloat(c.Lat, 'f', -1, 64) + "," + strconv.FormatFloat(c.Long, 'f', -1, 64)
		}
		out = append(out, a)
	}
	return out
}
