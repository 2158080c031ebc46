package mastodon

import (
	"bytes"
	"context"
	"fmt"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// uploads remembers what was uploaded for a post that is not out yet, so that a Send which comes back goes on. It is a convenience: who forgets uploads again. The zero
// value is ready.
type uploads struct {
	mu    sync.Mutex
	posts map[string]*upload
}

// upload is what was uploaded for one post: an ID for each attachment, empty where that is still to be done.
type upload struct {
	begun time.Time
	ids   []string
	ready []bool
}

// remembered is how long an upload is remembered, and mostRemembered how many posts' at most.
const (
	remembered     = 24 * time.Hour
	mostRemembered = 1000
)

// of returns the upload of a post as it stands.
func (u *uploads) of(key string, attachments int, now time.Time) upload {
	u.mu.Lock()
	defer u.mu.Unlock()
	known := u.posts[key]
	if known == nil || len(known.ids) != attachments {
		return upload{begun: now, ids: make([]string, attachments), ready: make([]bool, attachments)}
	}
	return upload{known.begun, append([]string(nil), known.ids...), append([]bool(nil), known.ready...)}
}

// keep remembers how far the upload of a post has got.
func (u *uploads) keep(key string, up upload, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.posts == nil {
		u.posts = map[string]*upload{}
	}
	for k, old := range u.posts {
		if now.Sub(old.begun) > remembered || len(u.posts) >= mostRemembered && k != key {
			delete(u.posts, k)
		}
	}
	u.posts[key] = &upload{up.begun, append([]string(nil), up.ids...), append([]bool(nil), up.ready...)}
}

func (u *uploads) forget(key string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.posts, key)
}

// attach uploads what is not uploaded yet and returns the IDs once the server has processed all of it.
func (c *Channel) attach(ctx context.Context, out channel.Outgoing) ([]string, error) {
	if len(out.Attachments) == 0 {
		return nil, nil
	}
	up := c.uploads.of(out.Key, len(out.Attachments), c.now())
	waiting := false
	for i, a := range out.Attachments {
		var err error
		switch {
		case up.ready[i]:
			continue
		case up.ids[i] != "":
			up.ready[i], err = c.processed(ctx, i, up.ids[i])
		}
		if up.ids[i] == "" || err != nil && remote.KindOf(err) == remote.NotFound { // not there yet, or thrown away by the server
			up.ids[i], up.ready[i], err = c.upload(ctx, i, a)
		}
		if err != nil && !remote.KindOf(err).Temporary() {
			up.ids[i] = ""
		}
		c.uploads.keep(out.Key, up, c.now())
		if err != nil {
			return nil, err
		}
		waiting = waiting || !up.ready[i]
	}
	if waiting {
		// Twice as long each time: a picture takes seconds, a video minutes.
		now := c.now()
		return nil, &remote.Error{
			Op: Platform + ": post reply to " + out.InReplyTo, Kind: remote.Unavailable, RetryAt: now.Add(max(now.Sub(up.begun), notReady)),
			Message: "the server is still processing an attachment",
		}
	}
	return up.ids, nil
}

// upload downloads an attachment and uploads it to the server.
func (c *Channel) upload(ctx context.Context, i int, a channel.Attachment) (id string, ready bool, err error) {
	op := "upload attachment " + strconv.Itoa(i+1)
	file, err := c.fetcher.Fetch(ctx, a.URL)
	if err != nil {
		return "", false, err
	}
	kind, _, err := mime.ParseMediaType(file.Header.Get("Content-Type"))
	if a.MediaType != "" || err != nil || kind == "application/octet-stream" {
		kind = a.MediaType
	}
	if kind == "" {
		kind = http.DetectContentType(file.Body)
	}
	s := c.limits()
	limit := s.videoBytes
	if strings.HasPrefix(kind, "image/") {
		limit = s.imageBytes
	}
	if n := int64(len(file.Body)); n > limit {
		return "", false, c.refuse(op, fmt.Sprintf("%s of %d bytes, the limit is %d", kind, n, limit))
	}
	body, contentType, err := form(a, kind, file.Body, s.maxAlt)
	if err != nil {
		return "", false, c.refuse(op, err.Error())
	}
	uploader := c.client
	uploader.MaxRequest = int64(len(body))
	uploader.Timeout = 2 * time.Minute
	var made media
	// A copy that nobody posts is thrown away by the server, so asking again does no harm.
	answer, err := uploader.Do(ctx, remote.Request{Op: op, Path: "/api/v2/media", Body: body, ContentType: contentType, Into: &made, Idempotent: true})
	if err != nil {
		return "", false, err
	}
	if made.ID == "" {
		return "", false, &remote.Error{Op: Platform + ": " + op, Kind: remote.Unavailable, Status: answer.Status, Message: "the answer names no attachment"}
	}
	return made.ID, answer.Status != http.StatusAccepted, nil
}

// processed asks whether the server is done with an attachment.
func (c *Channel) processed(ctx context.Context, i int, id string) (bool, error) {
	answer, err := c.client.Do(ctx, remote.Request{Op: "ask for attachment " + strconv.Itoa(i+1), Path: remote.Path("api", "v1", "media", id)})
	if err != nil {
		return false, err
	}
	return answer.Status != http.StatusPartialContent, nil
}

// form makes the multipart body of an upload.
func form(a channel.Attachment, mediaType string, file []byte, maxAlt int) (body []byte, contentType string, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if description := []rune(strings.TrimSpace(a.Description)); len(description) > 0 {
		if len(description) > maxAlt {
			description = append(description[:maxAlt-1], '…')
		}
		if err := w.WriteField("description", string(description)); err != nil {
			return nil, "", err
		}
	}
	name := a.Name
	if name == "" {
		name = path.Base("/" + a.URL)
		if q := strings.IndexAny(name, "?#"); q >= 0 {
			name = name[:q] // a query is often a key
		}
	}
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {mime.FormatMediaType("form-data", map[string]string{"name": "file", "filename": fileName(name)})},
		"Content-Type":        {mediaType},
	})
	if err != nil {
		return nil, "", err
	}
	if _, err := part.Write(file); err != nil {
		return nil, "", err
	}
	if err := w.Close(); err != nil {
		return nil, "", err
	}
	return b.Bytes(), w.FormDataContentType(), nil
}

// fileName keeps of a name what every server understands.
func fileName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < 0x80 && (isAlnum(byte(r)) || strings.ContainsRune("._-", r)) {
			return r
		}
		return '_'
	}, name)
	if strings.Trim(name, "._") == "" {
		return "attachment"
	}
	return name[max(0, len(name)-100):]
}
