module kwasm.sh/tools/stand-in

go 1.24
