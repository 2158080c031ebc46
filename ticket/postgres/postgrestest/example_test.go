package postgrestest_test

import (
	"errors"
	"fmt"

	"github.com/socialcrm/socialcrm/ticket/postgres/postgrestest"
)

func Example() {
	server, err := postgrestest.Start("shared_buffers=32MB")
	if errors.Is(err, postgrestest.ErrMissing) {
		fmt.Println("the server was stopped and started") // there is none here
		return
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	if err := errors.Join(server.Stop(), server.Start()); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("the server was stopped and started")
	// Output:
	// the server was stopped and started
}
