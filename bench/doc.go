// Package bench measures parts of socialcrm beside what a program would use instead, in one run and on the same work. Its tests see to it that both sides give
// the same answers, so that no time is won by doing less.
//
//	go test -bench . -count 10 ./bench | tee new.txt
//	bin/benchstat -col /by new.txt
package bench
