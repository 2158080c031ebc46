// Package bench measures parts of socialcrm beside what a program would use instead, in one run and on the same work. Its tests see to it that both sides give
// the same answers, so that no time is won by doing less.
//
//	go test -bench . -short -count 10 ./bench | tee new.txt
//	bin/benchstat -col /by new.txt
//
// The speed of the durable Stores, each a figure of its own; a measure whose PostgreSQL or pgbench is not installed says so and is skipped. Let nothing else run
// meanwhile: what is compared shares the processors.
//
//	go test -run none -bench 'DurableIngest$' -benchtime 3x ./bench         # SQLite beside its own statements
//	go test -run none -bench DurableIngestPostgres -benchtime 3x ./bench    # PostgreSQL beside its own statements
//	go test -run none -bench Webhook -benchtime 5x -cpuprofile cpu.out ./bench # signed webhooks over HTTP beside pgbench
//	go test -run none -bench AmongMillion/postgres -benchtime 5x ./bench    # among 10,000 and 1,000,000 tickets
//	go test -run none -bench AmongMillion/sqlite -benchtime 5x ./bench      # the same; making them takes some minutes
//	go test -run none -bench Tasks -benchtime 3x ./bench                    # claim and finish beside River
//	go test -run none -bench Claim -benchtime 1000x ./ticket/postgres       # claim among 1,000 and 1,000,000 waiting tasks
//	go test -run none -bench Claim/free -benchtime 1000x ./ticket/sqlite
//	go test -run none -bench IdleDesks -benchtime 1x ./bench                # what 1,000 Desks ask that have nothing to do
package bench
