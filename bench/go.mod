module github.com/socialcrm/socialcrm/bench

go 1.26.0

require (
	github.com/BobuSumisu/aho-corasick v1.0.3
	github.com/rickar/cal/v2 v2.1.13
	github.com/socialcrm/socialcrm v0.0.0
	golang.org/x/text v0.43.0
	golang.org/x/time v0.16.0
)

require golang.org/x/oauth2 v0.37.0 // indirect

replace github.com/socialcrm/socialcrm => ../
