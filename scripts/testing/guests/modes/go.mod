module kwasm.sh/testing/modes

go 1.20
