module kwasm.sh/tools/render

go 1.21
