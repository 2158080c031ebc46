// Package openapitest holds the requests of package mastodon against the OpenAPI description of Mastodon's API. It has tests only, and is a module of its own so that nobody else
// needs a reader of OpenAPI. The description is not part of this project: the test looks for it beside the checkout, or where MASTODON_OPENAPI says.
package openapitest
